"""`./anling consent withdraw`, `pause`, `resume`: what a senior withdraws, and "not now"."""

from typing import Annotated, Final

import typer

from hub.access import accounts
from hub.commands.moments import parse_moment
from hub.commands.naming import Named, find_named
from hub.commands.terminal import print_line
from hub.commands.work import CannotDo, Work, run_in_edit
from hub.people import directory
from hub.people import service as people
from hub.people.directory import SeniorNames
from hub.people.model import Purpose, VetoSource

SeniorArgument = Annotated[str, typer.Argument(metavar="SENIOR", help="Her id, or a name that only one has: 王奶奶.")]

_CALLED: Final = {
    Purpose.LIVE_VIDEO: "seeing the room she is in",
    Purpose.WHEREABOUTS: "knowing where she is",
    Purpose.ALARMS: "hearing of her alarms",
}
_MEANT: Final = {
    **{purpose.value: purpose for purpose in Purpose},
    **dict.fromkeys(("画面", "视频", "实时画面"), Purpose.LIVE_VIDEO),
    **dict.fromkeys(("行踪", "位置", "在哪里"), Purpose.WHEREABOUTS),
    **dict.fromkeys(("报警", "呼叫"), Purpose.ALARMS),
}

app = typer.Typer()
consent_app = typer.Typer(no_args_is_help=True)


@consent_app.callback()
def consent() -> None:
    """What a senior has agreed to."""


@consent_app.command()
def withdraw(
    senior: SeniorArgument,
    purpose: Annotated[
        str, typer.Argument(metavar="PURPOSE", help="live_video (画面), whereabouts (行踪) or alarms (报警).")
    ],
) -> None:
    """Withdraw what a senior agreed to, for all her relatives; pictures end within a second."""
    print_line(run_in_edit(lambda work: _withdraw_consent(work, senior, purpose)))


@app.command()
def pause(
    senior: SeniorArgument,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="18:00, 2h or 2026-12-03 18:00.")] = None,
) -> None:
    """Say "not now" for a senior (先别看我): pictures of the room she is in end within a second."""
    print_line(run_in_edit(lambda work: _pause_viewing(work, senior, until)))


@app.command()
def resume(senior: SeniorArgument) -> None:
    """End a senior's "not now": what she has consented to can be seen again."""
    print_line(run_in_edit(lambda work: _resume_viewing(work, senior)))


async def _find_senior(work: Work, word: str) -> SeniorNames:
    """The senior that a person means. Raises CannotDo."""
    rows = await directory.seniors_of(work.conn, work.centre_id)
    named = [Named(row.id, (row.address_as, row.address_as_en, row.name)) for row in rows]
    wanted = find_named("senior", word, named)
    return next(row for row in rows if row.id == wanted)


def _label_of(senior: SeniorNames) -> str:
    return f"{senior.address_as} ({senior.id})"


async def _withdraw_consent(work: Work, word: str, text: str) -> str:
    senior, purpose = await _find_senior(work, word), _parse_purpose(text)
    relatives = set(await people.withdraw_consents(work.edit, senior.id, purpose))
    if not relatives:
        raise CannotDo(
            f"nobody has the consent of {_label_of(senior)} to {_CALLED[purpose]}: there is none to withdraw"
        )
    names = [
        f"{row.name} ({row.id})" for row in await accounts.accounts_of(work.conn, work.centre_id) if row.id in relatives
    ]
    return f"{_label_of(senior)} has withdrawn her consent to {_CALLED[purpose]}: {', '.join(names)}"


def _parse_purpose(text: str) -> Purpose:
    meant = _MEANT.get(text.strip().casefold().replace("-", "_"))
    if meant is None:
        raise CannotDo(f"there is no purpose {text}: write live_video (画面), whereabouts (行踪) or alarms (报警)")
    return meant


async def _pause_viewing(work: Work, word: str, text: str | None) -> str:
    senior = await _find_senior(work, word)
    until = None if text is None else parse_moment(text, work.zone, work.now)
    is_news = await people.pause_viewing(work.edit, senior.id, VetoSource.STAFF, until)
    lasts = f"until {work.local(until)}" if until is not None else f"until ./anling resume {senior.id}"
    if not is_news:
        raise CannotDo(f"{_label_of(senior)} is not watched for as long already: ./anling resume {senior.id} ends that")
    return f"{_label_of(senior)} is not watched {lasts}"


async def _resume_viewing(work: Work, word: str) -> str:
    senior = await _find_senior(work, word)
    if not await people.resume_viewing(work.edit, senior.id):
        raise CannotDo(f"nothing to take back: {_label_of(senior)} has not said that she is not to be watched")
    return f"{_label_of(senior)} may be watched again, by whom she agreed to"
