"""Devices: which may connect, and what is sent to them until it is proven."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from hub.fleet import service, store
from hub.fleet.authenticator import DeviceAuthenticator
from hub.fleet.deliver import DeviceMessageDeliverer
from hub.fleet.model import Assigned, Command, DeviceState, Subtopic
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AlarmId, DeviceId
from hub.mqtt.model import Unreachable
from hub.notices import store as notices
from tests.fakes.house import House, password_of
from tests.integration.mqtt.fakes import running

ALARM = AlarmId("a-01jdbkzzzzzzzzzzzzzzzzzzzz")


class Broker:
    """A transport that keeps what it was handed; `away` devices take nothing, and those on `hold` answer later."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, object]]] = []
        self.away: set[str] = set()
        self.hold: dict[str, asyncio.Event] = {}
        self.given_up: list[str] = []
        self.asked = asyncio.Event()

    async def run(self) -> None:
        raise NotImplementedError

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        device_id = topic.rpartition("/")[2]
        self.asked.set()
        if device_id in self.away:
            raise Unreachable(topic)
        if device_id in self.hold:
            try:
                await self.hold[device_id].wait()
            except asyncio.CancelledError:
                self.given_up.append(device_id)
                raise
        self.taken.append((topic, json.loads(payload)))

    def is_connected(self, device_id: str) -> bool:
        return device_id not in self.away


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def deliver(database: Database, database_url: str, broker: Broker, clock: SetClock) -> DeviceMessageDeliverer:
    return DeviceMessageDeliverer(database, Changes(database_url), broker, clock)


async def put(database: Database, clock: SetClock, wanted: Command) -> str:
    async with database.transaction() as conn:
        return await service.enqueue_command(conn, wanted, clock.now())


@asynccontextmanager
async def sending(
    deliver: DeviceMessageDeliverer, broker: Broker, device_id: DeviceId
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """What is due is at the broker, which takes the messages to this device when the yielded function is called."""
    answer = broker.hold[device_id] = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        sent = group.create_task(deliver.send_due())
        await broker.asked.wait()

        async def taken() -> None:
            broker.hold.pop(device_id)
            answer.set()
            await sent

        yield taken


def cue(house: House, clock: SetClock, n: int) -> Command:
    return Command(house.wang_button, Subtopic.CUE, {"n": n}, clock.now() + timedelta(hours=1), ALARM)


def siren(house: House, clock: SetClock) -> Command:
    return Command(house.siren, Subtopic.CMD, {"nonce": "n-1"}, clock.now() + timedelta(minutes=1), ALARM, nonce="n-1")


async def test_a_cue_reaches_the_button_once(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    await put(database, clock, cue(house, clock, 1))

    await deliver.send_due()
    clock.advance(timedelta(minutes=5))
    await deliver.send_due()

    assert broker.taken == [("anling/v1/jiuquan-road/cue/b-wang", {"n": 1})]


async def test_a_message_that_the_broker_does_not_confirm_holds_up_no_other(
    database: Database, database_url: str, house: House, clock: SetClock, broker: Broker
) -> None:
    broker.hold[house.wang_button] = asyncio.Event()
    changes = Changes(database_url)
    deliver = DeviceMessageDeliverer(database, changes, broker, clock)
    async with asyncio.timeout(10), running(changes.run), running(deliver.run):
        await changes.ready()
        await put(database, clock, cue(house, clock, 1))
        await broker.asked.wait()
        await put(database, clock, siren(house, clock))
        while not broker.taken:
            await asyncio.sleep(0.01)
        given_up = list(broker.given_up)

    assert given_up == []
    assert [topic for topic, _ in broker.taken] == [f"anling/v1/jiuquan-road/cmd/{house.siren}"]


async def test_a_newer_cue_takes_the_place_of_one_that_was_not_sent(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    await put(database, clock, cue(house, clock, 1))
    await put(database, clock, cue(house, clock, 2))

    await deliver.send_due()

    assert [payload for _, payload in broker.taken] == [{"n": 2}]


async def test_a_broker_that_does_not_answer_holds_up_neither_a_press_nor_another_device(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    await put(database, clock, cue(house, clock, 1))
    await put(database, clock, siren(house, clock))

    async with sending(deliver, broker, house.wang_button) as taken:
        await put(database, clock, cue(house, clock, 2))
        await taken()
    await deliver.send_due()

    assert [payload for _, payload in broker.taken] == [{"nonce": "n-1"}, {"n": 1}, {"n": 2}]


async def test_a_cue_that_somebody_held_while_it_was_sent_goes_out_once_more_and_no_more(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    await put(database, clock, cue(house, clock, 1))

    async with sending(deliver, broker, house.wang_button) as taken, database.transaction() as conn:
        await store.lock_messages_to(conn, [house.wang_button], [], clock.now())
        await taken()
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        await deliver.send_due()

    assert [payload for _, payload in broker.taken] == [{"n": 1}, {"n": 1}]


async def test_a_device_that_comes_back_while_it_is_spoken_to_is_told_again(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    await put(database, clock, cue(house, clock, 1))

    async with sending(deliver, broker, house.wang_button) as taken:
        async with database.transaction() as conn:
            await service.record_status(conn, house.wang_button, DeviceState.ONLINE, None, clock.now())
        await taken()
    await deliver.send_due()

    assert [payload for _, payload in broker.taken] == [{"n": 1}, {"n": 1}]


async def test_a_device_that_comes_back_is_told_what_holds_now(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    for n in (1, 2):
        await put(database, clock, cue(house, clock, n))
        await deliver.send_due()
        clock.advance(timedelta(seconds=1))
    broker.taken.clear()

    async with database.transaction() as conn:
        await service.record_status(conn, house.wang_button, DeviceState.ONLINE, "1.2.0", clock.now())
    await deliver.send_due()

    assert [payload for _, payload in broker.taken] == [{"n": 2}]


async def test_a_command_is_repeated_until_the_siren_proves_it(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    await put(database, clock, siren(house, clock))
    for _ in range(3):
        await deliver.send_due()
        clock.advance(timedelta(seconds=5))
    sent_without_proof = len(broker.taken)

    async with database.transaction() as conn:
        assert await service.record_proof(conn, house.siren, "n-1", "sounding", clock.now())
    clock.advance(timedelta(seconds=30))
    await deliver.send_due()

    assert sent_without_proof == 3
    assert len(broker.taken) == 3


async def test_a_proof_from_another_device_proves_nothing(database: Database, house: House, clock: SetClock) -> None:
    await put(database, clock, siren(house, clock))

    async with database.transaction() as conn:
        assert not await service.record_proof(conn, house.lamp, "n-1", "sounding", clock.now())


async def test_a_command_that_nobody_proves_in_time_is_noticed(
    database: Database, house: House, clock: SetClock, broker: Broker, deliver: DeviceMessageDeliverer
) -> None:
    broker.away.add(house.siren)
    await put(database, clock, siren(house, clock))
    await deliver.send_due()
    clock.advance(timedelta(minutes=2))

    await deliver.send_due()

    async with database.transaction() as conn:
        (notice,) = await notices.list_standing_notices(conn, house.centre, 10)
    assert (notice.code, notice.subject) == ("command-unproven", "device:siren-corridor")
    assert broker.taken == []


async def test_a_command_that_is_refused_is_noticed_until_one_is_carried_out(
    database: Database, house: House, clock: SetClock
) -> None:
    await put(database, clock, siren(house, clock))
    async with database.transaction() as conn:
        assert await service.record_proof(conn, house.siren, "n-1", "refused", clock.now())
    async with database.transaction() as conn:
        (notice,) = await notices.list_standing_notices(conn, house.centre, 10)

    async with database.transaction() as conn:
        await service.record_proof(conn, house.siren, "n-1", "sounding", clock.now())

    assert (notice.code, notice.subject) == ("command-unproven", "device:siren-corridor")
    async with database.transaction() as conn:
        assert await notices.list_standing_notices(conn, house.centre, 10) == []


async def test_the_right_password_admits_a_device_to_its_own_topics(
    database: Database, house: House, clock: SetClock
) -> None:
    authenticator = DeviceAuthenticator(database, clock)

    principal = await authenticator.authenticate("b-wang", password_of("b-wang"), "any")

    assert principal is not None
    assert "anling/v1/jiuquan-road/alarm/b-wang" in principal.may_publish
    assert principal.may_subscribe == tuple(f"anling/v1/jiuquan-road/{kind}/b-wang" for kind in ("ack", "cmd", "cue"))
    assert await authenticator.stamp_of("b-wang") == principal.stamp


@pytest.mark.parametrize(
    ("device", "reads_cards"),
    [("r-gym", True), ("b-wang", False), ("t-gym", False), ("cam-gym", False), ("siren-corridor", False)],
)
async def test_only_what_reads_cards_may_say_who_is_there(
    database: Database, house: House, clock: SetClock, device: str, reads_cards: bool
) -> None:
    admitted = await DeviceAuthenticator(database, clock).authenticate(device, password_of(device), "any")

    assert admitted is not None
    assert (f"anling/v1/jiuquan-road/visit/{device}" in admitted.may_publish) is reads_cards


async def test_a_gateway_may_say_who_is_there_for_the_readers_behind_it(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE device SET kind = 'gateway' WHERE id = 't-gym'")

    admitted = await DeviceAuthenticator(database, clock).authenticate("t-gym", password_of("t-gym"), "any")

    assert admitted is not None
    assert "anling/v1/jiuquan-road/visit/t-gym" in admitted.may_publish


async def test_the_observer_hears_everything_and_says_nothing(
    database: Database, house: House, clock: SetClock
) -> None:
    admitted = await DeviceAuthenticator(database, clock).authenticate(
        house.observer, password_of(house.observer), "somebody's terminal"
    )

    assert admitted is not None
    assert (admitted.may_publish, admitted.may_subscribe, admitted.observer) == ((), ("anling/#",), True)


async def test_a_disabled_device_stays_outside(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE device SET enabled = false WHERE id = 'b-wang'")
    authenticator = DeviceAuthenticator(database, clock)

    assert await authenticator.authenticate("b-wang", password_of("b-wang"), "any") is None
    assert await authenticator.stamp_of("b-wang") is None


async def test_whose_a_device_was_is_known_at_every_moment(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    given_away = clock.now() - timedelta(hours=1)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE assignment SET to_at = %s WHERE device_id = 'b-wang'", (given_away,))
        conn.execute("INSERT INTO assignment VALUES ('as-2', 'b-wang', 's-zhang', NULL, %s, NULL)", (given_away,))

    async with database.transaction() as conn:
        before = await service.assignment_of(conn, house.wang_button, given_away - timedelta(seconds=1))
        after = await service.assignment_of(conn, house.wang_button, given_away)

    assert (before, after) == (Assigned(house.wang, None), Assigned(house.zhang, None))


async def test_news_of_a_state_are_news_once(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        first = await service.record_status(conn, house.wang_button, DeviceState.ONLINE, "1.2.0", clock.now())
        clock.advance(timedelta(seconds=1))
        again = await service.record_status(conn, house.wang_button, DeviceState.ONLINE, "1.2.0", clock.now())
        device = await store.find_device(conn, house.wang_button)

    assert (first, again) == (True, False)
    assert device is not None
    assert (device.state, device.firmware) == (DeviceState.ONLINE, "1.2.0")


async def test_who_writes_down_what_was_sent_waits_for_nobody_who_ends_it(
    database: Database, house: House, clock: SetClock
) -> None:
    until = clock.now() + timedelta(minutes=1)
    sent = {}
    for device_id, do in ((house.siren, "siren"), (house.lamp, "lamp")):
        sent[await put(database, clock, Command(device_id, Subtopic.CMD, {"do": do}, until, nonce=do))] = until

    async with asyncio.timeout(20), database.transaction() as ending:
        await store.end_older_commands(ending, house.lamp, "lamp", clock.now())
        async with database.transaction() as conn:
            await store.set_sent(conn, sent, clock.now())
        await store.end_older_commands(ending, house.siren, "siren", clock.now())

    async with database.transaction() as conn:
        cursor = await conn.execute("SELECT sent_at, ended_at FROM device_command ORDER BY device_id")
        assert await cursor.fetchall() == [(None, clock.now()), (clock.now(), clock.now())]
