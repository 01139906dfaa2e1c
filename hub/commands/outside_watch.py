"""Is the hub there and ready? Asked from another machine, which tells people over channels of its own when it is not.

One file that needs nothing but Python 3.11: copy it to any other box (another building is best) and run

    python3 outside_watch.py https://anling.example.org --webhook https://example.org/hook

It asks `/readyz` every 15 s. Three of the last six answers that are missing, or not ready, are told: within 120 s of
the moment at which the hub fell silent, and a hub that comes and goes is told as well. Four good ones in a row are told
too. While it lasts it is said again every ten minutes. Channels (at least one; each is also an environment variable, so
that passwords stand in no list of processes):

    --webhook URL    ANLING_WATCH_WEBHOOK   POST {"text": ..., "state": "down"|"still"|"back"|"watching", "url": ...}
    --smtp URL       ANLING_WATCH_SMTP      smtps://user:password@mail.example.org?from=A&to=B, or smtp:// (STARTTLS)
    --command LINE   ANLING_WATCH_COMMAND   a program, such as one that sends an SMS: the text is its standard input

`--once` asks once and ends with 0 (ready) or 1 (not), for a watch that exists already.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import smtplib
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

EVERY_SECONDS: Final = 15.0
ANSWER_WITHIN_SECONDS: Final = 10.0
SEND_WITHIN_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = 600.0
_LOOKS: Final = 6
_DOWN_FROM: Final = 3
_BACK_FROM: Final = 4
_LONGEST_ANSWER: Final = 64 * 1024

Send = Callable[[str, str], None]
"""Takes the state and the text; raises OSError, SMTPException or SubprocessError when nobody took it."""


@dataclass
class Watched:
    """What the last looks found, oldest first (None: ready), and since when people know that it is down."""

    looks: deque[str | None] = field(default_factory=lambda: deque(maxlen=_LOOKS))
    is_down: bool = False
    told_at: float = 0.0


def judge_look(watched: Watched, found: str | None, now: float, again_seconds: float = AGAIN_SECONDS) -> str | None:
    """Take one more look; the state that people are to be told now: `down`, `still` or `back`. None: nothing.

    Call `was_told` once somebody was; until then the next look says the same.
    """
    watched.looks.append(found)
    failed = sum(look is not None for look in watched.looks)
    if not watched.is_down:
        return "down" if failed >= _DOWN_FROM else None
    last = list(watched.looks)[-_BACK_FROM:]
    if len(last) == _BACK_FROM and not any(last):
        return "back"
    return "still" if now - watched.told_at >= again_seconds else None


def was_told(watched: Watched, state: str, now: float) -> None:
    """People know that."""
    watched.is_down, watched.told_at = state != "back", now


def look_at(url: str, context: ssl.SSLContext, within: float = ANSWER_WITHIN_SECONDS) -> str | None:
    """Why the hub behind this `/readyz` is not ready; None when it is."""
    request = urllib.request.Request(url, headers={"User-Agent": "anling-watch"})  # noqa: S310  # checked by main
    try:
        with urllib.request.urlopen(request, timeout=within, context=context) as answer:  # noqa: S310
            return _read_answer(answer.status, answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        return _read_answer(error.code, error.read(_LONGEST_ANSWER))
    except urllib.error.URLError as error:
        return f"no answer ({error.reason})"
    except (OSError, ValueError) as error:
        return f"no answer ({error})"


def _read_answer(status: int, body: bytes) -> str | None:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("ready"), bool):
        return f"HTTP {status}, and no word of a hub: is this its address?"
    if status == 200 and said["ready"]:
        return None
    parts = said.get("parts")
    broken = [str(part) for part, works in parts.items() if works is not True] if isinstance(parts, dict) else []
    return f"not ready: {', '.join(broken) or f'HTTP {status}'}"


def text_of(state: str, url: str, found: str | None) -> str:
    """What a person reads, in both languages."""
    match state:
        case "down":
            return f"安铃主机出了问题，呼叫可能没有人听到：请马上打电话到中心，再找管理员。\nThe Anling hub is in trouble and calls for help may not be heard: phone the centre now, then its administrator.\n{url}: {found}"  # noqa: E501
        case "still":
            return f"安铃主机还没有恢复，呼叫可能没有人听到。\nThe Anling hub is still not well; calls for help may not be heard.\n{url}: {found}"  # noqa: E501
        case "back":
            return f"安铃主机恢复了。\nThe Anling hub is back.\n{url}"
        case _:
            return f"开始看护安铃主机：它出问题时会这样通知您。\nThe Anling hub is being watched; you will be told like this when it is in trouble.\n{url}"  # noqa: E501


def post_to_webhook(webhook: str, url: str, context: ssl.SSLContext) -> Send:
    """Tell by an HTTP POST."""

    def send(state: str, text: str) -> None:
        body = json.dumps({"text": text, "state": state, "url": url}, ensure_ascii=False).encode()
        request = urllib.request.Request(webhook, body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=SEND_WITHIN_SECONDS, context=context) as answer:  # noqa: S310
            answer.read(_LONGEST_ANSWER)

    return send


def mail_over(server: str, context: ssl.SSLContext) -> Send:
    """Tell by mail. Raises ValueError for a URL without sender or recipient."""
    parts = urlsplit(server)
    asked = parse_qs(parts.query.replace("+", "%2B"))
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or not asked.get("to"):
        raise ValueError("--smtp should be such as smtps://user:password@mail.example.org?from=A&to=B")
    host, port = parts.hostname, parts.port or (465 if parts.scheme == "smtps" else 587)

    def send(state: str, text: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = asked.get("from", asked["to"])[0], ", ".join(asked["to"])
        mail["Subject"] = f"安铃 Anling: {state}"
        mail.set_content(text)
        with _connect_to_server(parts.scheme, host, port, context) as connection:
            if parts.username:
                connection.login(unquote(parts.username), unquote(parts.password or ""))
            connection.send_message(mail)

    return send


def _connect_to_server(scheme: str, host: str, port: int, context: ssl.SSLContext) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=SEND_WITHIN_SECONDS, context=context)
    connection = smtplib.SMTP(host, port, timeout=SEND_WITHIN_SECONDS)
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=context)
        connection.ehlo()
    return connection


def run_command(line: str) -> Send:
    """Tell by a program: the text is its standard input, the state its last argument."""
    program = shlex.split(line)
    if not program:
        raise ValueError("--command should name a program")

    def send(state: str, text: str) -> None:
        subprocess.run([*program, state], input=text.encode(), timeout=SEND_WITHIN_SECONDS, check=True)

    return send


def tell_people(channels: Mapping[str, Send], state: str, text: str) -> bool:
    """Use all channels at once; whether one of them took it. What failed is said on stderr, without its address."""

    def use(name: str) -> bool:
        try:
            channels[name](state, text)
        except (OSError, smtplib.SMTPException, subprocess.SubprocessError, ValueError) as error:
            print_line(f"{name} did not take it: {type(error).__name__}: {getattr(error, 'reason', error)}")
            return False
        return True

    with ThreadPoolExecutor(len(channels)) as threads:
        return any(list(threads.map(use, channels)))


def watch_hub(url: str, channels: Mapping[str, Send], context: ssl.SSLContext, options: argparse.Namespace) -> None:
    """Look for ever."""
    watched = Watched()
    while True:
        began = time.monotonic()
        found = look_at(url, context, min(ANSWER_WITHIN_SECONDS, max(options.every, 1.0)))
        state = judge_look(watched, found, began, options.again)
        if found is not None or state is not None:
            print_line(f"{state or 'a look'}: {found or 'ready'}")
        if state is not None and tell_people(channels, state, text_of(state, url, found)):
            was_told(watched, state, time.monotonic())
        time.sleep(max(0.0, options.every - (time.monotonic() - began)))


def print_line(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """0 and 1: see `--once`; 2 for wrong arguments, 3 when no channel takes a first message."""
    options = _parse_arguments(arguments)
    url = options.url.rstrip("/").removesuffix("/readyz") + "/readyz"
    context = ssl.create_default_context(cafile=options.ca)
    if options.once:
        found = look_at(url, context)
        sys.stdout.write(f"{found or 'ready'}\n")
        return 0 if found is None else 1
    try:
        channels = _open_channels(options, url, context)
    except ValueError as error:
        print_line(str(error))
        return 2
    if not channels:
        print_line("nobody would be told: give --webhook, --smtp or --command (--once only asks)")
        return 2
    if not tell_people(channels, "watching", text_of("watching", url, None)):
        print_line("no channel took the first message: correct it, so that somebody hears of a hub in trouble")
        return 3
    try:
        watch_hub(url, channels, context, options)
    except KeyboardInterrupt:
        return 0
    return 0


def _open_channels(options: argparse.Namespace, url: str, context: ssl.SSLContext) -> dict[str, Send]:
    channels: dict[str, Send] = {}
    if options.webhook:
        if urlsplit(options.webhook).scheme not in {"http", "https"}:
            raise ValueError("--webhook should be a URL that begins with https://")
        channels["webhook"] = post_to_webhook(options.webhook, url, context)
    if options.smtp:
        channels["smtp"] = mail_over(options.smtp, context)
    if options.command:
        channels["command"] = run_command(options.command)
    return channels


def _parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="anling watch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", type=_hub_url, help="where people reach the pages, such as https://anling.example.org")
    for channel in ("webhook", "smtp", "command"):
        parser.add_argument(f"--{channel}", default=os.environ.get(f"ANLING_WATCH_{channel.upper()}"))
    parser.add_argument("--every", type=_check_seconds, default=EVERY_SECONDS, help="seconds between two looks")
    parser.add_argument("--again", type=_check_seconds, default=AGAIN_SECONDS, help="seconds until it is said again")
    parser.add_argument("--ca", help="a file with the certificate of the hub, when no authority vouches for it")
    parser.add_argument("--once", action="store_true", help="ask once; 0 when it is ready, 1 when not")
    return parser.parse_args(arguments)


def _hub_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} should be a URL such as https://anling.example.org")
    return text.replace(parts.hostname, parts.hostname.encode("idna").decode("ascii"), 1)


def _check_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError("should be between 0 and 3600")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
