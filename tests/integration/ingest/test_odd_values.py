"""A value that is odd is left out and noticed; the message stays what it is."""

from __future__ import annotations

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.ingest.lanes import READINGS, Acks, Lanes, alarm, answers, report, rows, said, standing

VALUES = "SELECT subject, priority, params ->> 'values' FROM notice WHERE code = 'value-left-out' ORDER BY subject"


async def test_a_test_press_with_an_unknown_battery_is_one(
    intake: Lanes, clock: SetClock, database: Database, house: House, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {"id": "x-1", "kind": "test", "battery": 255}))
    await intake.tell_who_was_heard()

    assert rows(database_url, "SELECT kind, unreadable_reason FROM press") == [("test", None)]
    assert rows(database_url, "SELECT priority FROM alarm") == [("P2",)]
    assert rows(database_url, "SELECT battery_percent FROM device WHERE id = 'b-wang'") == [(None,)]
    assert rows(database_url, VALUES) == [("device:b-wang", "P4", "battery")]
    assert ("message-unreadable", "device:b-wang") not in await standing(database, house)


@pytest.mark.parametrize("age_ms", [2**53 - 1, 2**53, 10**300, -1])
async def test_a_press_with_an_impossible_age_ends_nothing(
    age_ms: int, intake: Lanes, acks: Acks, clock: SetClock, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {"id": "x-1", "kind": "press", "age_ms": age_ms}))
    await alarm(intake, said(clock, "alarm", "b-li", {"id": "x-1", "kind": "press"}))

    assert [ack["status"] for ack in await answers(acks, 2)] == ["committed", "committed"]
    assert rows(database_url, "SELECT time_uncertain FROM press") == [(True,), (True,)]


async def test_a_cancel_with_odd_values_cancels_its_press_and_is_no_second_one(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-wang", {"id": "x-2", "kind": "press", "battery": 55}))
    odd = b'\xef\xbb\xbf{"v":1,"id":"x-3","kind":"cancel","of":"x-2","battery":255,"seq":"7","age_ms":-1}\0'
    await alarm(intake, said(clock, "alarm", "b-wang", odd))
    await intake.tell_who_was_heard()

    assert rows(database_url, "SELECT cancel_requested, times_pressed FROM alarm") == [(True, 1)]
    assert rows(database_url, VALUES) == [
        ("device:b-wang", "P4", "age_ms, battery, byte-order-mark, nul, seq"),
    ]


async def test_an_odd_reading_takes_no_other_with_it(intake: Lanes, clock: SetClock, database_url: str) -> None:
    readings = [
        {"name": "battery", "value": "full", "unit": "%EL"},
        {"name": "temperature", "value": 21.5, "unit": "Cel"},
    ]
    await report(intake, said(clock, "tele", "t-gym", {"id": "x-1", "at": "now", "readings": readings}))
    unknown = {"name": "battery", "value": 255, "unit": "%EL"}
    await report(intake, said(clock, "tele", "b-wang", {"id": "x-1", "readings": [unknown]}))
    await intake.tell_who_was_heard()

    assert rows(database_url, READINGS) == [("battery", 255.0), ("temperature", 21.5)]
    assert rows(database_url, "SELECT count(*) FROM device WHERE battery_percent IS NOT NULL") == [(0,)]
    assert rows(database_url, VALUES) == [
        ("device:b-wang", "P4", "readings.battery"),
        ("device:t-gym", "P4", "at, readings.battery"),
    ]


async def test_a_state_with_an_odd_firmware_is_one(intake: Lanes, clock: SetClock, database_url: str) -> None:
    await report(intake, said(clock, "status", "b-wang", {"state": "online", "fw": "1.0\0"}))
    await intake.tell_who_was_heard()

    assert rows(database_url, "SELECT state, firmware FROM device WHERE id = 'b-wang'") == [("online", "")]
    assert rows(database_url, VALUES) == [("device:b-wang", "P4", "fw")]


async def test_of_a_device_that_nobody_registered_no_value_is_noticed(
    intake: Lanes, clock: SetClock, database_url: str
) -> None:
    await alarm(intake, said(clock, "alarm", "b-99", {"id": "x-1", "kind": "test", "battery": 255}))
    await intake.tell_who_was_heard()

    assert rows(database_url, VALUES) == []
