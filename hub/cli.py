"""What a person can tell Anling to do: `./anling COMMAND`."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer

from extension.simulation import Simulation
from hub.commands import accounts, alarms, backup, clock, devices, ledger, outside_watch, roster, seniors
from hub.commands.terminal import exit_with_error, exit_with_setting_errors, print_line, read_settings_or_exit, screen
from hub.embedded import children, data_folder, environment, importing, logins, mosquitto, start, systemd
from hub.embedded.data_folder import NoDataFolder
from hub.embedded.importing import Imported
from hub.embedded.lan import NoNetwork
from hub.embedded.mosquitto import NoMosquitto
from hub.embedded.place import CannotStart
from hub.embedded.ports import PortTaken
from hub.embedded.postgres import PostgresRefused
from hub.embedded.processes import AlreadyRunning
from hub.embedded.screen import Screen
from hub.embedded.simulation import load_simulations
from hub.embedded.supervised import NotReady
from hub.importing.existing_centre import find_contradiction
from hub.importing.file import read_centre_file
from hub.importing.model import CannotLoad
from hub.importing.parts import CentreFile
from hub.kit import log as logs
from hub.kit.clock import clock_from
from hub.kit.db import Login, describe_outage, forget_libpq_environment
from hub.kit.migrate import MigrationRefused
from hub.kit.mistakes.model import BadInput
from hub.kit.urls import format_url_host
from hub.mqtt.mosquitto import HubListener, Listening, MosquittoAccount
from hub.settings import BrokerChoice, Settings, find_blocking_settings

BrokerOption = Annotated[
    BrokerChoice | None,
    typer.Option("--broker", help="Who serves the devices: the hub itself, or a Mosquitto started here."),
]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def anling() -> None:
    """Anling: the hub of an elder day-care centre."""
    forget_libpq_environment()


def _add_simulation(name: str, simulation: Simulation) -> None:
    """A command for a simulated centre that is installed."""

    @app.command(name, help=simulation.summary)
    def run_simulation(
        *,
        on_lan: Annotated[
            bool, typer.Option("--lan", help=f"Let phones on the local network in: plain HTTP, {name} data only.")
        ] = False,
        broker: BrokerOption = None,
    ) -> None:
        settings = read_settings_or_exit(simulation=name, lan=on_lan, broker=broker)
        if on_lan:
            _exit_unless_lan_ready(settings)
        if settings.mqtt_url is not None:
            exit_with_error(
                "ANLING_MQTT_URL names a broker, and the simulated devices come to this one: leave it out of the "
                f"{name}"
            )
        if "data_dir" not in settings.model_fields_set:
            settings = settings.model_copy(update={"data_dir": simulation.data_dir})
        if on_lan:
            settings = settings.model_copy(update={"http_host": "0.0.0.0"})  # noqa: S104 - what --lan asks for
        _serve_plan(settings)


for _name, _simulation in load_simulations().items():
    _add_simulation(_name, _simulation)


def _exit_unless_lan_ready(settings: Settings) -> None:
    """What the local network cannot be served with."""
    if settings.public_url is not None:
        exit_with_error(
            f"ANLING_PUBLIC_URL={settings.public_url!r}: --lan finds this machine's address itself: leave it out; "
            "ANLING_MEDIA_HOSTS names another one"
        )
    if settings.tls_cert is not None:
        exit_with_error("ANLING_TLS_CERT and ANLING_TLS_KEY: --lan speaks plain HTTP: leave them out")


@app.command()
def run(broker: BrokerOption = None) -> None:
    """Run the hub of a real centre, with the database and broker that the ANLING_ variables name, or its own."""
    settings = read_settings_or_exit(broker=broker)
    if problems := find_blocking_settings(settings):
        exit_with_setting_errors(problems)
    _serve_plan(settings)


@app.command("import")
def import_centre(
    file: Annotated[Path, typer.Argument(help="The centre's file, such as centre.yaml.")],
) -> None:
    """Bring a centre's file into the database: all of it or nothing; the same file twice changes nothing."""
    settings = read_settings_or_exit()
    centre = _read_centre(file)
    try:
        imported = asyncio.run(_import_centre(settings, centre))
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (AlreadyRunning, CannotLoad, MigrationRefused, NoDataFolder, PostgresRefused) as error:
        exit_with_error(str(error))
    _show_imported(settings, imported)
    if why := importing.explain_unreachable_responders(centre, has_mailserver=settings.smtp_url is not None):
        print_line(f"\n{why}")
    if why := importing.explain_webhooks_not_sent(centre, settings.webhook_hosts):
        print_line(f"\n{why}")


def _read_centre(file: Path) -> CentreFile:
    """What is in the file, before anything is made or asked for it."""
    try:
        return read_centre_file(file)
    except OSError as error:
        exit_with_error(f"{file} cannot be read: {error.strerror}")
    except BadInput as bad:
        exit_with_error("\n".join(bad.lines))


async def _import_centre(settings: Settings, centre: CentreFile) -> Imported:
    data_dir = settings.data_dir.absolute()
    async with _open_database_beside(data_dir, settings) as url:
        return await importing.import_real(url, data_dir, centre, clock_from(settings.clock_file).now())


def _show_imported(settings: Settings, imported: Imported) -> None:
    """What is nowhere else: the links of those who are new. Passwords of devices are in a file."""
    print_line(
        f"{imported.centre_id} is imported. {imported.new_devices} new devices, passwords in {imported.devices_file}"
    )
    print_line(f"Messages to the organisation are signed with {imported.webhook_file}")
    if imported.invitations:
        print_line(
            "\nNew people, each with a link that works once, for a week (a family member's asks for her phone number):"
        )
    for account_id, token in imported.invitations.items():
        page = "/family#i/" if account_id in imported.families else "/#i/"
        print_line(f"  {account_id}: {settings.origin}{page}{token}")


@app.command("alarm-path")
def alarm_path() -> None:
    """Run the alarm path alone, on a database that `set-up` has made ready: what a container runs."""
    _become_process("hub.processes.alarm_path", children.ALARM_PATH_LOGINS)


@app.command()
def telemetry() -> None:
    """Run telemetry alone: readings, and the centre's rules; what a container runs."""
    _become_process("hub.processes.telemetry", children.TELEMETRY_LOGINS)


@app.command()
def pages() -> None:
    """Run the pages alone; what a container runs."""
    _become_process("hub.processes.pages", children.PAGES_LOGINS)


def _become_process(module: str, own: Collection[Login]) -> NoReturn:
    """Be a process of the hub, which is told its own logins and no others."""
    settings = read_settings_or_exit()
    if settings.database_url is None:
        exit_with_error("ANLING_DATABASE_URL is not set: it says where the database is")
    databases = logins.load_login_urls(settings.database_url, settings.data_dir.absolute())
    if databases is None:
        exit_with_error(
            f"{settings.data_dir.absolute()} holds no passwords of the database's logins: run anling set-up first"
        )
    _replace_process(module, environment=environment.hub_environment(logins.told_to(settings, databases, *own)))


@app.command("set-up")
def set_up() -> None:
    """Make logins and tables in the database that ANLING_DATABASE_URL names, as the account that it names."""
    settings = read_settings_or_exit()
    if settings.database_url is None:
        exit_with_error("ANLING_DATABASE_URL is not set: it names the database and an account that may make others")
    data_dir = settings.data_dir.absolute()
    try:
        with data_folder.open_data_folder(data_dir):
            asyncio.run(logins.set_up(settings.database_url, data_dir))
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (MigrationRefused, NoDataFolder) as error:
        exit_with_error(str(error))
    print_line(f"The database is ready; the passwords of its logins are in {data_dir / 'secrets'}")


@app.command()
def media() -> None:
    """Run the media process alone: what a container runs."""
    settings = read_settings_or_exit()
    socket = settings.media_socket_path.absolute()
    hosts = ",".join(settings.media_hosts)
    _replace_process(
        "hub.video.media", "--socket", str(socket), "--hosts", hosts, environment=environment.common_environment()
    )


@app.command()
def service(
    *,
    user: Annotated[str, typer.Option(help="The account that the hub runs as; it owns the data folder.")] = "anling",
    environment_file: Annotated[
        Path, typer.Option(help="A file with ANLING_ variables, a line each; it may hold passwords: mode 0600.")
    ] = Path("/etc/anling/anling.env"),
    write: Annotated[
        Path | None, typer.Option(help="The folder to write the unit into, such as /etc/systemd/system.")
    ] = None,
) -> None:
    """Print or write the systemd unit that runs the hub on this machine; docs/operation.md says how."""
    settings = read_settings_or_exit()
    ports = [port for port in (settings.http_port, settings.mqtt_port) if port]
    wanted = systemd.HubService(
        program=systemd.hub_program(),
        user=user,
        data_dir=settings.data_dir.absolute(),
        environment_file=environment_file,
        least_port=min(ports, default=systemd.LEAST_PORT_FOR_ALL),
    )
    try:
        unit = systemd.write_hub_unit(wanted)
        if write is None:
            print_line(unit.rstrip())
        else:
            (write / systemd.UNIT).write_text(unit, encoding="utf-8")
            print_line(
                f"{write / systemd.UNIT} is written: systemctl daemon-reload, then systemctl enable --now anling"
            )
    except systemd.NotAUnitsValue as error:
        exit_with_error(str(error))
    except OSError as error:
        exit_with_error(f"{write} cannot be written into: {error.strerror}")


@app.command("mosquitto-files")
def mosquitto_files(
    folder: Annotated[Path, typer.Argument(help="Where they are written, for their owner alone.")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and write them again when devices change.")] = False,
    host: Annotated[str, typer.Option(help="The address at which Mosquitto listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port for devices.")] = 1883,
    hub_port: Annotated[int, typer.Option(help="The port for the hub.")] = 1884,
) -> None:
    """Write configuration, passwords and ACL for a Mosquitto of yours, which ANLING_MQTT_URL then names."""
    settings = read_settings_or_exit()
    data_dir = settings.data_dir.absolute()
    account = _broker_account(settings, folder.absolute())
    # Started by root it would become another account, which cannot read what root alone may.
    run_as = {"run_as": "root"} if os.geteuid() == 0 else {}
    listening = Listening(host, port, hub_listener=HubListener(host, hub_port), **run_as)
    files = mosquitto.Files(folder.absolute(), listening, account)
    logs.set_up_logging("broker files")
    try:
        asyncio.run(_write_broker_files(settings, files, watch=watch))
    except KeyboardInterrupt:
        return
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (AlreadyRunning, MigrationRefused, NoDataFolder, OSError, PostgresRefused) as error:
        exit_with_error(str(error))
    print_line(f"Start it as the owner of the files: mosquitto -c {files.folder / 'mosquitto.conf'}")
    if settings.mqtt_url is None:
        print_line(f"Then tell the hub: ANLING_MQTT_URL=mqtt://{account.username}@{format_url_host(host)}:{hub_port}")
        print_line(f"                   ANLING_MQTT_PASSWORD_FILE={mosquitto.password_file(data_dir)}")


def _broker_account(settings: Settings, folder: Path) -> MosquittoAccount:
    """The hub's own account at a Mosquitto whose files go into `folder`; refuses folders that cannot be written."""
    data_dir = settings.data_dir.absolute()
    try:
        with data_folder.open_data_folder(data_dir):
            _make_writable(folder)
            return mosquitto.hub_account(data_dir, settings.mqtt_url)
    except NoDataFolder as error:
        exit_with_error(str(error))


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        exit_with_error(f"{folder}: should be a folder that this account can write ({error.strerror})")
    if not os.access(folder, os.W_OK | os.X_OK):
        exit_with_error(f"{folder}: should be a folder that this account can write")


async def _write_broker_files(settings: Settings, files: mosquitto.Files, *, watch: bool) -> None:
    data_dir = settings.data_dir.absolute()
    async with _open_database_beside(data_dir, settings) as url:
        await mosquitto.write_files(url, data_dir, files)
        if watch:
            await mosquitto.sync_files(url, data_dir, files, reload=lambda: None)


@asynccontextmanager
async def _open_database_beside(data_dir: Path, settings: Settings) -> AsyncIterator[str]:
    """The installation's database, for a command that also writes into the data folder. Raises NoDataFolder."""
    with data_folder.open_data_folder(data_dir):
        async with importing.database_of(data_dir, settings.database_url) as url:
            yield url


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def watch(arguments: typer.Context) -> NoReturn:
    """Tell people when a hub, on another machine, is silent or not ready (`anling watch --help`)."""
    sys.exit(outside_watch.main(arguments.args))


@app.command()
def administrator() -> None:
    """Print a link that makes the first administrator, as long as there is none; it works once, for a day."""
    settings = read_settings_or_exit()
    try:
        token = asyncio.run(_administrator_token(settings))
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (AlreadyRunning, CannotLoad, MigrationRefused, NoDataFolder, PostgresRefused) as error:
        exit_with_error(str(error))
    if token is None:
        exit_with_error("there is an administrator already: she makes the others")
    print_line(f"{settings.origin}/#first/{token}")


async def _administrator_token(settings: Settings) -> str | None:
    async with importing.database_of(settings.data_dir.absolute(), settings.database_url) as url:
        if why := find_contradiction(await importing.find_held_centre(url), None, simulated=False):
            raise CannotLoad(why)
        return await importing.administrator_token(url, clock_from(settings.clock_file).now())


def _replace_process(module: str, *arguments: str, environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by one of ours, which then gets every signal itself."""
    os.execve(sys.executable, [sys.executable, "-P", "-m", module, *arguments], {**environment})


def _serve_plan(settings: Settings) -> None:
    """Start everything, with folders that mean the same in every process."""
    folders = {"data_dir": settings.data_dir.resolve()}
    if settings.media_socket is not None:
        folders["media_socket"] = settings.media_socket.absolute()
    settings = settings.model_copy(update=folders)
    try:
        asyncio.run(start.run_installation(settings, Screen(screen, start.steps_of(settings))))
    except NotReady as error:
        said = "".join(f"\n  {line}" for line in error.last_words[-5:])
        exit_with_error(
            f"{error}{':' if said else ''}{said}\n  More in {settings.data_dir / 'logs' / f'{error.name}.log'}"
        )
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (AlreadyRunning, MigrationRefused, PostgresRefused) as error:
        exit_with_error(str(error))
    except (CannotLoad, CannotStart, NoDataFolder, NoMosquitto, NoNetwork, PortTaken) as error:
        exit_with_error(str(error))


app.command("backup")(backup.back_up)
app.command("backup-changes")(backup.back_up_changes)
app.command("backup-key")(backup.make_key_sheet)
app.command("restore")(backup.restore_file)

for group, name in (
    (accounts.app, None),
    (devices.app, "device"),
    (seniors.app, None),
    (seniors.consent_app, "consent"),
    (alarms.app, "alarms"),
    (roster.app, "roster"),
    (ledger.app, "ledger"),
    (clock.app, "clock"),
):
    app.add_typer(group, name=name)

if __name__ == "__main__":
    app(prog_name="./anling")
