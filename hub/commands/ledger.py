"""`./anling ledger verify`: does each row of both chains follow from the one before it?"""

import typer

from hub.commands.terminal import exit_with_error, print_line
from hub.commands.work import Work, run_in_edit
from hub.ledger import service as records
from hub.ledger.model import Chain
from hub.ledger.service import Verified

app = typer.Typer(no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """The append-only record of what happened."""


@app.command()
def verify() -> None:
    """Work out both chains again from their first row; ends with 1 and the first row that is wrong."""
    found = run_in_edit(_verify_chains)
    for chain, verified in found.items():
        if verified.broken_at is None:
            print_line(f"{chain}: {verified.rows} rows, each follows from the one before it")
    broken = [f"{chain}: broken at row {one.broken_at}" for chain, one in found.items() if one.broken_at is not None]
    if broken:
        exit_with_error("\n".join(broken))


async def _verify_chains(work: Work) -> dict[Chain, Verified]:
    return {chain: await records.verify_chain(work.conn, work.centre_id, chain) for chain in Chain}
