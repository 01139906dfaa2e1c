"""`./anling alarms list`, `alarms show`: which alarms are there, and how did one go?"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import typer

from hub.alarms import card, history
from hub.alarms.card import AlarmCard, AlarmMoment, AlarmStory
from hub.alarms.history import WholeAlarm
from hub.commands.terminal import print_line
from hub.commands.work import CannotDo, Work, run_in_edit

NEWEST: Final = 200
"""How many `--all` shows: two months of a centre with three alarms a day."""

app = typer.Typer(no_args_is_help=True)


@app.callback()
def alarms() -> None:
    """Alarms as they stand, and how they went."""


@app.command("list")
def list_alarms(
    *, closed: Annotated[bool, typer.Option("--all", help=f"The newest {NEWEST}, closed ones too.")] = False
) -> None:
    """List the alarms that are not closed, the oldest first."""
    for line in run_in_edit(lambda work: _read_list(work, closed=closed)):
        print_line(line)


@app.command()
def show(wanted: Annotated[str, typer.Argument(metavar="NUMBER", help="A number such as 23-07, or an id.")]) -> None:
    """Show one alarm: times, tiers, who was told, who took it, its outcome, and what staff wrote about it."""
    for line in run_in_edit(lambda work: _read_alarm(work, wanted)):
        print_line(line)


async def _read_list(work: Work, *, closed: bool) -> list[str]:
    shown = (
        await history.newest_cards(work.conn, work.centre_id, NEWEST)
        if closed
        else await card.read_unclosed_cards(work.conn, work.centre_id)
    )
    return [_alarm_line(work, alarm) for alarm in shown] or ["no alarms" if closed else "no alarms that are not closed"]


def _alarm_line(work: Work, alarm: AlarmCard) -> str:
    who = "" if alarm.owner is None else f"  {alarm.owner.name} ({alarm.owner.id})"
    outcome = "" if alarm.outcome is None else f"  {alarm.outcome}"
    drill = "  drill" if alarm.drill else ""
    words = alarm.summary.get("zh-CN", alarm.klass)
    return (
        f"{alarm.number}  {work.local(alarm.opened_at)}  {alarm.priority}  {alarm.state}{drill}  {words}{who}{outcome}"
    )


async def _read_alarm(work: Work, wanted: str) -> list[str]:
    alarm_id = await history.find_alarm(work.conn, work.centre_id, wanted)
    found = None if alarm_id is None else await history.read_whole_alarm(work.edit, alarm_id)
    if found is None:
        raise CannotDo(f"there is no alarm {wanted}: ./anling alarms list --all shows their numbers")
    return list(_alarm_lines(work, found))


def _alarm_lines(work: Work, found: WholeAlarm) -> Iterator[str]:
    story = found.story
    yield f"{_alarm_line(work, story)}  {story.id}"
    yield f"tier {story.tier + 1}, pressed {story.times_pressed} times, {', '.join(_alarm_flags(story)) or 'no flags'}"
    for what, at in _alarm_times(story):
        if at is not None:
            yield f"  {what}: {_time_text(work, at)}"
    yield from (f"  told: {one.name} ({one.account_id}), {one.state}" for one in story.told)
    yield "What happened:"
    yield from (f"  {_timeline_line(work, moment)}" for moment in story.timeline)
    for one in found.sentences:
        yield f"{one.by_name} ({one.by_id}) wrote about the {one.about} at {work.local(one.at)}: {one.sentence}"


def _alarm_times(story: AlarmStory) -> tuple[tuple[str, datetime | None], ...]:
    return (
        ("pressed", story.pressed_at),
        ("opened", story.opened_at),
        ("accepted", story.accepted_at),
        ("on scene", story.on_scene_at),
        ("resolved", story.resolved_at),
    )


def _alarm_flags(story: AlarmStory) -> list[str]:
    flags = {
        "late": story.late,
        "time uncertain": story.time_uncertain,
        "unreachable": story.unreachable,
        "cancel requested": story.cancel_requested,
    }
    return [flag for flag, is_set in flags.items() if is_set]


def _timeline_line(work: Work, moment: AlarmMoment) -> str:
    by = "" if moment.by_name is None else f" by {moment.by_name}"
    params = ", ".join(f"{name} {value}" for name, value in moment.params.items())
    return f"{_time_text(work, moment.at)} {moment.what}{by}" + (f" ({params})" if params else "")


def _time_text(work: Work, at: datetime) -> str:
    return f"{at.astimezone(work.zone):%Y-%m-%d %H:%M:%S}"
