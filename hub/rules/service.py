"""What follows from what was just heard, and from waiting: loads what is remembered, decides, saves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from hub.centre.service import find_centre
from hub.centre.shown import read_shown_centre
from hub.fleet.model import DeviceKind
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.clock import MAY_PART_BY, Clock, ClockSet
from hub.kit.db import Conn
from hub.kit.mistakes.model import BadInput, Mistake
from hub.notices import service as notices
from hub.notices.model import NoticeCode
from hub.notices.parking import run_in_savepoint
from hub.notices.reports import report_task
from hub.roster.service import end_of_roster
from hub.rules import engine, silence_store, store
from hub.rules.contexts import About, load_contexts, load_device_contexts
from hub.rules.files import SHIPPED, Directory, Loaded, load_rules, parse_directories, rule_files_in
from hub.rules.last_good import load_directories, save_directories
from hub.rules.memory import RuleMemory, RuleStage, StateKey
from hub.rules.model import Event, Finding, PressHeard, Priority
from hub.rules.rosters import SUBJECT, RosterSeen, roster_findings
from hub.rules.rule import OnAbsence, RuleSet

log = logging.getLogger(__name__)

MOST_DUE = 500
HOUSEKEEPING = timedelta(seconds=10)

HousekeepingWork: TypeAlias = Callable[[Conn, datetime], Awaitable[list[Finding]]]


class Rules:
    """The rules in force. One object for the life of the hub; everything they remember is rows."""

    def __init__(
        self, directories: Sequence[Path], clock: Clock, kept_in: Path | None = None, *, keeps: bool = True
    ) -> None:
        """Shipped rules are in force at once; `load_files` adds those of the centre's directories, later ones first.

        `kept_in` names the file in which the last good ones are kept for the next start; None keeps nothing. Of
        several processes that use it, one `keeps` it.
        """
        self._directories = (SHIPPED, *directories)
        self._clock = clock
        self._kept_in = kept_in
        self._keeps = keeps
        self._shipped = self._loaded = load_rules([SHIPPED])
        self._loaded_at = clock.now()
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._kept_house_at: datetime | None = None
        self._failing: dict[str, str] = {}  # what each part of the housekeeping raised last; "" when it worked
        self.problems: tuple[Mistake, ...] = ()

    @property
    def in_force(self) -> RuleSet:
        """The set that is used now."""
        return self._loaded.rules

    @property
    def loaded_at(self) -> datetime:
        """Since when it is used."""
        return self._loaded_at

    @property
    def hash(self) -> str:
        """The SHA-256 of its files, as hexadecimal digits."""
        return self._loaded.hash

    async def load_files(self) -> tuple[Mistake, ...]:
        """Read all files; one bad file or a folder that vanished, and the old set stays. Gives and keeps what is wrong.

        At a start the old set is the one that was kept.
        """
        self._stamps = await asyncio.to_thread(_read_file_stamps, self._directories)
        try:
            loaded = await asyncio.to_thread(lambda: load_rules(self._directories, self._last_good_directories()))
        except BadInput as bad:
            self.problems = bad.mistakes
            for problem in bad.mistakes:
                log.error("rules kept as they were: %s", problem)
            if self._loaded is self._shipped:
                await self._load_kept()
        else:
            self.problems = ()
            self._put_in_force(loaded)
            if self._kept_in is not None and self._keeps:
                await asyncio.to_thread(save_directories, self._kept_in, loaded.directories[1:])
        self._kept_house_at = None
        return self.problems

    def _last_good_directories(self) -> tuple[Directory, ...]:
        """The files that were good last; at a start those that were kept."""
        if self._loaded is not self._shipped or self._kept_in is None:
            return self._loaded.directories
        return (*self._shipped.directories, *load_directories(self._kept_in))

    async def _load_kept(self) -> None:
        """The centre's own rules as they were good last, beside the shipped ones of today."""
        before = await asyncio.to_thread(self._last_good_directories)
        if not any(before[1:]):
            log.error("only the shipped rules are in force: none of the centre's own were kept")
            return
        try:
            loaded = await asyncio.to_thread(parse_directories, before)
        except BadInput as bad:
            log.error("only the shipped rules are in force: those that were kept cannot be used any more: %s", bad)
        else:
            self._put_in_force(loaded)
            log.warning("the centre's own rules are in force as they were good last, from %s", self._kept_in)

    def _put_in_force(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._loaded_at = self._clock.now()

    async def load_if_changed(self) -> bool:
        """Load again when a file was added, changed or taken away since the last time."""
        if await asyncio.to_thread(_read_file_stamps, self._directories) == self._stamps:
            return False
        await self.load_files()
        return True

    async def start(self, conn: Conn, now: datetime) -> datetime | None:
        """Start to receive: the blind interval since the hub last did counts against no device. Gives its begin."""
        until = await store.heard_until(conn)
        if until is not None:
            await self.add_blind_interval(conn, until, now)
        await store.set_heard_until(conn, now)
        return until

    async def add_blind_interval(self, conn: Conn, since: datetime, until: datetime) -> None:
        """A blind interval between these times: waits for silence end that much later, and say so."""
        if until > since:
            await store.postpone_waits(
                conn, [rule.id for rule in self.in_force.rules if _is_absence(rule.on)], until - since
            )

    async def shift_waits(self, conn: Conn, clock_set: ClockSet) -> None:
        """What is waited for ends after as long as before, and no message counts as older than one before it."""
        await store.adjust_times_to_clock(conn, clock_set)
        await store.shift_heard_until(conn, clock_set)
        self._kept_house_at = None

    async def limit_waits(self, conn: Conn, now: datetime) -> None:
        """The clock is behind what is remembered: no wait is longer from now than when it began."""
        if await store.clamp_times(conn, now, MAY_PART_BY):
            self._kept_house_at = None

    async def evaluate_events(self, conn: Conn, events: Sequence[Event], now: datetime) -> list[Finding]:
        """What is concluded from `events`, in their order. Locks what is remembered of the subjects concerned.

        Presses wait for nobody: whether their device is silent is left to whoever holds that just now. An event of a
        device that does not exist is a mistake of the caller: KeyError.
        """
        if not events:
            return []
        rules = self.in_force
        contexts = await load_contexts(conn, {_build_about(event) for event in events}, now)
        wanted = [
            memory
            for event in events
            for memory in engine.find_affected_memories(rules, event, contexts[_build_about(event)])
        ]
        memories = await self._lock_memories(
            conn, wanted, may_wait=not all(isinstance(event, PressHeard) for event in events)
        )
        locked = frozenset(memories)
        changed: dict[StateKey, RuleMemory] = {}
        findings: list[Finding] = []
        for event in events:
            after, found = engine.evaluate(rules, memories, event, contexts[_build_about(event)], now)
            memories |= after
            changed |= after
            findings += found
        await store.save_memories(conn, [memory for key, memory in changed.items() if key in locked])
        return findings

    async def _lock_memories(
        self, conn: Conn, wanted: Sequence[RuleMemory], *, may_wait: bool
    ) -> dict[StateKey, RuleMemory]:
        """What is remembered, locked; who must not wait leaves out waits for silence that another has locked."""
        waits = {rule.id for rule in self.in_force.rules if _is_absence(rule.on) and not may_wait}
        held = await store.lock_memories(conn, [memory for memory in wanted if memory.rule_id not in waits])
        return held | await store.lock_free_memories(conn, [memory for memory in wanted if memory.rule_id in waits])

    async def evaluate_due(self, conn: Conn, now: datetime) -> list[Finding]:
        """What follows from waiting until `now`. What another hub has locked is left to it.

        While files are wrong nobody knows which rules are gone: what waits for one that is not in force stays.
        """
        findings = await self._keep_house(conn, now)
        return findings + await self.waited_out(conn, await self.lock_due(conn, now, MOST_DUE), now)

    async def lock_due(self, conn: Conn, now: datetime, limit: int) -> list[RuleMemory]:
        """Lock up to `limit` memories whose wait is over, oldest first; those that are parked are skipped."""
        return await store.lock_due_memories(conn, self._ids(), now, limit)

    async def waited_out(self, conn: Conn, waiting: Sequence[RuleMemory], now: datetime) -> list[Finding]:
        """What follows from these waits, which are over; they are locked."""
        if not waiting:
            return []
        contexts = await load_contexts(conn, {_build_about(memory) for memory in waiting}, now)
        pairs = [(memory, contexts[_build_about(memory)]) for memory in waiting]
        after, found = engine.evaluate_due(self.in_force, pairs, now)
        await store.save_memories(conn, after)
        return found

    async def _keep_house(self, conn: Conn, now: datetime) -> list[Finding]:
        """Every ten seconds: note that the hub hears, watch what nobody watches, delete what is gone.

        All of it can be done again: the transaction may be undone by whoever asked.
        """
        if self._kept_house_at is not None and now - self._kept_house_at < HOUSEKEEPING:
            return []
        self._kept_house_at = now
        await store.set_heard_until(conn, now)
        await store.add_rule_set(conn, bytes.fromhex(self.hash), len(self.in_force.rules), self.loaded_at)
        return [
            *await self._keep_apart(conn, "waits for silence", self._start_silence_waits, now),
            *await self._keep_apart(conn, "what rules are gone", self._clear_orphans, now),
            *await self._keep_apart(conn, "notices about rule files", self._about_files, now),
            *await self._keep_apart(conn, "notices about rosters", self._about_rosters, now),
        ]

    async def _keep_apart(self, conn: Conn, what: str, work: HousekeepingWork, now: datetime) -> list[Finding]:
        """One part of the housekeeping: a defect in it is noticed until it works again, and the others go on."""
        outcome = await run_in_savepoint(conn, what, partial(work, conn, now))
        error = outcome.error if isinstance(outcome, Defect) else ""
        if self._failing.get(what) != error and (centre_id := await find_centre(conn)) is not None:
            await report_task(conn, centre_id, f"rules: {what}", error, now)
            self._failing[what] = error
        return [] if isinstance(outcome, Defect) else outcome

    async def _start_silence_waits(self, conn: Conn, now: datetime) -> list[Finding]:
        """Begin to wait for each device that a dead man's rule concerns and that was never heard.

        A device for which that raises is left out, so that the others are watched.
        """
        rules = {rule.id: rule for rule in self.in_force.dead_man()}
        pairs = [(rule, kind) for rule in rules.values() for kind in _watched_kinds(rule.on)]
        found = await silence_store.unwatched_devices(conn, pairs, now)
        if not found:
            return []
        contexts = await load_device_contexts(conn, {device_id for _, device_id in found}, now)
        begun = [
            call_in_bulkhead(
                f"the wait for silence of {device_id}",
                partial(engine.start_absence_wait, rules[rule_id], contexts[device_id], now),
            )
            for rule_id, device_id in found
        ]
        memories = [memory for memory in begun if isinstance(memory, RuleMemory)]
        locked = await store.lock_memories(conn, memories)
        idle = [memory for memory in memories if locked[memory.rule_id, memory.key].stage is RuleStage.IDLE]
        await store.save_memories(conn, idle)
        return []

    async def _clear_orphans(self, conn: Conn, now: datetime) -> list[Finding]:
        orphans = await store.lock_orphaned_memories(conn, None if self.problems else self._ids(), now, MOST_DUE)
        gone = [engine.clear_memory(memory, now) for memory in orphans]
        await store.save_memories(conn, [memory for memory, _ in gone])
        return [finding for _, findings in gone for finding in findings]

    def _ids(self) -> list[str]:
        return [rule.id for rule in self.in_force.rules]

    async def _about_files(self, conn: Conn, now: datetime) -> list[Finding]:
        """The notice that the rule files could not be loaded, or that it is over."""
        centre_id = await find_centre(conn)
        if centre_id is None:
            return []
        first = self.problems[0] if self.problems else None
        params: dict[str, str | int | None] = {}
        if first is not None:
            params = {"file": first.source, "line": first.line, "column": first.column}
        return [
            Finding(
                rule_id=NoticeCode.RULE_FILES_NOT_LOADED,
                priority=Priority.P3,
                klass=NoticeCode.RULE_FILES_NOT_LOADED,
                centre_id=centre_id,
                at=now,
                about="rules",
                params=params,
                cleared=first is None,
            )
        ]

    async def _about_rosters(self, conn: Conn, now: datetime) -> list[Finding]:
        """What is to be said of rosters that end soon, and what to be cleared."""
        centre_id = await find_centre(conn)
        if centre_id is None:
            return []
        stands = await notices.standing_about(conn, centre_id, SUBJECT)
        seen = RosterSeen(
            centre_id=centre_id,
            zone=ZoneInfo((await read_shown_centre(conn, centre_id)).timezone),
            end=await end_of_roster(conn, centre_id, now),
            standing={notice.code: notice.params for notice in stands},
            now=now,
        )
        return roster_findings(self.in_force, seen)


def _build_about(of: Event | RuleMemory) -> About:
    return About(of.device_id, of.senior_id, of.room_id)


def _is_absence(on: object) -> bool:
    return isinstance(on, OnAbsence)


def _watched_kinds(on: object) -> frozenset[str]:
    return on.kinds if isinstance(on, OnAbsence) and on.kinds is not None else frozenset(DeviceKind)


def _read_file_stamps(directories: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """When each rule file was last written, and its size; and which folders there are."""
    stamps = {}
    for directory in directories:
        with suppress(OSError):  # taken away just now, or not ours to read: `load_files` says so
            files = rule_files_in(directory)
            stamps[directory] = (0, 0)
            for path in files:
                with suppress(OSError):
                    status = path.stat()
                    stamps[path] = (status.st_mtime_ns, status.st_size)
    return stamps
