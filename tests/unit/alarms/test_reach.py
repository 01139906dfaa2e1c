"""Whom and what each tier of a policy means at one moment, and what the presser's device says."""

from datetime import timedelta

import pytest

from devices.contract.messages import Cue, CueKind, Do
from hub.alarms.cues import cue_text
from hub.alarms.escalation import Tier
from hub.alarms.model import Policy, Sounder, Step
from hub.alarms.reach import Centre, reach_of
from hub.kit.ids import AccountId, DeviceId, RoomId
from hub.notifications.model import Reachable
from hub.roster.model import Duty, Posts

ZHOU, LIU, SUN, GE, ADMIN = (AccountId(name) for name in ("zhou", "liu", "sun", "ge", "admin"))
GYM, CORRIDOR, DUTY_ROOM = RoomId("gym"), RoomId("corridor"), RoomId("duty")
GYM_SIREN, CORRIDOR_SIREN, DUTY_LAMP, LOOSE_LAMP = (
    DeviceId(name) for name in ("siren-gym", "siren-corridor", "lamp-duty", "lamp-loose")
)
CENTRE = Centre(
    posts=Posts(
        on_duty=((Duty.PRIMARY, ZHOU), (Duty.CENTRE_STAFF, LIU), (Duty.CENTRE_STAFF, ZHOU)),
        roles=(("social_worker", ZHOU), ("staff", LIU), ("lead", SUN), ("grid_head", GE)),
    ),
    reachable=Reachable(works=frozenset({ZHOU, SUN, GE}), any_channel=(ZHOU, SUN, GE, ADMIN)),
    sounders=(
        Sounder(DUTY_LAMP, Do.LAMP, DUTY_ROOM, "duty"),
        Sounder(LOOSE_LAMP, Do.LAMP, None, None),
        Sounder(CORRIDOR_SIREN, Do.SIREN, CORRIDOR, "corridor"),
        Sounder(GYM_SIREN, Do.SIREN, GYM, "gym"),
    ),
)


def rungs(*steps: tuple[str, ...]) -> Policy:
    return Policy("day", 1, tuple(Step(30, targets) for targets in steps))


def people_on(*targets: str) -> tuple[AccountId, ...]:
    return reach_of(rungs(targets), GYM, CENTRE).tiers[0].responders


@pytest.mark.parametrize(
    ("targets", "people"),
    [
        (("duty:primary",), (ZHOU,)),
        (("duty:primary", "duty:centre_staff"), (ZHOU,)),
        (("duty:secondary",), ()),
        (("duty:lead",), (SUN,)),
        (("duty:lead", "role:grid_head"), (SUN, GE)),
        (("role:staff",), ()),
        (("board", "lamp:corridor"), ()),
    ],
)
def test_a_rung_reaches_who_has_the_duty_or_post_and_a_channel_that_works(
    targets: tuple[str, ...], people: tuple[AccountId, ...]
) -> None:
    assert people_on(*targets) == people


@pytest.mark.parametrize(
    ("target", "devices"),
    [
        ("siren:room", (GYM_SIREN,)),
        ("siren:corridor", (CORRIDOR_SIREN,)),
        ("lamp:corridor", (DUTY_LAMP,)),
        ("lamp:room", ()),
        ("device:lamp-loose", (LOOSE_LAMP,)),
        ("device:lamp", ()),
        ("board", ()),
    ],
)
def test_a_rung_turns_on_what_it_names(target: str, devices: tuple[DeviceId, ...]) -> None:
    assert reach_of(rungs((target,)), GYM, CENTRE).devices == (devices,)


@pytest.mark.parametrize("target", ["siren:room", "lamp:room"])
def test_an_alarm_without_a_room_turns_on_nothing_of_a_room_nor_what_stands_in_none(target: str) -> None:
    assert reach_of(rungs((target,)), None, CENTRE).devices == ((),)


def test_the_last_resort_is_everybody_with_any_channel_and_all_that_sounds() -> None:
    reach = reach_of(rungs(("duty:primary",)), GYM, CENTRE)

    assert reach.tiers == (Tier(timedelta(seconds=30), (ZHOU,)),)
    assert reach.everyone == (ZHOU, SUN, GE, ADMIN)
    assert reach.every_device == (DUTY_LAMP, LOOSE_LAMP, CORRIDOR_SIREN, GYM_SIREN)


@pytest.mark.parametrize(
    ("cue", "chinese", "english"),
    [
        (CueKind.RECEIVED, "听到了，有人来", "We heard you, somebody is coming"),
        (CueKind.COMING, "李护士正在赶来", "Nurse Li is on the way"),
        (CueKind.ON_SCENE, "有人到了", "Somebody is with you"),
        (CueKind.CLOSED, "已经处理好了", "All is well again"),
    ],
)
def test_the_button_says_it_in_her_language(cue: CueKind, chinese: str, english: str) -> None:
    assert cue_text(cue, "zh-CN", coming="李护士") == chinese
    assert cue_text(cue, "en", coming="Nurse Li") == english


def test_whoever_comes_without_a_name_still_comes() -> None:
    assert cue_text(CueKind.COMING, "zh-CN") == "工作人员正在赶来"


def test_a_cue_is_one_line_that_fits_whoever_comes() -> None:
    name = "李敏\n（下午）" + "\u202e" + "长" * 500

    text = cue_text(CueKind.COMING, "zh-CN", coming=name)

    assert Cue(v=1, alarm="a-" + "0" * 26, n=1, cue=CueKind.COMING, text=text).text.startswith("李敏 （下午） 长")
    assert cue_text(CueKind.COMING, "en") == "Somebody is on the way"
