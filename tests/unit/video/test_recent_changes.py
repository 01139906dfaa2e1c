"""How long has a grant held, when its rows do not say what changed a moment ago?"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.kit.changes import Change
from hub.kit.ids import AccountId, CentreId, DeviceId, SeniorId, ViewingId
from hub.video.recent_changes import RecentChanges
from hub.video.store import OpenViewing

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
VIEWING = OpenViewing(
    id=ViewingId("v-1"),
    centre_id=CentreId("jiuquan-road"),
    camera_id=DeviceId("cam-gym"),
    account_id=AccountId("wang-daughter"),
    session_id=b"",
    senior_id=SeniorId("s-wang"),
    reason="",
    opened_at=NINE,
    started_at=None,
)


def test_a_grant_of_which_nothing_changed_has_held_as_long_as_its_rows_say() -> None:
    recent = RecentChanges(begun=0.0)

    recent.note_changes([Change("presence", "s-zhang"), Change("device", "cam-music")], 99.0)

    assert recent.held(VIEWING, (), 60.0, now=100.0) == 60.0


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("grant", "s-wang"),
        ("account", "wang-daughter"),
        ("device", "cam-gym"),
        # Somebody else in the room objected until now: her record says no more that she did.
        ("senior", "s-li"),
    ],
)
def test_what_may_have_given_the_grant_just_now_shortens_it(kind: str, about: str) -> None:
    recent = RecentChanges(begun=0.0)

    recent.note_changes([Change(kind, about)], 99.0)

    assert recent.held(VIEWING, (), 60.0, now=100.0) == 1.0


@pytest.mark.parametrize(("about", "held"), [("s-wang", 1.0), ("s-zhang", 60.0)])
def test_a_responder_s_grant_is_as_young_as_the_presence_by_which_the_room_was_found(about: str, held: float) -> None:
    recent = RecentChanges(begun=0.0)
    looking = replace(VIEWING, account_id=AccountId("zhou"), senior_id=None)

    recent.note_changes([Change("presence", about), Change("alarm", "a-1")], 99.0)

    assert recent.held(looking, ("account:zhou", "presence:s-wang", "alarm:a-1"), 60.0, now=100.0) == held


def test_before_the_hub_began_to_listen_nothing_is_known() -> None:
    recent = RecentChanges(begun=0.0)

    recent.note_changes([Change("lost", "")], 98.0)

    assert recent.held(VIEWING, (), 60.0, now=100.0) == 2.0
