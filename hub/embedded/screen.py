"""What the person at the terminal sees while Anling starts and runs."""

import io
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import segno
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.access.model import Role
from hub.embedded.supervised import ChildEvent, Ended, Ready


@dataclass(frozen=True, slots=True)
class ScreenAccount:
    """Somebody who can sign in to a simulated centre."""

    id: str
    name: str
    role: str
    password: str


ROLES = {
    Role.STAFF: "工作人员 · staff",
    Role.SOCIAL_WORKER: "社工 · social worker",
    Role.LEAD: "组长 · lead",
    Role.GRID_HEAD: "网格楼院长 · grid head",
    Role.STREET_OFFICE: "街道 · street office",
    Role.FAMILY: "家属 · family",
    Role.AUDITOR: "审计 · auditor",
    Role.ADMINISTRATOR: "管理员 · administrator",
}


class Screen:
    """Lines on the terminal: one for each step when it is done, with a spinner while it lasts."""

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._steps = steps
        self._step = 0
        self._ended: set[str] = set()

    @contextmanager
    def show_step(self, what: str) -> Iterator[None]:
        """Show `what` as going on for as long as the block lasts, then as done."""
        self._step += 1
        place = f"{self._step}/{self._steps}"
        began = monotonic()
        with self._console.status(f"{place} {what}", spinner_style="cyan"):
            yield
        took = f"[dim]{monotonic() - began:.1f} s[/dim]"
        self._console.print(f"[green]✓[/green] {place} {what} {took}", highlight=False)

    def show_child_event(self, event: ChildEvent) -> None:
        """Tell when a process has died, and when it is back."""
        if isinstance(event, Ended):
            self._ended.add(event.name)
            line = f"{event.name} {_describe_exit(event.status)}; it starts again in {event.again_in:g} s"
            self._console.print(line, style="yellow", highlight=False)
        elif isinstance(event, Ready) and event.name in self._ended:
            self._ended.discard(event.name)
            self._console.print(f"{event.name} runs again", style="green", highlight=False)

    def print_addresses(self, addresses: Sequence[tuple[str, str]]) -> None:
        """Where everything is, each whole on one line: whoever copies it gets all of it."""
        self._console.print()
        width = max((cell_len(what) for what, _ in addresses), default=0)
        for what, address in addresses:
            line = Text.assemble(set_cell_size(what, width), "  ", (address, "bold"))
            self._console.print(line, highlight=False, soft_wrap=True)

    def print_accounts(self, title: str, accounts: Sequence[ScreenAccount], family_url: str | None = None) -> None:
        """One account of each role, with its password; these are a simulated centre's and work nowhere else.

        `family_url` is the link that signs in a family member: she has no password.
        """
        if not accounts:
            return
        table = Table("role", "account", "password", "name", title=title, title_justify="left")
        for account in {account.role: account for account in reversed(accounts)}.values():
            table.add_row(ROLES[Role(account.role)], account.id, account.password, account.name)
        self._console.print()
        self._console.print(table)
        if family_url is not None:
            self.print_line(f"{ROLES[Role.FAMILY]}: {family_url}")

    def print_qr_code(self, line: str, address: str) -> None:
        """An address as a QR code (ISO/IEC 18004) and in letters."""
        self.print_line(f"\n{line}")
        drawn = io.StringIO()
        segno.make(address, error="m").terminal(drawn, compact=True)
        # As it is: rich would fold a line that is wider than the terminal.
        self._console.file.write(drawn.getvalue())
        self.print_line(address)

    def print_line(self, line: str) -> None:
        """One line."""
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)


def _describe_exit(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
