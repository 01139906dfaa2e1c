"""Signs people in and out: sessions, invitations, the first administrator. Accounts in, cookies' values out."""

import hashlib
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.access import store
from hub.access.errors import (
    InvitationExpired,
    InvitationUsed,
    NoCentreYet,
    NoSuchAccount,
    NoSuchInvitation,
    TooBusy,
    TooManyTries,
    WrongAccountOrPassword,
    WrongPhone,
)
from hub.access.model import FirstAdministratorWish, Role, SessionKind, Subject
from hub.access.passwords import Passwords, Tried, check_strength
from hub.access.rate_limit import PASSWORD, PHONE_DIGITS, AttemptKey, RateLimit
from hub.kit.db import Conn, Database
from hub.kit.fair_lane import FairLane, LaneFull
from hub.kit.ids import AccountId, new_id
from hub.kit.proxy_protocol import address_share
from hub.kit.refusals import Refusals
from hub.ledger.model import Chain, Entry
from hub.ledger.service import append_entries

STAFF_IDLE = timedelta(minutes=30)
STAFF_LONGEST = timedelta(hours=12)
FAMILY_IDLE = timedelta(days=30)
INVITATION_LASTS = timedelta(days=7)
KNOWN_FOR = timedelta(days=30)
"""As long as a session that is over, or a link, is kept: see `retention`."""
FIRST_LINK_LASTS = timedelta(days=1)
# A session's last use is written at most so often: each request would cost a write otherwise.
_SEEN_EVERY = timedelta(minutes=1)
# Of the connections with which people accept alarms, signing in takes two at most.
_LOOKUPS_AT_ONCE = 2
_LOOKUPS_WAITING = 100
_LOOKUPS_OF_ONE = 20


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that holds, and whose it is."""

    session_id: bytes
    subject: Subject


@dataclass(frozen=True, slots=True)
class CameFrom:
    """Where a request to sign in came from: its address, and what the browser has of earlier sessions.

    `known` is of one in which this account was signed in, `session` of the one that it is in now.
    """

    address: str
    known: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session: `token` is the cookie's value and is nowhere else."""

    token: str
    kind: SessionKind
    lasts: timedelta


class Access:
    """Authentication of one hub.

    `https`: cookies are sent over HTTPS only; `simulated`: the accounts of simulated centres work.
    """

    def __init__(self, database: Database, *, https: bool, simulated: bool) -> None:
        self._database = database
        self._passwords = Passwords()
        self._password_limit = RateLimit(PASSWORD)
        self._digits_limit = RateLimit(PHONE_DIGITS)
        self._lookups = FairLane(at_once=_LOOKUPS_AT_ONCE, may_wait=_LOOKUPS_WAITING, of_one=_LOOKUPS_OF_ONE)
        self.refusals = Refusals("sign-in")
        self.https = https
        self.simulated = simulated

    def cookie_name(self, kind: SessionKind) -> str:
        """The name of a session's cookie; with `__Host-` a neighbouring host cannot set it (RFC 6265bis)."""
        return f"__Host-anling-{kind}" if self.https else f"anling-{kind}"

    async def signed_in(self, kind: SessionKind, token: str | None, now: datetime) -> SignedIn | None:
        """The session behind a cookie's value, and a note that it is in use; None when there is none that holds."""
        return await self.still_signed_in(kind, _digest_token(token), now) if token else None

    async def still_signed_in(self, kind: SessionKind, session_id: bytes, now: datetime) -> SignedIn | None:
        """The same, for a stream or a picture that has been open for a while. An open stream is use."""
        async with self._database.transaction() as conn:
            row = await store.open_session(conn, session_id, kind)
            if row is None or min(row.idle_until, row.ends_at) <= now or (row.simulated and not self.simulated):
                return None
            idle_until, ends_at = row.idle_until, row.ends_at
            if now - row.seen_at >= _SEEN_EVERY:
                idle_until = now + _idle_timeout(kind)
                # A known phone stays signed in for as long as it is used; staff prove who they are twice a day.
                ends_at = idle_until if kind is SessionKind.FAMILY else ends_at
                await store.touch_session(conn, session_id, now, idle_until=idle_until, ends_at=ends_at)
        return SignedIn(
            session_id,
            Subject(
                account_id=row.account_id,
                centre_id=row.centre_id,
                role=Role(row.role),
                kind=kind,
                active=row.active,
                signed_in_until=min(idle_until, ends_at),
            ),
        )

    def known_cookie_name(self, account_id: AccountId) -> str:
        """The name of the cookie by which a browser is known in which this account has signed in before."""
        return f"__Secure-anling-known-{account_id}" if self.https else f"anling-known-{account_id}"

    async def sign_in(self, account_id: AccountId, password: str, came_from: CameFrom, now: datetime) -> OpenedSession:
        """Open a staff session for whoever knows the password. Raises WrongAccountOrPassword, TooManyTries or TooBusy.

        Wrong answers elsewhere, from the same address too, do not make a browser wait that this account has used within
        a month. The browser's session before, and the account's own one in it, end.
        """
        account, known = await self._look_up(account_id, came_from)
        place = f"browser {known.hex()}" if known else address_share(came_from.address)
        key = (place, account_id)
        try:
            _refuse_early_try(self._password_limit, key, now)
            tried = Tried(account_id, password, self._usable_hash(account))
            if not await self._passwords.is_right(tried, place, known=known is not None) or account is None:
                self._password_limit.was_wrong(key, now)
                raise WrongAccountOrPassword
        except (TooManyTries, WrongAccountOrPassword):
            self._count_refused(account)
            raise
        self._password_limit.was_right(key)
        async with self._database.transaction() as conn:
            if known is not None:
                await store.end_session(conn, known, now)
            await _end_replaced(conn, came_from.session, now)
            opened = await open_session(conn, account.id, SessionKind.STAFF, now)
            await append_entries(
                conn, account.centre_id, Chain.ACCESS, [Entry("signed-in", {"person": str(account.person)})], now
            )
        return opened

    async def _look_up(
        self, account_id: AccountId, came_from: CameFrom
    ) -> tuple[store.AccountRow | None, bytes | None]:
        """The account, and the id of its session that this browser had, if it had one. Raises TooBusy."""
        known = _digest_token(came_from.known) if came_from.known else None
        try:
            async with self._lookups.take_turn(address_share(came_from.address)), self._database.transaction() as conn:
                if known is not None and not await store.was_session_of(conn, known, account_id):
                    known = None
                return await store.find_account(conn, account_id), known
        except LaneFull:
            raise TooBusy(seconds=2) from None

    def _usable_hash(self, account: store.AccountRow | None) -> str | None:
        """The hash of the password with which this account may sign in here; None: with none."""
        if account is None or not account.active or account.role == Role.FAMILY:
            return None
        return account.password_hash if self.simulated or not account.simulated else None

    def _count_refused(self, account: store.AccountRow | store.InvitationRow | None) -> None:
        if account is None:
            self.refusals.count_unknown()
        else:
            account_id = account.id if isinstance(account, store.AccountRow) else account.account_id
            self.refusals.count(f"account:{account_id}", ("person", str(account.person)))

    async def sign_out(self, token: str, now: datetime) -> None:
        """End the session behind a cookie's value."""
        async with self._database.transaction() as conn:
            await store.end_session(conn, _digest_token(token), now)

    async def family_invitation(self, token: str, now: datetime) -> store.InvitationRow:
        """What a family member's link is about. Raises NoSuchInvitation, InvitationUsed or InvitationExpired."""
        async with self._database.transaction() as conn:
            return await self._find_usable_invitation(conn, token, SessionKind.FAMILY, now)

    async def staff_invitation(self, token: str, now: datetime) -> store.InvitationRow:
        """What a staff member's link is about. Raises NoSuchInvitation, InvitationUsed or InvitationExpired."""
        async with self._database.transaction() as conn:
            return await self._find_usable_invitation(conn, token, SessionKind.STAFF, now)

    async def open_invitation(
        self, token: str, phone_last4: str, now: datetime, *, replaces: str | None = None
    ) -> OpenedSession:
        """Open a family session on the phone whose number staff wrote down; the one it `replaces` ends.

        Raises WrongPhone, TooManyTries, NoSuchInvitation, InvitationUsed or InvitationExpired.
        """
        key = ("invitation", _digest_token(token).hex())
        async with self._database.transaction() as conn:
            row = await self._find_usable_invitation(conn, token, SessionKind.FAMILY, now)
            # Only now, with the link locked and nothing awaited until the answer counts: many guesses sent at once
            # would all be looked at otherwise.
            try:
                _refuse_early_try(self._digits_limit, key, now)
            except TooManyTries:
                self._count_refused(row)
                raise
            if len(row.phone) < len("1234") or not secrets.compare_digest(
                row.phone[-4:].encode(), phone_last4.encode()
            ):
                self._digits_limit.was_wrong(key, now)
                self._count_refused(row)
                raise WrongPhone
            await _end_replaced(conn, replaces, now)
            opened = await open_session(conn, row.account_id, SessionKind.FAMILY, now)
            await store.use_invitation(conn, _digest_token(token), now)
            await append_entries(
                conn, row.centre_id, Chain.ACCESS, [Entry("invitation-opened", {"person": str(row.person)})], now
            )
        self._digits_limit.was_right(key)
        return opened

    async def choose_password(
        self, token: str, password: str, now: datetime, *, replaces: str | None = None
    ) -> OpenedSession:
        """Let a new staff member choose her password with her link, and in; the session it `replaces` ends.

        Raises WeakPassword, NoSuchInvitation, InvitationUsed or InvitationExpired.
        """
        check_strength(password)
        await self.staff_invitation(token, now)
        password_hash = await self._passwords.hash(password, f"link {_digest_token(token).hex()}")
        async with self._database.transaction() as conn:
            row = await self._find_usable_invitation(conn, token, SessionKind.STAFF, now)
            await store.set_password(conn, row.account_id, password_hash)
            await store.end_sessions_of(conn, row.account_id, now)
            await _end_replaced(conn, replaces, now)
            opened = await open_session(conn, row.account_id, SessionKind.STAFF, now)
            await store.use_invitation(conn, _digest_token(token), now)
            await append_entries(
                conn, row.centre_id, Chain.ACCESS, [Entry("password-chosen", {"person": str(row.person)})], now
            )
        return opened

    async def become_first_administrator(
        self, token: str, wish: FirstAdministratorWish, now: datetime
    ) -> OpenedSession:
        """Make the first administrator's account, id `administrator`, and sign her in.

        Raises NoCentreYet before the first import, WeakPassword, NoSuchInvitation, InvitationUsed, InvitationExpired.
        """
        check_strength(wish.password)
        await self.first_link_works(token, now)
        password_hash = await self._passwords.hash(wish.password)
        async with self._database.transaction() as conn:
            await self._usable_first_link(conn, token, now)
            if wish.centre_id is None:
                raise NoCentreYet
            account_id = AccountId(Role.ADMINISTRATOR.value)
            if await store.find_account(conn, account_id) is not None:
                account_id = AccountId(new_id(Role.ADMINISTRATOR, now)[:32])
            administrator = store.NewAdministrator(account_id, wish.centre_id, wish.name, password_hash)
            await store.insert_administrator(conn, administrator)
            await store.end_first_links(conn, now)
            await _end_replaced(conn, wish.replaces, now)
            opened = await open_session(conn, account_id, SessionKind.STAFF, now)
            await append_entries(
                conn, wish.centre_id, Chain.ACCESS, [Entry("first-administrator", {"account": account_id})], now
            )
        return opened

    async def first_link_works(self, token: str, now: datetime) -> None:
        """Raises NoSuchInvitation, InvitationUsed or InvitationExpired unless the link still works."""
        async with self._database.transaction() as conn:
            await self._usable_first_link(conn, token, now)

    async def list_simulated_accounts(self) -> list[store.AccountRow]:
        """The accounts of a simulated centre, which a stranger may try; empty for a real one."""
        if not self.simulated:
            return []
        async with self._database.transaction() as conn:
            return await store.list_simulated_accounts(conn)

    async def account(self, account_id: AccountId) -> store.AccountRow:
        """The account of somebody who is signed in."""
        async with self._database.transaction() as conn:
            account = await store.find_account(conn, account_id)
        assert account is not None
        return account

    async def _usable_first_link(self, conn: Conn, token: str, now: datetime) -> None:
        row = await store.lock_first_link(conn, _digest_token(token))
        if row is None:
            raise NoSuchInvitation
        if row.used_at is not None or await store.has_administrator(conn):
            raise InvitationUsed
        if row.ends_at <= now:
            raise InvitationExpired

    async def _find_usable_invitation(
        self, conn: Conn, token: str, kind: SessionKind, now: datetime
    ) -> store.InvitationRow:
        row = await store.lock_invitation(conn, _digest_token(token))
        if row is None or not row.active or (row.simulated and not self.simulated) or _kind_of(row.role) is not kind:
            raise NoSuchInvitation
        if row.used_at is not None and not row.reusable:
            raise InvitationUsed
        if row.ends_at <= now:
            raise InvitationExpired
        return row


async def open_session(conn: Conn, account_id: AccountId, kind: SessionKind, now: datetime) -> OpenedSession:
    """Open a session for an account that has just proven, in its own way, that it is hers."""
    token = secrets.token_urlsafe(32)
    lasts = FAMILY_IDLE if kind is SessionKind.FAMILY else STAFF_LONGEST
    await store.insert_session(
        conn, store.NewSession(_digest_token(token), account_id, kind, now, now + _idle_timeout(kind), now + lasts)
    )
    return OpenedSession(token, kind, lasts)


async def _end_replaced(conn: Conn, token: str | None, now: datetime) -> None:
    """End the session that this browser had: its cookie is about to be another's."""
    if token:
        await store.end_session(conn, _digest_token(token), now)


async def create_invitation(conn: Conn, invited: "Invited", now: datetime) -> str:
    """Make a link that signs an account in; returns its token, which is stored nowhere."""
    token = secrets.token_urlsafe(32)
    await store.insert_invitation(
        conn,
        store.NewInvitation(
            id=_digest_token(token),
            account_id=invited.account_id,
            made_by=invited.made_by,
            made_at=now,
            ends_at=now + invited.lasts,
            reusable=invited.reusable,
        ),
    )
    return token


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a link signs in. `reusable` is for a simulated centre, where a stranger looks twice."""

    account_id: AccountId
    made_by: AccountId | None = None
    lasts: timedelta = INVITATION_LASTS
    reusable: bool = False


async def require_account(conn: Conn, account_id: AccountId) -> store.AccountRow:
    """The account with this id, active or not. Raises NoSuchAccount."""
    found = await store.find_account(conn, account_id)
    if found is None:
        raise NoSuchAccount(f"no account is called {account_id}")
    return found


async def first_administrator_link(conn: Conn, now: datetime) -> str | None:
    """A fresh one-use token for the first administrator; None once one can sign in. Earlier ones stop working."""
    if await store.has_administrator(conn):
        return None
    await store.end_first_links(conn, now)
    token = secrets.token_urlsafe(32)
    await store.insert_first_link(conn, _digest_token(token), now, now + FIRST_LINK_LASTS)
    return token


def _idle_timeout(kind: SessionKind) -> timedelta:
    return FAMILY_IDLE if kind is SessionKind.FAMILY else STAFF_IDLE


def _kind_of(role: str) -> SessionKind:
    return SessionKind.FAMILY if role == Role.FAMILY else SessionKind.STAFF


def _digest_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _refuse_early_try(tries: RateLimit, key: AttemptKey, now: datetime) -> None:
    wait = tries.wait(key, now)
    if wait:
        raise TooManyTries(seconds=math.ceil(wait.total_seconds()))
