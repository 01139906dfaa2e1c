"""What does the whole demo cost, and how long does a press take through all of it?

    ./anling bench demo [--presses 30] [--idle 60] [--cold]

Starts a demo of its own on free ports and in a folder that goes away again: the first start, the second, what every
process uses while nobody looks, and presses of the simulated buttons as the board and the social worker's phone see
them (from the tap on the stage's control to the event on the page: button, broker, rules, alarm, database and page).
`--cold` also clones the last commit and starts it with empty caches: everything is downloaded and built anew.

Linux. A machine that does other work as well gives other figures; the yardstick says how fast it was at that time.
"""

import argparse
import gzip
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urljoin

import httpx
from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table

from tests.fakes.command import stop_command
from tests.fakes.demo import Demo, demo_running
from tests.fakes.waiting import wait_until

HUB = ("alarm-path", "telemetry", "pages", "media")
PARTS = (*HUB, "postgres", "cameras", "phones", "centre")
"""The demo's processes by the names of their pid files; the rest is the supervisor."""

ROOT = Path(__file__).resolve().parent.parent
SETTLED_SECONDS = 20
BETWEEN_PRESSES = 0.5
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what, how much, beside what in the same run, and what was promised."""

    what: str
    figure: str
    ratio: str = ""
    promised: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one part of the demo uses: cores over the time it was watched, and megabytes at its end."""

    cores: float
    resident: float
    proportional: float


Said = TypeVar("Said")


class _OnBoard(BaseModel):
    """One event of the board; an alarm has an id, and the device it was pressed on."""

    id: str = ""
    device_id: str | None = None


class _OnPhone(BaseModel):
    alarm_id: str


class _Phone(BaseModel):
    account_id: str
    shown: list[_OnPhone]


class _Phones(BaseModel):
    phones: list[_Phone]


_BOARD: Final = TypeAdapter(_OnBoard)
_PHONES: Final = TypeAdapter(_Phones)


@dataclass
class Pages:
    """When what was pressed was first seen: on the board by device, with its alarm; on the phone by alarm."""

    is_live: set[str] = field(default_factory=set)
    board: dict[str, tuple[str, float]] = field(default_factory=dict)
    phone: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Measure and print."""
    asked = _parse_arguments()
    rows = [Row("yardstick: 5 million turns of an empty loop", f"{time_yardstick():.2f} s")]
    with tempfile.TemporaryDirectory(prefix="anling-bench-") as folder:
        if asked.cold:
            rows.append(measure_cold_start(Path(folder)))
        began = time.perf_counter()
        with demo_running(Path(folder) / "demo") as demo:
            first = time.perf_counter() - began
            rows += measure_starts(demo, first)
            rows += measure_presses(demo, asked.presses)
            rows += measure_idle(demo, asked.idle)
            rows.append(measure_family_page(demo))
    print_table(rows)


def time_yardstick() -> float:
    """Seconds for a piece of work that is always the same."""
    began = time.perf_counter()
    for _ in range(5_000_000):
        pass
    return time.perf_counter() - began


def measure_cold_start(folder: Path) -> Row:
    """From a fresh clone of the last commit, with empty caches, to a page that answers."""
    clone, caches = folder / "clone", folder / "caches"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=120)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANLING_", "VIRTUAL_ENV"))},
        **{name: str(caches / name) for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache")},
        "ANLING_HTTP_PORT": str(port),
        "ANLING_MQTT_PORT": str(free_port()),
    }
    python = getattr(sys, "_base_executable", sys.executable)
    began = time.perf_counter()
    with (folder / "cold.log").open("wb") as said:
        demo = subprocess.Popen([python, str(clone / "anling"), "demo"], env=environment, stdout=said, stderr=said)
        try:
            wait_until(lambda: is_usable(f"http://127.0.0.1:{port}"), within=600, what="a page of the fresh clone")
            took = time.perf_counter() - began
        finally:
            stop_command(demo)
    return Row("fresh clone, empty caches → first usable page", f"{took:.0f} s", promised="≤ 120 s")


def is_usable(url: str) -> bool:
    """The staff's page is there, and the hub behind it is ready."""
    return all(httpx.get(f"{url}{path}", trust_env=False).status_code == httpx.codes.OK for path in ("/", "/readyz"))


def measure_starts(demo: Demo, first: float) -> list[Row]:
    """The first start, which makes the database and imports the centre, and a second one on the same folder."""
    demo.stop()
    began = time.perf_counter()
    demo.start_again()
    second = time.perf_counter() - began
    demo.still()
    return [
        Row("first start, packages and pages there", f"{first:.1f} s"),
        Row("second start, the data there", f"{second:.1f} s", f"{second / first:.2f} × the first", "< 10 s"),
    ]


def measure_presses(demo: Demo, count: int) -> list[Row]:
    """Presses of different seniors, one after the other, as the board and the social worker's phone see them."""
    pages = Pages()
    for read in (read_board, read_phone):
        threading.Thread(target=read, args=(demo, pages), daemon=True).start()
    wait_until(lambda: len(pages.is_live) == 2, what="both pages are live")
    took = [press_button(demo, pages, f"b-{number:02}") for number in range(1, count + 1)]
    to_board, to_phone = [board for board, _ in took], [phone for _, phone in took]
    ratio = f"{statistics.median(to_phone) / statistics.median(to_board):.2f} × the board's"
    return [
        Row(f"press → board, {count} presses", format_spread(to_board), promised="≤ 1 s"),
        Row(f"press → phone, {count} presses", format_spread(to_phone), ratio, "p50 ≤ 20 ms, idle"),
    ]


def press_button(demo: Demo, pages: Pages, device_id: str) -> tuple[float, float]:
    """Press one button; gives the seconds until the board and until the phone show it. Somebody takes the alarm."""
    began = time.perf_counter()
    demo.press(device_id)
    wait_until(lambda: device_id in pages.board, what=f"{device_id} on the board")
    alarm_id, on_board = pages.board[device_id]
    wait_until(lambda: alarm_id in pages.phone, what=f"{alarm_id} on the phone")
    demo.staff().post(f"/api/alarms/{alarm_id}/accept").raise_for_status()
    time.sleep(BETWEEN_PRESSES)
    return on_board - began, pages.phone[alarm_id] - began


def format_spread(seconds: list[float]) -> str:
    """The middle and the end of a distribution."""
    return f"p50 {statistics.median(seconds) * 1000:.0f} ms, slowest {max(seconds) * 1000:.0f} ms"


def read_board(demo: Demo, pages: Pages) -> None:
    """Read the staff's live stream until the demo stops."""
    for said in read_events(demo.staff(), f"{demo.url}/api/live", _BOARD):
        now = time.perf_counter()
        if said.device_id is not None:
            pages.board.setdefault(said.device_id, (said.id, now))
        pages.is_live.add("board")


def read_phone(demo: Demo, pages: Pages) -> None:
    """Read the phones' live stream until the demo stops; the phone is that of the social worker on duty."""
    with httpx.Client(trust_env=False) as browser:
        for said in read_events(browser, f"{demo.phones_url}/phones/live", _PHONES):
            now = time.perf_counter()
            for shown in next(phone.shown for phone in said.phones if phone.account_id == "sw-1"):
                pages.phone.setdefault(shown.alarm_id, now)
            pages.is_live.add("phone")


def read_events(browser: httpx.Client, url: str, shape: TypeAdapter[Said]) -> Iterator[Said]:
    """What a stream of server-sent events says, until it ends."""
    with suppress(httpx.TransportError), browser.stream("GET", url, timeout=30) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:"):
                yield shape.validate_json(line.removeprefix("data:"))


def measure_idle(demo: Demo, seconds: float) -> list[Row]:
    """What every process uses while nobody looks and nobody presses."""
    demo.make_quiet()
    demo.stop()  # and with it the streams that were read
    demo.start_again()
    demo.still()
    time.sleep(SETTLED_SECONDS)
    used = measure_usage(demo, seconds)
    cores = sum(part.cores for part in used.values())
    own = [used[name] for name in HUB]
    rows = [
        Row(
            "the four processes of the hub: memory",
            f"{sum(part.resident for part in own):.0f} MB resident",
            f"{sum(part.proportional for part in own):.0f} MB without what they share with others",
            "≤ 400 MB",
        ),
        Row(f"the whole demo idle, {seconds:.0f} s", f"{cores:.2f} cores", promised="≤ 0.5 cores"),
    ]
    return rows + [
        Row(f"  {name}", f"{part.cores:.3f} cores, {part.proportional:.0f} MB", f"{part.cores / cores:.0%} of it")
        for name, part in used.items()
    ]


def measure_usage(demo: Demo, seconds: float) -> dict[str, Usage]:
    """What each part uses over that time; a part is its process and everything it started."""
    parts = {name: process_tree(demo.pid_of(name)) for name in PARTS}
    parts["supervisor"] = sorted(set(demo.pids()) - {pid for pids in parts.values() for pid in pids})
    before, began = {name: cpu_seconds(pids) for name, pids in parts.items()}, time.perf_counter()
    time.sleep(seconds)
    took = time.perf_counter() - began
    return {
        name: Usage((cpu_seconds(pids) - before[name]) / took, *memory_megabytes(pids)) for name, pids in parts.items()
    }


def process_tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(below for child in children for below in process_tree(int(child)))]


def cpu_seconds(pids: list[int]) -> float:
    """What these processes have used so far, with what their children had used when they ended (proc(5), 14 to 17)."""
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        used += sum(int(value) for value in fields[11:15])
    return used / TICKS


def memory_megabytes(pids: list[int]) -> tuple[float, float]:
    """Megabytes resident, and in proportion to how many processes share each page."""
    said = "".join(Path(f"/proc/{pid}/smaps_rollup").read_text("ascii") for pid in pids)
    rss, pss = (sum(int(kb) for kb in re.findall(rf"^{name}: +(\d+)", said, re.MULTILINE)) for name in ("Rss", "Pss"))
    return rss / 1000, pss / 1000


def measure_family_page(demo: Demo) -> Row:
    """What the family's page brings to a phone: its scripts and styles, gzipped."""
    page = httpx.get(f"{demo.url}/family", trust_env=False).text
    names = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', page)
    files = [httpx.get(urljoin(demo.url, name), trust_env=False).content for name in names]
    kilobytes = sum(len(gzip.compress(file, 9)) for file in files) / 1000
    return Row(
        "family page: JS and CSS, gzipped", f"{kilobytes:.1f} kB", f"{kilobytes / 60:.2f} × the limit", "≤ 60 kB"
    )


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def print_table(rows: list[Row]) -> None:
    """The figures as a table."""
    table = Table("what", "figure", "beside it", "promised")
    for row in rows:
        table.add_row(row.what, row.figure, row.ratio, row.promised)
    Console(width=130).print(table)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./anling bench demo", description="What the whole demo costs.")
    parser.add_argument("--presses", type=int, default=30, choices=range(1, 41), metavar="N", help="of 40 buttons")
    parser.add_argument("--idle", type=float, default=60, metavar="SECONDS", help="how long the idle demo is watched")
    parser.add_argument("--cold", action="store_true", help="also start a fresh clone with empty caches")
    return parser.parse_args()


if __name__ == "__main__":
    main()
