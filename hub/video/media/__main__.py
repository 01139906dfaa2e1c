"""The media process: `python -m hub.video.media --socket PATH --hosts 127.0.0.1`.

It takes what it needs from the hub over its socket: no settings of its own, no secrets on its command line. It prints
`ready` when it listens, and ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import sys
from pathlib import Path

from hub.kit.watchdog import write_pulse
from hub.video.media import account, control, internals, limits, viewings


def main() -> None:
    """Serve until told to stop. What prevents that is one line on stderr."""
    options = _parse_options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s media %(levelname)s %(message)s")
    for talkative in ("aioice", "aiortc"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    limits.limit_resources()
    try:
        asyncio.run(_run_media(options.socket, options.hosts))
    except (OSError, internals.Changed) as error:
        sys.exit(f"media: {error}")


async def _run_media(socket: Path, hosts: tuple[str, ...]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await internals.verify_internals(hosts)
    parent = os.getppid()
    async with control.serve_control(socket, viewings.open_engine(hosts)):
        await account.drop_privileges()
        if os.getppid() != parent:  # it went in between, and its signal with it
            return
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as tasks:
            pulse = tasks.create_task(write_pulse())
            await stop.wait()
            pulse.cancel()


def _parse_hosts(text: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_address(host.strip())) for host in text.split(",") if host.strip())


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hub.video.media", description="Passes cameras' pictures on.")
    parser.add_argument("--socket", type=Path, required=True, help="where the hub speaks to this process")
    parser.add_argument(
        "--hosts", type=_parse_hosts, default=("127.0.0.1",), help="the addresses offered to viewers, by commas"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
