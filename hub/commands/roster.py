"""`./anling roster gaps`: when will nobody have a duty that the tiers call?"""

import typer

from hub.commands.terminal import print_line
from hub.commands.work import Work, run_in_edit
from hub.roster import service

app = typer.Typer(no_args_is_help=True)


@app.callback()
def roster() -> None:
    """Who is on duty when."""


@app.command()
def gaps() -> None:
    """List the times of the next 14 days in which nobody has a duty; ends with 1 when there are any."""
    found = run_in_edit(_gap_lines)
    for line in found:
        print_line(line)
    if found:
        raise typer.Exit(1)
    print_line("Somebody has each duty in the next 14 days.")


async def _gap_lines(work: Work) -> list[str]:
    return [
        f"{gap.duty}: nobody from {work.local(gap.from_at)} to {work.local(gap.to_at)}"
        for gap in await service.gaps_ahead(work.conn, work.centre_id, work.now)
    ]
