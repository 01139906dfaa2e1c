"""Opens viewings, keeps their leases while their grants hold, and ends them when they do not."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

import psycopg

from hub.access.may import Refusal
from hub.access.model import Subject
from hub.kit.broadcast import Subscription
from hub.kit.bulkhead import Defect, call_in_bulkhead, run_in_bulkhead
from hub.kit.changes import Change, Changes
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId, SeniorId, ViewingId, new_id
from hub.ledger.model import Chain, Entry
from hub.ledger.service import append_entries
from hub.notices.model import NoticeCode
from hub.notices.service import clear_notice, raise_notice
from hub.video import store
from hub.video.engine import Candidates, Close, Engine, EngineRefused, EngineUnreachable, Open, Renew, Renewed
from hub.video.errors import (
    BadTicket,
    CannotPlay,
    NoSuchCamera,
    NoSuchViewing,
    NotShown,
    PictureAway,
    TooManyViewings,
)
from hub.video.facts import Question, ViewingFacts, decide_viewing
from hub.video.model import RENEW_SECONDS, Ending, Picture
from hub.video.policy import (
    Because,
    Code,
    Grant,
    ViewingBlurred,
    ViewingClear,
    ViewingRefused,
    picture_of,
)
from hub.video.recent_changes import RecentChanges
from hub.video.store import OpenViewing, WatchedRow
from hub.video.told_problems import ToldProblems, describe_problem

log = logging.getLogger(__name__)

TICKET_LASTS = timedelta(seconds=15)
MOST_IN_A_SESSION = 12
LOOK_SECONDS = 0.6
"""Longer than this to read the facts of all viewings: they are too old to renew a lease with."""
WATCHED_KINDS = ("grant", "presence", "session", "account", "viewing", "alarm", "device", "senior")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to see a room: the account and the session of the request."""

    account_id: AccountId
    centre_id: CentreId
    session_id: bytes


@dataclass(frozen=True, slots=True)
class OpenedViewing:
    """A viewing that may start within 15 s. The ticket is stored nowhere."""

    viewing_id: ViewingId
    ticket: str


@dataclass(frozen=True, slots=True)
class Playing:
    """A viewing that started: the SDP answer to its offer."""

    viewing_id: ViewingId
    answer: str


@dataclass(frozen=True, slots=True)
class PictureAvailability:
    """Whether a relative may watch a senior now, and with which camera; else why not and when it may be possible."""

    camera_id: DeviceId | None
    allowed: bool
    code: Code | Refusal | None = None
    next_at: datetime | None = None


class Video:
    """Live video of one hub. `run` must run: without it every picture ends within a second."""

    def __init__(self, database: Database, engine: Engine, changes: Changes, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._changes = changes
        self._clock = clock
        self._starting: set[ViewingId] = set()
        self._may_be_open = True
        self._told = ToldProblems()
        self._recent = RecentChanges(time.monotonic())
        self._unnoted: Subscription[Change] | None = None

    async def open_viewing(
        self, asker: Asker, camera_id: DeviceId, *, for_family: bool, reason: str = ""
    ) -> OpenedViewing:
        """Write down that this person will look, and give her the ticket to do it.

        Raises NoSuchCamera, TooManyViewings, or NotShown with the kind of refusal.
        """
        now = self._clock.now()
        async with self._database.transaction() as conn:
            questions = [Question(asker.account_id, asker.session_id, camera_id, reason=reason.strip())]
            if for_family:
                seniors = await store.seniors_of(conn, asker.account_id)
                questions = [
                    Question(asker.account_id, asker.session_id, camera_id, senior_id) for senior_id in seniors
                ]
            question, facts, grant = _choose_question(questions, await store.load_facts(conn, questions, now), now)
            if await store.count_open_in(conn, asker.session_id) >= MOST_IN_A_SESSION:
                raise TooManyViewings
            ticket = secrets.token_urlsafe(32)
            viewing = _build_viewing(question, facts, grant, now)
            await store.insert_viewing(conn, viewing)
            await store.insert_ticket(conn, _hash_ticket(ticket), viewing.id, now + TICKET_LASTS)
            about = {"viewing": viewing.id, "person": facts.person, "camera": camera_id, "room": viewing.room_id}
            entry = Entry("viewing-opened", {**about, "because": viewing.because})
            await append_entries(conn, viewing.centre_id, Chain.ACCESS, [entry], now)
        return OpenedViewing(viewing.id, ticket)

    async def play(self, ticket: str, session_ids: Sequence[bytes], camera_id: DeviceId, offer: str) -> Playing:
        """Start the viewing of this ticket: WHEP's offer in, answer out.

        Raises BadTicket, NotShown, CannotPlay or PictureAway; the ticket is used up by any of them but the first.
        """
        as_of, now = time.monotonic(), self._clock.now()
        async with self._database.transaction() as conn:
            viewing = await store.use_ticket(conn, _hash_ticket(ticket), session_ids, camera_id, now)
            if viewing is None:
                raise BadTicket
            (facts,) = await store.load_facts(conn, [viewing.question], now)
            verdict = decide_viewing(viewing.question, facts, now)
            if verdict is None or isinstance(verdict, ViewingRefused):
                await self._write_end(conn, viewing, _refusal_code(verdict), now)
            else:
                self._starting.add(viewing.id)
        if verdict is None:
            raise NoSuchCamera
        if isinstance(verdict, ViewingRefused):
            raise NotShown(verdict)
        self._note_changes()
        since, depends_on = verdict.grant.since, verdict.grant.depends_on
        assert facts.address is not None
        opening = Open(
            viewing_id=viewing.id,
            camera_id=camera_id,
            address=facts.address,
            picture=picture_of(verdict),
            as_of=as_of,
            held_seconds=self._recent.held(viewing, depends_on, (now - since).total_seconds(), as_of),
            offer=offer,
        )
        try:
            answer = await self._engine.open(opening)
        except EngineRefused as error:
            await self._end_viewing(viewing, error.code)
            if error.problem is not None:
                met = Renewed(gone={}, unusable={camera_id: error.problem})
                await self._notice_cameras({camera_id: viewing.centre_id}, (camera_id,), met)
            raise CannotPlay(error.code) from error
        except EngineUnreachable as error:
            await self._end_viewing(viewing, Ending.PICTURE_AWAY)
            raise PictureAway from error
        finally:
            self._starting.discard(viewing.id)
        self._may_be_open = True
        return Playing(viewing.id, answer.sdp)

    async def add_candidates(self, viewing_id: ViewingId, session_ids: Sequence[bytes], fragment: str) -> None:
        """More of the viewer's addresses. Raises NoSuchViewing, CannotPlay or PictureAway."""
        async with self._database.transaction() as conn:
            viewing = await store.open_viewing_in(conn, viewing_id, session_ids)
        if viewing is None:
            raise NoSuchViewing
        try:
            await self._engine.add_candidates(Candidates(viewing_id=viewing_id, fragment=fragment))
        except EngineRefused as error:
            raise CannotPlay(error.code) from error
        except EngineUnreachable as error:
            raise PictureAway from error

    async def end(self, viewing_id: ViewingId, session_ids: Sequence[bytes]) -> None:
        """The viewer has seen enough. Raises NoSuchViewing."""
        async with self._database.transaction() as conn:
            viewing = await store.open_viewing_in(conn, viewing_id, session_ids)
        if viewing is None:
            raise NoSuchViewing
        await self._close_viewings((viewing.id,))
        await self._end_viewing(viewing, "left")

    async def report(self, viewing_id: ViewingId, session_ids: Sequence[bytes], frames: int) -> None:
        """What the viewer's page has decoded so far. Raises NoSuchViewing."""
        async with self._database.transaction() as conn:
            if await store.open_viewing_in(conn, viewing_id, session_ids) is None:
                raise NoSuchViewing
            await store.set_frames(conn, viewing_id, frames, self._clock.now())

    async def run(self) -> None:
        """Keep leases until cancelled."""
        with (
            self._changes.subscribe(*WATCHED_KINDS) as heard,
            self._changes.subscribe(*WATCHED_KINDS) as self._unnoted,
        ):
            await self._keep_leases(heard)

    async def _keep_leases(self, heard: Subscription[Change]) -> None:
        """Look at every open viewing at each change and four times a second."""
        while True:
            changes = await heard.next_within(RENEW_SECONDS)
            self._note_changes()
            self._may_be_open = self._may_be_open or any(change.kind in ("viewing", "lost") for change in changes)
            if not self._may_be_open:
                continue
            try:
                await self._judge_viewings()
            except (psycopg.OperationalError, TimeoutError, EngineUnreachable) as error:
                # Nothing is renewed: the pictures end by themselves, and go on when this is over.
                log.warning("leases were not renewed: %s", type(error).__name__)

    def _note_changes(self) -> None:
        """Note what was heard up to now; a look takes a while, and somebody may begin to play meanwhile."""
        if self._unnoted is not None:
            self._recent.note_changes(self._unnoted.waiting(), time.monotonic())

    async def _judge_viewings(self) -> None:
        """Judge every open viewing on fresh facts; end what may not be, renew what may."""
        as_of, now = time.monotonic(), self._clock.now()
        async with asyncio.timeout(LOOK_SECONDS), self._database.transaction() as conn:
            viewings = await store.open_viewings(conn)
            found = await store.load_facts(conn, [viewing.question for viewing in viewings], now) if viewings else []
        self._may_be_open = bool(viewings)
        over: dict[ViewingId, tuple[OpenViewing, str]] = {}
        pictures: dict[ViewingId, Picture] = {}
        for viewing, facts in zip(viewings, found, strict=True):
            verdict = call_in_bulkhead(f"viewing {viewing.id}", partial(decide_viewing, viewing.question, facts, now))
            match verdict:
                case Defect():
                    over[viewing.id] = (viewing, Ending.OUR_MISTAKE)
                case ViewingClear() | ViewingBlurred() as granted:
                    pictures[viewing.id] = picture_of(granted)
                    if viewing.started_at is None and viewing.opened_at + TICKET_LASTS < now:
                        over[viewing.id] = (viewing, Ending.NEVER_STARTED)
                case ViewingRefused() | None as refused:
                    over[viewing.id] = (viewing, _refusal_code(refused))
                case _:
                    assert_never(verdict)
        await self._close_viewings(tuple(over))
        for viewing, because in over.values():
            await run_in_bulkhead(
                f"the end of viewing {viewing.id}", partial(self._end_viewing, viewing, because), expected=WORLD_IS_DOWN
            )
        running = {viewing.id: viewing for viewing in viewings if viewing.started_at is not None}
        running = {key: one for key, one in running.items() if key not in over and key not in self._starting}
        if running:
            await self._renew(running, Renew(pictures={key: pictures[key] for key in running}, as_of=as_of))

    async def _renew(self, running: Mapping[ViewingId, OpenViewing], request: Renew) -> None:
        """Renew these leases, and write down which viewings ended by themselves and which cameras cannot be shown."""
        renewed = await self._engine.renew(request)
        for viewing_id, why in renewed.gone.items():
            await self._end_viewing(running[ViewingId(viewing_id)], Ending.PICTURE_AWAY if why == "unknown" else why)
        cameras = {one.camera_id: one.centre_id for one in running.values()}
        met = {running[ViewingId(one)].camera_id for one, why in renewed.gone.items() if why == Ending.CAMERA_UNUSABLE}
        await self._notice_cameras(cameras, met, renewed)

    async def _close_viewings(self, viewing_ids: tuple[ViewingId, ...]) -> None:
        """The gate first: what the database thinks of it may wait. Unreachable, its leases run out."""
        if not viewing_ids:
            return
        try:
            await self._engine.close(Close(viewing_ids=viewing_ids))
        except EngineUnreachable:
            log.warning("viewings %s end with their leases: the media process is down", ", ".join(viewing_ids))

    async def _end_viewing(self, viewing: OpenViewing, because: str) -> None:
        async with self._database.transaction() as conn:
            await self._write_end(conn, viewing, because, self._clock.now())

    async def _write_end(self, conn: Conn, viewing: OpenViewing, because: str, now: datetime) -> None:
        await store.delete_ticket(conn, viewing.id)  # before the viewing, as who begins to look locks them
        if await store.end_viewing(conn, viewing.id, because, now):
            entry = Entry("viewing-ended", {"viewing": viewing.id, "because": because})
            await append_entries(conn, viewing.centre_id, Chain.ACCESS, [entry], now)

    async def _notice_cameras(
        self, cameras: Mapping[DeviceId, CentreId], met: Collection[str], renewed: Renewed
    ) -> None:
        """Tell staff which camera cannot be shown and what to set on it: one notice, until it is well.

        `met` are those for which somebody was refused a picture now: they count once more.
        """
        now, moment = self._clock.now(), time.monotonic()
        unusable = {one: problem for one in cameras if (problem := renewed.unusable.get(one))}
        tell = {one: why for one, why in unusable.items() if self._told.is_news(one, why, moment, met)}
        over = [one for one in cameras if one in renewed.well and one not in unusable and self._told.may_stand(one)]
        if not tell and not over:
            return
        async with self._database.transaction() as conn:
            for camera_id, problem in tell.items():
                await raise_notice(conn, describe_problem(cameras[camera_id], camera_id, problem), now)
            for camera_id in over:
                await clear_notice(conn, cameras[camera_id], NoticeCode.CAMERA_UNUSABLE, f"device:{camera_id}", now)
        self._told.note_told(tell, moment)
        self._told.note_cleared(over)


async def decide_picture(
    conn: Conn, subject: Subject, session_id: bytes, senior_id: SeniorId, now: datetime
) -> PictureAvailability:
    """Whether a relative may watch this senior now. `conn` must be the hub's: others in the room count too."""
    camera_id = await store.camera_in_room_of(conn, senior_id, now)
    question = Question(subject.account_id, session_id, camera_id or DeviceId(""), senior_id)
    (facts,) = await store.load_facts(conn, [question], now)
    answer = decide_viewing(question, facts, now) or ViewingRefused(
        Code.NOT_PRESENT if facts.present_in is None else Code.NO_CAMERA
    )
    if isinstance(answer, ViewingRefused):
        return PictureAvailability(None, allowed=False, code=answer.code, next_at=answer.next_at)
    return PictureAvailability(camera_id, allowed=True)


async def viewings_of_senior(conn: Conn, senior_id: SeniorId, since: datetime) -> list[WatchedRow]:
    """Who looked at a room while the senior was in it, latest first."""
    return await store.viewings_of_senior(conn, senior_id, since)


async def count_viewers_by_room(conn: Conn, centre_id: CentreId) -> dict[RoomId, int]:
    """How many look at each room now."""
    return await store.count_viewers_by_room(conn, centre_id)


def _choose_question(
    questions: Sequence[Question], found: Sequence[ViewingFacts], now: datetime
) -> tuple[Question, ViewingFacts, Grant]:
    """The question that is granted, of several seniors'; else the refusal of whoever is in the room.

    Raises NoSuchCamera or NotShown.
    """
    refusals: list[tuple[bool, ViewingRefused]] = []
    for question, facts in zip(questions, found, strict=True):
        match decide_viewing(question, facts, now):
            case ViewingClear(grant) | ViewingBlurred(grant):
                return question, facts, grant
            case ViewingRefused() as refused:
                refusals.append((facts.present_in != facts.room_id, refused))
            case None:
                raise NoSuchCamera
            case verdict:
                assert_never(verdict)
    if not refusals:
        raise NotShown(ViewingRefused(Refusal.NOT_YOUR_RELATIVE))
    raise NotShown(min(refusals, key=lambda one: one[0])[1])


def _build_viewing(question: Question, facts: ViewingFacts, grant: Grant, now: datetime) -> store.NewViewing:
    assert facts.room_id is not None
    assert facts.camera_centre_id is not None
    return store.NewViewing(
        id=ViewingId(new_id("v", now)),
        centre_id=facts.camera_centre_id,
        camera_id=question.camera_id,
        room_id=facts.room_id,
        account_id=question.account_id,
        session_id=question.session_id,
        senior_id=question.senior_id,
        alarm_id=facts.alarm_id if grant.because is Because.ACCEPTED_ALARM else None,
        because=grant.because,
        reason=question.reason[:200],
        allowed_since=grant.since,
        opened_at=now,
    )


def _refusal_code(refused: ViewingRefused | None) -> str:
    return NoSuchCamera.code if refused is None else refused.code


def _hash_ticket(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
