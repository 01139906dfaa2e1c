"""`./anling invite`, `reset-password`, `disable`, `enable`: who may sign in to the pages, and who no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from hub.access import accounts
from hub.access.errors import AccountDisabled, FamilyHasNoPassword, HasPassword
from hub.access.model import Role
from hub.access.store import AccountRow
from hub.alarms import duties, history
from hub.alarms.duties import EmptyTier
from hub.centre.model import Applies
from hub.commands.naming import Named, find_named
from hub.commands.terminal import print_line
from hub.commands.work import CannotDo, Work, run_in_edit
from hub.notifications import service as notifications

WhoArgument = Annotated[str, typer.Argument(metavar="WHO", help="The id of an account, or a name that only one has.")]

_HOURS: Final = {Applies.OPENING_HOURS: "opening hours", Applies.OUT_OF_HOURS: "closed hours"}

app = typer.Typer()


@app.command()
def invite(who: WhoArgument) -> None:
    """Print a new link that signs somebody in, once, for a week; links made before it work no more."""
    print_line(run_in_edit(lambda work: _renew_link(work, who)))


@app.command("reset-password")
def reset_password(who: WhoArgument) -> None:
    """End a staff member's password and sessions, and print a link with which she chooses a new one, once."""
    print_line(run_in_edit(lambda work: _reset_password(work, who)))


@app.command()
def disable(who: WhoArgument) -> None:
    """Disable an account within a second: its sessions, pictures, messages and links end; alarms that it owns ring."""
    disabled = run_in_edit(lambda work: _disable_account(work, who))
    for line in _lines_about(disabled):
        print_line(line)


@app.command()
def enable(who: WhoArgument) -> None:
    """Enable an account that was disabled."""
    print_line(run_in_edit(lambda work: _enable_account(work, who)))


async def find_account_by_word(work: Work, who: str) -> AccountRow:
    """The account that a person means by `who`. Raises CannotDo."""
    rows = {row.id: row for row in await accounts.accounts_of(work.conn, work.centre_id)}
    named = [Named(row.id, (row.name, row.name_en)) for row in rows.values()]
    wanted = find_named("account", who, named)
    return next(row for row in rows.values() if row.id == wanted)


def _label_of(account: AccountRow) -> str:
    return f"{account.name} ({account.id})"


def _link_line(work: Work, account: AccountRow, token: str) -> str:
    page = "/family#i/" if account.role == Role.FAMILY else "/#i/"
    return f"{work.settings.origin}{page}{token}"


async def _renew_link(work: Work, who: str) -> str:
    account = await find_account_by_word(work, who)
    try:
        token = await accounts.renew_invitation(work.edit, account.id)
    except AccountDisabled:
        raise CannotDo(_is_disabled(account)) from None
    except HasPassword:
        raise CannotDo(
            f"{_label_of(account)} has a password and signs in with it: "
            f"when it is forgotten, ./anling reset-password {account.id}"
        ) from None
    asks = ", asks for the end of her phone number" if account.role == Role.FAMILY else ""
    return f"For {_label_of(account)}, works once, for a week{asks}; links made before it work no more:\n" + _link_line(
        work, account, token
    )


async def _reset_password(work: Work, who: str) -> str:
    account = await find_account_by_word(work, who)
    try:
        token = await accounts.reset_password(work.edit, account.id)
    except AccountDisabled:
        raise CannotDo(_is_disabled(account)) from None
    except FamilyHasNoPassword:
        raise CannotDo(
            f"{_label_of(account)} is family and has no password: for a new link, ./anling invite {account.id}"
        ) from None
    return (
        f"The password of {_label_of(account)} works no more, and she is signed out everywhere. "
        f"With this link she chooses a new one, once, within a week:\n{_link_line(work, account, token)}"
    )


def _is_disabled(account: AccountRow) -> str:
    return f"{_label_of(account)} is disabled: to let her in again, ./anling enable {account.id}"


@dataclass(frozen=True, slots=True)
class _Disabled:
    """Who was disabled, and what that leaves to somebody else."""

    called: str
    alarms: Sequence[str]
    empty_tiers: Sequence[EmptyTier]
    is_last_administrator: bool


async def _disable_account(work: Work, who: str) -> _Disabled:
    account = await find_account_by_word(work, who)
    if not account.active:
        raise CannotDo(f"{_label_of(account)} is disabled already")
    owned = await history.numbers_owned_by(work.conn, account.id)
    empty = await duties.empty_tiers(work.conn, work.centre_id, work.now)
    then = await duties.empty_tiers(work.conn, work.centre_id, work.now, without=account.id)
    others = [row for row in await accounts.accounts_of(work.conn, work.centre_id) if row.id != account.id]
    await notifications.withdraw_messages_to(work.conn, account.id, work.now)
    await accounts.disable_account(work.edit, account.id)
    return _Disabled(
        called=_label_of(account),
        alarms=owned,
        empty_tiers=[tier for tier in then if tier not in empty],
        is_last_administrator=account.role == Role.ADMINISTRATOR
        and not any(row.role == Role.ADMINISTRATOR and row.active for row in others),
    )


def _lines_about(disabled: _Disabled) -> list[str]:
    lines = [f"{disabled.called} is disabled: signed out everywhere, and told of nothing any more."]
    if disabled.alarms:
        lines.append(f"Alarms that she had taken ring again: {', '.join(disabled.alarms)}")
    lines += [
        f"Nobody is left on tier {tier.number} of the {_HOURS[tier.applies]}: {', '.join(tier.targets)}"
        for tier in disabled.empty_tiers
    ]
    if disabled.empty_tiers:
        lines.append("Give the duty to somebody in the centre's file and import it; ./anling roster gaps shows when.")
    if disabled.is_last_administrator:
        lines.append("No administrator is left: ./anling administrator prints a link that makes one.")
    return lines


async def _enable_account(work: Work, who: str) -> str:
    account = await find_account_by_word(work, who)
    if not await accounts.enable_account(work.edit, account.id):
        raise CannotDo(f"{_label_of(account)} is not disabled")
    by = "with her password" if account.password_hash is not None else f"by a new link: ./anling invite {account.id}"
    return f"{_label_of(account)} may come in again, {by}"
