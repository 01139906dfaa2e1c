"""Who can reach the running centre, what does it reach, and where do its secrets and people's details show?"""

import re
import stat
from ipaddress import ip_address

from hub.kit.logins import WITH_PASSWORD
from tests.fakes.demo import Demo
from tests.fakes.sockets import LISTENS, sockets_of
from tests.fakes.waiting import wait_until
from tests.integration.web.page import opened
from tests.journeys.test_a_family import NOBODY_ELSE, watching

PARTS = ("cameras", "phones", "media", "alarm-path", "telemetry", "pages", "centre")


async def test_everything_listens_on_this_machine_only_and_speaks_to_nobody_else(centre: Demo) -> None:
    for senior_id in NOBODY_ELSE:
        centre.is_in(senior_id, "barber")
    centre.is_in("s-01", "computer")
    caller = centre.free.senior()
    centre.press(caller.button)
    centre.ringing("sw-1", caller)

    async with watching(centre, "f-01", "cam-computer"):
        found = list(sockets_of(set(centre.pids())))

    listening = [one for one in found if one.state == LISTENS and one.protocol.startswith("tcp")]
    parts = [*PARTS, *(["mosquitto"] if has_mosquitto(centre) else [])]
    # The supervisor holds the pages' socket as well.
    holders = {centre.process.pid: "pages", **{centre.pid_of(part): part for part in parts}}
    silent = {"media", "telemetry", *(["alarm-path"] if has_mosquitto(centre) else [])}
    assert {holders.get(one.pid) for one in listening} == set(parts) - silent, "they use files, or call"
    assert {one.protocol for one in found if one.pid == centre.pid_of("media")} >= {"udp"}, "the picture is on its way"
    assert [one for one in found if not ip_address(one.local).is_loopback] == []
    reached = [one for one in found if not ip_address(one.remote).is_unspecified]
    assert [one for one in reached if not ip_address(one.remote).is_loopback] == []


def has_mosquitto(centre: Demo) -> bool:
    """Its broker is a Mosquitto."""
    return (centre.data_dir / "processes" / "mosquitto.pid").exists()


def secrets_of(centre: Demo) -> set[str]:
    """Every secret of this centre that a test can know."""
    folder = centre.data_dir / "secrets"
    kept = re.findall(r"[A-Za-z0-9+/_=-]{16,}", "\n".join(file.read_text("utf-8") for file in folder.iterdir()))
    messages = centre.http.get(f"{centre.phones_url}/messages").text
    links = re.findall(r"/api/a/([A-Za-z0-9_-]{22,64})", messages)
    cookies = [value for value in centre.staff().cookies.values() if value]
    assert len(kept) > 70
    assert links
    assert cookies
    return {*kept, *links, *cookies}


def logs(centre: Demo) -> str:
    folders = (centre.data_dir / "logs", centre.data_dir / "database" / "logs")
    return "\n".join(file.read_text("utf-8") for folder in folders for file in folder.iterdir())


def test_no_secret_stands_in_a_command_line_a_log_or_on_the_terminal(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    centre.take("sw-1", centre.ringing("sw-1", caller))
    secrets = secrets_of(centre)

    for what, text in (
        ("command lines", "\n".join(centre.pids().values())),
        ("logs", logs(centre)),
        # The demo's own invitation is printed for whoever tries the demo, as its accounts are.
        ("the terminal", centre.printed.replace(centre.invitation, "")),
    ):
        assert [secret for secret in secrets if secret in text] == [], what


def test_secrets_are_in_files_that_only_this_account_can_read(centre: Demo) -> None:
    folder = centre.data_dir / "secrets"

    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        "demo-invitation": 0o600,
        "devices.json": 0o600,
        "mosquitto_sub": 0o600,
        **{f"database-{name}": 0o600 for name in WITH_PASSWORD},
        "webhook-longyuan": 0o600,
        **({"broker-hub": 0o600} if has_mosquitto(centre) else {}),
    }
    for private in (centre.data_dir, folder, centre.data_dir / "database", centre.data_dir / "database" / "socket"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700, private
    assert stat.S_IMODE((centre.data_dir / "media.sock").stat().st_mode) == 0o600
    broker = centre.data_dir / "broker"
    files_of_mosquitto = (
        {file: stat.S_IMODE(file.stat().st_mode) for file in (broker, *broker.glob("*"))}
        if has_mosquitto(centre)
        else {}
    )
    wanted = {broker: 0o700, broker / "passwords": 0o600, broker / "acl": 0o600} if has_mosquitto(centre) else {}
    assert {file: files_of_mosquitto[file] for file in wanted} == wanted


async def test_messages_and_boards_say_how_she_is_called_and_nothing_that_is_nobodys_business(centre: Demo) -> None:
    """s-05 lost her only child, lives at an address, has a heart disease: none of it is on a phone or a board."""
    centre.press("b-05")
    shown = centre.ringing("sw-1", "陈奶奶")
    centre.wind(10)
    centre.ringing("sw-2", "陈奶奶")
    async with opened(centre.url, "/api/live", dict(centre.staff().cookies)) as board:
        snapshot = await board.hear("snapshot")
    messages = centre.http.get(f"{centre.phones_url}/messages").json()

    said = f"{shown.text} {snapshot} {messages['messages']} {messages['mail']}"
    assert "陈奶奶" in said
    for private in ("陈玉珍", "失独", "bereaved", "categories", "贤后街", "心脏病", "home_address", "CE1120F747"):
        assert private not in said, private
    assert "陈玉珍" not in logs(centre)
    assert "陈奶奶" not in logs(centre)


def test_the_mail_says_the_same_as_the_phone(centre: Demo) -> None:
    """The second channel of the same people; it is tried when the first fails, and its server is on this machine."""
    caller = centre.free.senior()
    centre.http.post(f"{centre.phones_url}/faults", json={"fault": "refuse"})
    try:
        centre.press(caller.button)

        def mails() -> list[dict[str, str]]:
            answer = centre.http.get(f"{centre.phones_url}/messages").json()
            return [mail for mail in answer["mail"] if caller.called in mail["text"]]

        mail = wait_until(mails, within=20)[0]
    finally:
        centre.http.post(f"{centre.phones_url}/faults", json={"fault": None})
    assert mail["to"] == "sw-1@longyuan.example"
    assert "按了呼叫" in mail["text"]
