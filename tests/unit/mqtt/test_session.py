"""Does every message for a client arrive once it answers, across connections, and never more than its queue holds?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.mqtt.codec import Publish
from hub.mqtt.session import MAX_IN_FLIGHT, MAX_WAITING, Session


def cue(n: int, qos: int = 1) -> Publish:
    return Publish("anling/v1/jq/cue/b-01", str(n).encode(), qos=qos)


def numbers(messages: tuple[Publish, ...]) -> list[int]:
    return [int(message.payload) for message in messages]


def test_the_next_message_goes_when_one_is_answered() -> None:
    session = Session(clean=True)
    sent = [message for n in range(MAX_IN_FLIGHT + 1) for message in session.offer(cue(n))]

    assert numbers(tuple(sent)) == list(range(MAX_IN_FLIGHT))
    assert numbers(session.acknowledge(sent[3].packet_id or 0)) == [MAX_IN_FLIGHT]


def test_what_was_unanswered_goes_again_with_dup_when_the_client_is_back() -> None:
    session = Session(clean=False)
    first = session.offer(cue(1))[0]
    session.disconnect()
    assert session.offer(cue(2)) == ()

    again = session.resume()

    assert numbers(again) == [1, 2]
    assert [message.dup for message in again] == [True, False]
    assert again[0].packet_id == first.packet_id


def test_a_client_that_is_away_misses_qos_0() -> None:
    session = Session(clean=False)
    session.disconnect()
    session.offer(cue(1, qos=0))

    assert session.resume() == ()


def test_a_full_queue_lets_the_oldest_go_and_counts_it() -> None:
    session = Session(clean=False)
    session.disconnect()
    for n in range(MAX_WAITING + 5):
        session.offer(cue(n))

    assert session.dropped == 5
    assert numbers(session.resume())[0] == 5


def test_an_answer_to_nothing_is_ignored() -> None:
    session = Session(clean=True)

    assert session.acknowledge(77) == ()


@given(st.lists(st.sampled_from(["offer", "answer", "part", "resume"]), max_size=120))
def test_no_two_messages_on_the_way_share_a_packet_id_and_all_arrive_in_order(steps: list[str]) -> None:
    session = Session(clean=False)
    offered, arrived = 0, []
    unanswered: dict[int, Publish] = {}

    def take(messages: tuple[Publish, ...]) -> None:
        for message in messages:
            assert message.packet_id is not None
            assert message.dup or message.packet_id not in unanswered
            unanswered[message.packet_id] = message

    for step in steps:
        if step == "offer":
            take(session.offer(cue(offered)))
            offered += 1
        elif step == "answer" and unanswered and session.connected:
            packet_id = next(iter(unanswered))
            arrived.append(int(unanswered.pop(packet_id).payload))
            take(session.acknowledge(packet_id))
        elif step == "part":
            session.disconnect()
        elif step == "resume" and not session.connected:
            take(session.resume())
        assert len(unanswered) <= MAX_IN_FLIGHT

    if not session.connected:
        take(session.resume())
    while unanswered:
        packet_id = next(iter(unanswered))
        arrived.append(int(unanswered.pop(packet_id).payload))
        take(session.acknowledge(packet_id))
    assert arrived == list(range(offered))


def test_packet_ids_begin_again_at_1_after_the_last() -> None:
    session = Session(clean=True)
    for n in range(0xFFFF):
        session.acknowledge(session.offer(cue(n))[0].packet_id or 0)

    assert session.offer(cue(0))[0].packet_id == 1
