"""`./anling clock`: is the hub's clock in doubt, and is it right all the same?"""

import typer

from hub.alarms.clock_steps import confirm_clock
from hub.commands.terminal import print_line
from hub.commands.work import Work, run_in_edit
from hub.kit.clock_readings import Doubt, find_clock_doubt

app = typer.Typer(no_args_is_help=True)


@app.callback()
def clock() -> None:
    """The hub's wall clock."""


@app.command()
def show() -> None:
    """Say what the hub's clock shows, and whether it is in doubt; ends with 1 when it is."""
    said, is_in_doubt = run_in_edit(_describe_clock)
    print_line(said)
    if is_in_doubt:
        raise typer.Exit(1)


@app.command()
def confirm() -> None:
    """Say that the clock is right, after comparing it with another: what is old is deleted again."""
    print_line(
        "taken for right from now on"
        if run_in_edit(_confirm_clock)
        else "nothing to confirm: the clock is not in doubt"
    )


async def _describe_clock(work: Work) -> tuple[str, bool]:
    doubt = await find_clock_doubt(work.conn)
    shows = f"the hub's clock shows {work.local(work.now)}"
    if doubt is None:
        return f"{shows}; nothing says that it is wrong", False
    newest = work.local(doubt.newest)
    if doubt.doubt == Doubt.BEHIND:
        return f"{shows}, and it was {newest} already: set it", True
    return f"{shows}, and it was {newest} last: set it, or, when it is right, ./anling clock confirm", True


async def _confirm_clock(work: Work) -> bool:
    return await confirm_clock(work.conn, work.now)
