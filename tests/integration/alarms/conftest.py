"""What tests of alarms share: people with phones, and a desk at which presses, taps and time happen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow
from ulid import ULID

from hub.alarms import service
from hub.alarms.finding_batch import Concluded
from hub.alarms.model import Alarm, Arrival, Outcome
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId, AlarmId, DeviceId, PressId, SeniorId
from hub.notices.parking import process_next_row
from hub.rules.model import Finding, Priority
from tests.fakes.house import House


@dataclass(frozen=True, slots=True)
class Desk:
    """Presses, taps and passing time, each in a transaction of its own as the hub does them."""

    database: Database
    house: House
    clock: SetClock
    url: str

    async def press(
        self, *, device: DeviceId | None = None, senior: SeniorId | None = None, press_id: PressId | None = None
    ) -> Concluded:
        """A press of 王奶奶's button, in the gym, unless told otherwise."""
        now = self.clock.now()
        press = press_id or PressId(f"p-{str(ULID.from_datetime(now)).lower()}")
        finding = Finding(
            rule_id="press",
            priority=Priority.P1,
            klass="help",
            centre_id=self.house.centre,
            at=now,
            senior_id=senior or self.house.wang,
            room_id=self.house.gym,
            device_id=device or self.house.wang_button,
            press_id=press,
            summary={"zh-CN": "王奶奶在健身室按了呼叫", "en": "Grandma Wang pressed for help (Gym)"},
        )
        async with self.database.transaction() as conn:
            await conn.execute(
                """
                INSERT INTO press (id, centre_id, device_id, message_id, kind, pressed_at, received_at, late,
                                   time_uncertain, senior_id, digest)
                VALUES (%s, %s, %s, %s, 'press', %s, %s, false, false, %s, sha256('x'))
                    ON CONFLICT DO NOTHING
                """,
                (press, self.house.centre, finding.device_id, press, now, now, finding.senior_id),
            )
            (concluded,) = await service.conclude_findings(conn, [finding], now)
        return concluded

    async def conclude(self, *findings: Finding) -> list[Concluded]:
        async with self.database.transaction() as conn:
            return await service.conclude_findings(conn, findings, self.clock.now())

    async def pressed_alarm(self) -> AlarmId:
        """A new alarm of 王奶奶."""
        concluded = await self.press()
        assert concluded.alarm_id is not None
        assert concluded.opened
        return concluded.alarm_id

    async def call_from_home(self) -> AlarmId:
        """A new alarm of 王奶奶, in no room."""
        now = self.clock.now()
        finding = Finding(
            rule_id="press",
            priority=Priority.P1,
            klass="help",
            centre_id=self.house.centre,
            at=now,
            senior_id=self.house.wang,
            device_id=self.house.wang_button,
            summary={"zh-CN": "王奶奶按了呼叫", "en": "Grandma Wang pressed for help"},
        )
        (concluded,) = await self.conclude(finding)
        assert concluded.alarm_id is not None
        return concluded.alarm_id

    async def accept(self, alarm_id: AlarmId, by: AccountId) -> Alarm:
        async with self.database.transaction() as conn:
            return await service.accept_alarm(conn, alarm_id, by, self.clock.now())

    async def arrive(self, alarm_id: AlarmId, by: AccountId) -> Alarm:
        async with self.database.transaction() as conn:
            return await service.record_arrival(conn, alarm_id, by, Arrival.STAFF_TAG, "", self.clock.now())

    async def resolve(self, alarm_id: AlarmId, by: AccountId, sentence: str = "她只是想有人陪") -> Alarm:
        async with self.database.transaction() as conn:
            return await service.resolve_alarm(conn, alarm_id, by, Outcome.COMPANY, sentence, self.clock.now())

    async def wait(self, seconds: float) -> None:
        """Let time pass and the timers do what they say, each at its own moment."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            due_at = await self._next_due()
            if due_at is None or due_at > end:
                break
            self.clock.advance(max(due_at - self.clock.now(), timedelta()))
            await self.fire_due()
        self.clock.advance(end - self.clock.now())

    async def sleep(self, seconds: float) -> None:
        """Let time pass while nobody looks at the timers, and look then."""
        self.clock.advance(timedelta(seconds=seconds))
        await self.fire_due()

    async def fire_due(self) -> None:
        while await process_next_row(self.database, service.take_due_timer, self.clock.now):
            pass

    async def phones_take_everything(self) -> None:
        """The provider takes what is queued."""
        async with self.database.transaction() as conn:
            await conn.execute(
                "UPDATE notification SET state = 'taken', taken_at = %s, tries = 1 WHERE state = 'queued'",
                (self.clock.now(),),
            )

    def rows(self, statement: str, *values: object) -> Sequence[TupleRow]:
        with psycopg.connect(self.url) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def alarm(self, alarm_id: AlarmId, columns: str) -> TupleRow:
        (row,) = self.rows(f"SELECT {columns} FROM alarm WHERE id = %s", alarm_id)
        return row

    def told(self, alarm_id: AlarmId) -> list[tuple[str, str]]:
        """Who was told what, in order, since the beginning."""
        return [
            (account, template)
            for account, template in self.rows(
                "SELECT account_id, template FROM notification WHERE alarm_id = %s ORDER BY n, account_id, channel",
                alarm_id,
            )
        ]

    def cues(self, device: DeviceId) -> list[str]:
        return [
            cue
            for (cue,) in self.rows(
                "SELECT payload ->> 'cue' FROM device_command WHERE device_id = %s AND subtopic = 'cue' ORDER BY id",
                device,
            )
        ]

    def shows(self, alarm_id: AlarmId) -> tuple[str, bool]:
        """The last cue of an alarm, and whether it still holds."""
        ((cue, until_at),) = self.rows(
            "SELECT payload ->> 'cue', until_at FROM device_command WHERE alarm_id = %s AND subtopic = 'cue' "
            "ORDER BY id DESC LIMIT 1",
            alarm_id,
        )
        return cue, until_at > self.clock.now()

    def commands(self, device: DeviceId) -> list[bool]:
        return [
            on
            for (on,) in self.rows(
                "SELECT (payload -> 'args' -> 'on')::boolean FROM device_command WHERE device_id = %s ORDER BY id",
                device,
            )
        ]

    def pending(self, alarm_id: AlarmId) -> dict[str, float]:
        """What the alarm waits for, and for how many seconds from now."""
        return {
            kind: (due_at - self.clock.now()).total_seconds()
            for kind, due_at in self.rows(
                "SELECT kind, due_at FROM alarm_timer WHERE alarm_id = %s AND done_at IS NULL", alarm_id
            )
        }

    async def _next_due(self) -> datetime | None:
        (row,) = self.rows("SELECT min(due_at) FROM alarm_timer WHERE done_at IS NULL")
        due_at: datetime | None = row[0]
        return due_at


def give_phones(url: str, now: datetime) -> None:
    """A verified webhook for everybody who answers, and a mailbox for the primary."""
    with psycopg.connect(url) as conn:
        for account in ("zhou", "chen", "liu", "sun"):
            conn.execute(
                "INSERT INTO contact_method VALUES (%s, %s, 'webhook', %s, %s)",
                (f"cm-{account}", account, f"http://127.0.0.1:1/{account}", now),
            )
        conn.execute(
            "INSERT INTO contact_method (id, account_id, channel, address, verified_at, rank) "
            "VALUES ('cm-zhou-mail', 'zhou', 'email', 'zhou@example.org', %s, 1)",
            (now,),
        )


@pytest.fixture
def desk(database: Database, house: House, clock: SetClock, database_url: str) -> Desk:
    """A desk in the small centre, where everybody who answers alarms has a phone."""
    give_phones(database_url, clock.now())
    return Desk(database, house, clock, database_url)


@pytest.fixture
def deskless(database: Database, house: House, clock: SetClock, database_url: str) -> Desk:
    """A desk in the small centre, where nobody has a phone."""
    return Desk(database, house, clock, database_url)
