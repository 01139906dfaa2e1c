"""Who gets a message, and what does the broker forget?"""

from __future__ import annotations

from dataclasses import replace

from hub.mqtt.codec import REFUSED_SUBSCRIPTION, Publish
from hub.mqtt.exchange import FORGET_AFTER_SECONDS, MAX_FILTERS, MAX_SESSIONS_OF_A_DEVICE, Exchange, Member
from hub.mqtt.model import Principal

BUTTON = Principal("b-01", ("a/status/b-01",), ("a/cue/b-01", "a/ack/#"), stamp="1")


def joined(exchange: Exchange, *, clean: bool = False, principal: Principal = BUTTON) -> Member:
    found = exchange.connect_client(principal, "b-01", clean=clean)
    assert found is not None
    return found[0]


def session_of(exchange: Exchange, device_id: str, client_id: str) -> Member:
    found = exchange.connect_client(replace(BUTTON, device_id=device_id), client_id, clean=False)
    assert found is not None
    return found[0]


def test_a_lasting_session_is_kept_for_a_day_and_then_forgotten() -> None:
    exchange = Exchange()
    member = joined(exchange)
    exchange.disconnect_client(member, at=100.0)

    exchange.forget_the_long_gone(100.0 + FORGET_AFTER_SECONDS - 1)
    assert member.key in exchange.members

    exchange.forget_the_long_gone(100.0 + FORGET_AFTER_SECONDS)
    assert member.key not in exchange.members


def test_of_a_devices_sessions_beyond_eight_the_one_that_parted_first_is_forgotten() -> None:
    exchange = Exchange()
    for n, parted_at in enumerate((3.0, 1.0, 2.0, 4.0, 5.0, 6.0, 7.0, 8.0)):
        exchange.disconnect_client(session_of(exchange, "b-01", f"client-{n}"), at=parted_at)
    session_of(exchange, "b-02", "client-1")

    session_of(exchange, "b-01", "client-8")
    session_of(exchange, "b-01", "client-9")

    assert [client for device, client in exchange.members if device == "b-01"] == [
        "client-0", "client-3", "client-4", "client-5", "client-6", "client-7", "client-8", "client-9",
    ]  # fmt: skip
    assert ("b-02", "client-1") in exchange.members


def test_a_device_with_eight_clients_at_once_gets_no_ninth_and_takes_no_room_of_others() -> None:
    exchange = Exchange()
    for n in range(MAX_SESSIONS_OF_A_DEVICE):
        session_of(exchange, "b-01", f"client-{n}")

    assert exchange.connect_client(BUTTON, "one-more", clean=False) is None
    assert exchange.connect_client(BUTTON, "client-0", clean=False) is not None
    assert exchange.connect_client(replace(BUTTON, device_id="b-02"), "b-02", clean=True) is not None


def test_a_clean_session_ends_with_its_connection() -> None:
    exchange = Exchange()
    member = joined(exchange, clean=True)
    exchange.subscribe(member, (("a/cue/b-01", 1),))
    exchange.disconnect_client(member, at=100.0)

    assert exchange.members == {}
    assert exchange.route_message(Publish("a/cue/b-01", b"x", qos=1)).takers == 0


def test_a_client_that_asks_for_a_clean_session_loses_its_kept_one() -> None:
    exchange = Exchange()
    exchange.subscribe(joined(exchange), (("a/cue/b-01", 1),))

    again = exchange.connect_client(BUTTON, "b-01", clean=True)

    assert again is not None
    assert again[1] is False
    assert exchange.route_message(Publish("a/cue/b-01", b"x", qos=1)).takers == 0


def test_a_kept_session_keeps_only_what_the_rows_of_today_allow() -> None:
    exchange = Exchange()
    exchange.subscribe(joined(exchange), (("a/cue/b-01", 1), ("a/ack/#", 1)))

    member = joined(exchange, principal=replace(BUTTON, may_subscribe=("a/ack/#",)))

    assert set(member.session.subscriptions) == {"a/ack/#"}
    assert exchange.route_message(Publish("a/cue/b-01", b"x", qos=1)).takers == 0


def test_a_message_comes_once_however_many_filters_match() -> None:
    exchange = Exchange()
    member = joined(exchange)
    exchange.subscribe(member, (("a/ack/#", 0), ("a/ack/b-01", 1)))

    routed = exchange.route_message(Publish("a/ack/b-01", b"x", qos=1))

    assert [(to, [message.qos for message in sent]) for to, sent in routed.deliveries] == [(member, [1])]


def test_a_client_holds_a_bounded_number_of_subscriptions() -> None:
    exchange = Exchange()
    codes = exchange.subscribe(joined(exchange), tuple((f"a/ack/{n}", 1) for n in range(MAX_FILTERS + 1)))

    assert codes[-2:] == (1, REFUSED_SUBSCRIPTION)


def test_an_empty_retained_message_clears_the_topic() -> None:
    exchange = Exchange()
    member = joined(exchange)
    wanted = (("a/cue/b-01", 1),)
    exchange.subscribe(member, wanted)
    exchange.retain_message(Publish("a/cue/b-01", b"x", qos=1, retain=True))
    assert len(exchange.retained_for(member, wanted)) == 1

    exchange.retain_message(Publish("a/cue/b-01", b"", qos=1, retain=True))

    assert exchange.retained_for(member, wanted) == ()


def test_what_was_refused_is_sent_nothing_that_is_retained() -> None:
    exchange = Exchange()
    member = joined(exchange)
    exchange.retain_message(Publish("a/cue/b-02", b"x", qos=1, retain=True))
    wanted = (("a/cue/b-02", 1), ("a/cue/+", 1))

    assert exchange.subscribe(member, wanted) == (REFUSED_SUBSCRIPTION, REFUSED_SUBSCRIPTION)
    assert exchange.retained_for(member, wanted) == ()
