"""The whole demo for tests: every process a person gets from `./anling demo`, on a folder and ports of its own.

    with demo_running(folder) as centre:            # seconds: share one where tests can
        somebody = centre.free.senior()             # of whom no other test wants anything now
        centre.press(somebody.button)
        centre.take("sw-1", centre.ringing("sw-1", somebody))

Nothing in here needs an event loop, so that a browser's synchronous test can use it as well. Every wait is for a
condition and has a bound: `wait_until` asks again and fails with what it asked for. The scenario of the first minutes
is ended at once, so that nothing happens that a test did not do; `demo_running(folder, untouched=True)` leaves it.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import psycopg
from pydantic import TypeAdapter

from hub.alarms.card import AlarmStory
from simulators.organisation.phones import Standing
from simulators.stage.installation import PASSWORD
from tests.fakes.command import (
    environment_of,
    list_processes,
    read_output,
    start_command,
    stop_command,
    works_on_folder,
)
from tests.fakes.free import About, Free, is_about
from tests.fakes.logins import superuser_of
from tests.fakes.plain_http import PLAIN
from tests.fakes.simulator_answers import Light, Phones, Shown, Simulated
from tests.fakes.waiting import wait_until

PAGE = {"X-Anling": "1"}
"""What a page of the hub sends with every request that writes."""


@dataclass
class Demo:
    """A running demo. Ids are those of `simulators/centre.yaml`: s-01 and her button b-01, sw-1, staff-01, f-01 …"""

    folder: Path
    data_dir: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    opened: ExitStack
    http: httpx.Client
    process: subprocess.Popen[bytes]
    untouched: bool
    free: Free = field(init=False)
    _asking: psycopg.Connection | None = None
    _staff: dict[str, httpx.Client] = field(default_factory=dict)
    _relatives: dict[str, httpx.Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.free = Free(self.rows)

    # Where things are.

    @property
    def printed(self) -> str:
        """What stands on the terminal."""
        return read_output(self.folder)

    @property
    def url(self) -> str:
        """Where the pages are; the stage is at `/demo`."""
        return self._printed_address(r"the stage +(http://\S+)/demo")

    @property
    def phones_url(self) -> str:
        """Where the organisation's phones are."""
        return self._printed_address(r"phones +(http://\S+)")

    @property
    def mqtt_port(self) -> int:
        """Where devices connect, on 127.0.0.1."""
        return int(self._printed_address(r"mqtt://127\.0\.0\.1:(\d+)"))

    @property
    def control_url(self) -> str:
        """Where the simulated centre is driven."""
        return f"http://127.0.0.1:{self._argument('centre', '--control-port')}"

    @property
    def cameras_control_url(self) -> str:
        """Where the simulated cameras are driven."""
        return self._argument("centre", "--cameras-control")

    @property
    def database_url(self) -> str:
        """The hub's database, as its superuser."""
        return superuser_of(self.data_dir)

    # What the organisation's phones show, and taps on them.

    def phones(self) -> dict[str, list[Shown]]:
        """The messages on each phone, the newest first."""
        answer = self.http.get(f"{self.phones_url}/phones")
        return {phone.account_id: phone.shown for phone in Phones.model_validate_json(answer.content).phones}

    def messages_of(self, account_id: str, about: About) -> list[Shown]:
        """The messages on one phone, in Chinese, about what this test has to itself, or in which these words stand."""
        shown = self.phones()[account_id]
        return [one for one in shown if is_about(one.text["zh-CN"], one.alarm_id, about)]

    def ringing(self, account_id: str, about: About) -> Shown:
        """The message about somebody that rings on this phone; waits for it."""

        def found() -> list[Shown]:
            return [one for one in self.messages_of(account_id, about) if one.standing is Standing.RINGING]

        return wait_until(found, what=f"{account_id}'s phone rings about {about}")[0]

    def take(self, account_id: str, shown: Shown) -> dict[str, str]:
        """我来处理 on a phone; gives what the hub said: `code`, and the winner's `name` when somebody else has it."""
        answer = self.http.post(f"{self.phones_url}/phones/{account_id}/take/{shown.notification_id}")
        return TypeAdapter(dict[str, str]).validate_json(answer.content)

    # What happens in the simulated centre.

    def simulated(self) -> Simulated:
        """What the devices and people of the simulated centre do now."""
        return Simulated.model_validate_json(self.http.get(f"{self.control_url}/state").content)

    def press(self, device_id: str) -> str:
        """Press a button or pull a cord; gives the message's id."""
        return str(self._drive(f"/devices/{device_id}/press")["id"])

    def heat(self, room_id: str, *, on: bool = True) -> None:
        """Heat a room, or let it cool."""
        self._drive(f"/rooms/{room_id}/hot", on=on)

    def darken(self, camera_id: str, *, on: bool = True) -> None:
        """Cover a camera's lens, or uncover it."""
        self._drive(f"/cameras/{camera_id}/dark", on=on)

    def cut(self, *, on: bool = True) -> None:
        """Cut the line between all devices and the hub, or mend it."""
        self._drive("/line/cut", on=on)

    def go(self, senior_id: str, room_id: str) -> None:
        """Somebody goes to a room and stays there."""
        self._drive(f"/seniors/{senior_id}/go", room=room_id)

    def leave(self, senior_id: str) -> None:
        """Somebody leaves the building."""
        self._drive(f"/seniors/{senior_id}/leave")

    def is_in(self, senior_id: str, room_id: str | None) -> None:
        """Somebody goes to a room, or leaves (None); waits until the hub has heard it from the card readers.

        A reader takes a card that comes back within three seconds for one that was never taken away.
        """
        if room_id is None:
            self.leave(senior_id)
        else:
            self.go(senior_id, room_id)
        wait_until(lambda: self.room_of(senior_id) == (room_id or ""), what=f"{senior_id} is in {room_id}")

    def room_of(self, senior_id: str) -> str:
        """The room in which the hub has somebody; empty for none."""
        known = self.rows("SELECT room_id FROM presence WHERE senior_id = %s AND to_at IS NULL", senior_id)
        return str(known[0][0]) if known else ""

    def make_quiet(self) -> None:
        """A test begins: nothing is broken, hot or dark, every button is connected, and nobody waits for help."""
        self.free.take_back()
        self.still()
        now = self.simulated()
        for room_id in now.hot:
            self.heat(room_id, on=False)
        for camera_id in now.dark:
            self.darken(camera_id, on=False)
        wait_until(lambda: self.simulated().connected == len(now.buttons), within=20, what="every button is connected")
        for alarm_id, state in self.rows("SELECT id, state FROM alarm WHERE state IN ('open', 'accepted', 'on_scene')"):
            if state == "open":
                assert self.staff().post(f"/api/alarms/{alarm_id}/accept").is_success
            self.resolve(str(alarm_id))

    def alarm(self, alarm_id: str) -> AlarmStory:
        """An alarm as the staff's page gets it."""
        return AlarmStory.model_validate_json(self.staff().get(f"/api/alarms/{alarm_id}").content)

    def resolve(self, alarm_id: str, account_id: str = "staff-01") -> None:
        """Somebody of the staff says how an alarm that is taken ended."""
        told = {"outcome": "reassurance", "sentence": "她只是想有人说说话"}
        answer = self.staff(account_id).post(f"/api/alarms/{alarm_id}/resolve", json=told)
        assert answer.is_success, answer.text

    def light(self, device_id: str) -> Light:
        """What the light of a button does now."""
        return self.simulated().buttons[device_id]

    # Pages of the hub.

    def staff(self, account_id: str = "staff-01") -> httpx.Client:
        """A browser in which this member of the staff is signed in; the same one for the same account."""
        if account_id not in self._staff:
            browser = self.browser()
            signed_in = browser.post("/api/sign-in", json={"account": account_id, "password": PASSWORD})
            assert signed_in.status_code == httpx.codes.NO_CONTENT, signed_in.text
            self._staff[account_id] = browser
        return self._staff[account_id]

    def daughter(self) -> httpx.Client:
        """A browser in which the daughter of s-01 has opened her invitation."""
        browser, path = self.browser(), f"/api/family/invitations/{self.invitation}"
        needs = TypeAdapter(dict[str, str | None]).validate_json(browser.get(path).content)
        opened = browser.post(path, json={"phone_last4": needs["phone_last4"]})
        assert opened.status_code == httpx.codes.NO_CONTENT, opened.text
        return browser

    def relative(self, account_id: str) -> httpx.Client:
        """A browser in which this family member has opened an invitation of hers; the same one for the same account."""
        if account_id not in self._relatives:
            token = secrets.token_urlsafe(32)
            [(phone, now)] = self.rows("SELECT phone, clock_timestamp() FROM account WHERE id = %s", account_id)
            assert isinstance(now, datetime)
            self.does(
                "INSERT INTO invitation (id, account_id, made_at, ends_at) VALUES (%s, %s, %s, %s)",
                sha256(token.encode()).digest(), account_id, now, now + timedelta(days=7),
            )  # fmt: skip
            browser = self.browser()
            opened = browser.post(f"/api/family/invitations/{token}", json={"phone_last4": str(phone)[-4:]})
            assert opened.status_code == httpx.codes.NO_CONTENT, opened.text
            self._relatives[account_id] = browser
        return self._relatives[account_id]

    def browser(self) -> httpx.Client:
        """A browser in which nobody is signed in, on a page of the hub."""
        client = httpx.Client(base_url=self.url, headers=PAGE, verify=PLAIN, timeout=10, trust_env=False)
        return self.opened.enter_context(client)

    @property
    def invitation(self) -> str:
        """The token of the daughter's invitation: `/family#i/TOKEN`."""
        return (self.data_dir / "secrets" / "demo-invitation").read_text("ascii").split()[1]

    # Behind the scenes.

    def password_of(self, device_id: str) -> str:
        """The MQTT password of a device; its user name is its id."""
        kept = (self.data_dir / "secrets" / "devices.json").read_bytes()
        return TypeAdapter(dict[str, str]).validate_json(kept)[device_id]

    def anling(self, *command: str) -> str:
        """`./anling COMMAND …` beside the running demo; gives what it printed, and fails when it was refused."""
        answer = subprocess.run(
            [sys.executable, "-m", "hub.cli", *command],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the hub's database, over one connection: tests ask every few milliseconds until something is so."""
        if self._asking is not None:
            with suppress(psycopg.OperationalError):  # the database was killed or stopped since
                return self._asking.execute(statement.encode(), values).fetchall()
            self._asking.close()
        self._asking = psycopg.connect(self.database_url, connect_timeout=5, autocommit=True)
        return self._asking.execute(statement.encode(), values).fetchall()

    def does(self, statement: str, *values: object) -> None:
        """Change rows behind the hub's back, as another process would."""
        with psycopg.connect(self.database_url, connect_timeout=5) as conn:
            conn.execute(statement.encode(), values)

    def wind(self, seconds: float) -> None:
        """Wind the clock of every process forward."""
        file = Path(self.environment["ANLING_CLOCK_FILE"])
        before = float(file.read_text("ascii"))
        fresh = file.with_suffix(".new")
        fresh.write_text(str(before + seconds), "ascii")
        fresh.replace(file)  # whoever reads meanwhile sees the old or the new one, never half of it

    def pid_of(self, name: str) -> int:
        """The pid of a part that runs now: postgres, cameras, phones, media, alarm-path, telemetry, pages,
        centre or mosquitto."""
        at = self.data_dir / "database" if name == "postgres" else self.data_dir
        return int(json.loads((at / "processes" / f"{name}.pid").read_text("utf-8"))["pid"])

    def kill(self, name: str) -> int:
        """`kill -9` of a part; gives the pid it had."""
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_ready(self) -> bool:
        """The hub says that it works."""
        return self.http.get(f"{self.url}/readyz").status_code == httpx.codes.OK

    def pids(self) -> dict[int, str]:
        """Every process of this demo, the supervisor included, with its command line."""
        own = {self.pid_of(file.stem) for file in (self.data_dir / "processes").glob("*.pid")}
        return {
            pid: line
            for pid, line in list_processes()
            if pid in own or str(self.data_dir) in line or works_on_folder(pid, self.data_dir)
        }

    def wait_until_it_runs(self) -> None:
        """Until everything is up, and its first minutes are ended; fails with what was printed when it died instead."""

        def said() -> bool:
            assert self.process.poll() is None, f"the demo ended with {self.process.returncode}:\n{self.printed}"
            return "Ctrl-C stops it" in self.printed

        wait_until(said, within=60, what="the demo runs")
        if not self.untouched:
            self.still()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, or another signal, to the process that a person started; gives what it ended with."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def start_again(self) -> None:
        """A second start on the same folder, and on the same ports where they are free, until everything is up."""
        assert self.process.poll() is not None, "it still runs"
        before = self.url
        self.process = start_command(self.folder, self.command, self.environment)
        self.wait_until_it_runs()
        if self.url != before:  # a browser's session belongs to an address
            self._staff.clear()
            self._relatives.clear()

    def close(self) -> None:
        """End what a test has opened to look behind the scenes."""
        if self._asking is not None:
            self._asking.close()
            self._asking = None

    def still(self) -> None:
        """End the scenario of the first minutes."""
        self.untouched = False
        self.cut(on=False)

    def _drive(self, path: str, **asked: object) -> Mapping[str, object]:
        answer = self.http.post(f"{self.control_url}{path}", json=asked)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return TypeAdapter(dict[str, object]).validate_json(answer.content)

    def _argument(self, name: str, option: str) -> str:
        program = json.loads((self.data_dir / "processes" / f"{name}.pid").read_text("utf-8"))["program"]
        return str(program[program.index(option) + 1])

    def _printed_address(self, pattern: str) -> str:
        found = re.search(pattern, self.printed)
        assert found is not None, f"{pattern} was not printed:\n{self.printed}"
        return found[1]


@contextmanager
def demo_running(folder: Path, *options: str, untouched: bool = False, **settings: str) -> Iterator[Demo]:
    """A demo that runs until the block ends; then nothing of it is left.

    `options` are those of `./anling demo`, `settings` are ANLING_ variables besides.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data_dir, clock_file = folder / "data", folder / "clock"
    clock_file.write_text("0", "ascii")
    environment = environment_of(data_dir, ANLING_CLOCK_FILE=str(clock_file), **settings)
    with ExitStack() as opened:
        command = ("demo", *options)
        # One client, because making one costs more than asking. No connection is used twice: a server may end one that
        # was idle while the next question is on its way.
        limits = httpx.Limits(max_keepalive_connections=0)
        http = opened.enter_context(httpx.Client(timeout=10, trust_env=False, limits=limits))
        process = start_command(folder, command, environment)
        demo = Demo(folder, data_dir, command, environment, opened, http, process, untouched)
        try:
            demo.wait_until_it_runs()
            yield demo
        finally:
            demo.close()
            stop_command(demo.process)
            for pid in demo.pids():  # what a test has proven to outlive its supervisor must not outlive the test
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
