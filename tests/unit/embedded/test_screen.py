"""What does the person at the terminal read about addresses and a simulated centre's accounts?"""

import io

from rich.console import Console

from hub.access.model import Role
from hub.embedded.screen import Screen, ScreenAccount

LINK = "http://localhost:8080/family#i/" + 43 * "t"


def shown(*accounts: ScreenAccount, family_url: str | None = None) -> str:
    terminal = io.StringIO()
    Screen(Console(file=terminal, width=80), steps=1).print_accounts("Accounts of the demo", accounts, family_url)
    return terminal.getvalue()


def test_each_role_is_named_and_not_coded() -> None:
    everybody = [ScreenAccount(f"{role}-1", "某", role, "anling-demo") for role in Role]

    printed = shown(*everybody)

    assert all(f"{role}-1" in printed for role in Role)
    assert "社工 · social worker" in printed
    assert "street_office │" not in printed


def test_the_daughters_link_stands_whole_on_one_line() -> None:
    printed = shown(ScreenAccount("staff-01", "李敏", "staff", "anling-demo"), family_url=LINK)

    assert f"家属 · family: {LINK}\n" in printed


def test_an_address_stands_whole_on_one_line_whatever_its_folders_are_called() -> None:
    terminal = io.StringIO()
    folder = "/srv/[bold]/" + 90 * "x"

    Screen(Console(file=terminal, width=80), steps=1).print_addresses([("staff", LINK), ("data", folder)])

    assert terminal.getvalue() == f"\nstaff  {LINK}\ndata   {folder}\n"
