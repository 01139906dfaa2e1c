"""Does the light say what is true: unheard, heard, somebody comes?"""

from hypothesis import given
from hypothesis import strategies as st

from devices.contract.messages import Ack, AckStatus, Cue, CueKind
from devices.light import LONGEST_SHOWN, Light, LightInputs, apply_ack, apply_cue, apply_press, choose_light, ends_at

ALARM = "a-01jdbhqm2ys2v0w8f7z6k5n4m3"
OTHER = "a-01jdbhqm2ys2v0w8f7z6k5n4m4"


def ack(status: AckStatus, of: AckStatus | None = None, *, press: str = "p-1", alarm: str | None = ALARM) -> Ack:
    return Ack.model_validate({"id": press, "status": status, "of": of, "alarm": alarm})


def cue(n: int, kind: CueKind, *, alarm: str = ALARM, text: str = "") -> Cue:
    return Cue(alarm=alarm, n=n, cue=kind, text=text)


HEARD = apply_ack(apply_press(LightInputs(), "p-1"), ack(AckStatus.COMMITTED), 1.0)


def test_a_button_that_nobody_pressed_is_dark() -> None:
    assert choose_light(LightInputs(), 0.0) == (Light.DARK, "")


def test_it_blinks_until_the_hub_has_committed() -> None:
    shown = apply_press(LightInputs(), "p-1")

    assert choose_light(shown, 1.0)[0] is Light.BLINKING
    assert choose_light(apply_ack(shown, ack(AckStatus.SPOOLED), 1.0), 1.0)[0] is Light.BLINKING
    assert choose_light(apply_ack(shown, ack(AckStatus.REJECTED), 1.0), 1.0)[0] is Light.BLINKING
    assert choose_light(apply_ack(shown, ack(AckStatus.COMMITTED), 1.0), 1.0)[0] is Light.STEADY


def test_a_duplicate_of_a_committed_press_is_heard_too() -> None:
    shown = apply_ack(apply_press(LightInputs(), "p-1"), ack(AckStatus.DUPLICATE, AckStatus.COMMITTED), 1.0)

    assert choose_light(shown, 1.0)[0] is Light.STEADY


def test_it_changes_when_somebody_comes_and_says_who() -> None:
    shown = apply_cue(HEARD, cue(2, CueKind.COMING, text="李护士正在赶来"), 5.0)

    assert choose_light(shown, 5.0) == (Light.COMING, "李护士正在赶来")


def test_a_late_received_does_not_undo_coming() -> None:
    shown = apply_cue(apply_cue(HEARD, cue(2, CueKind.COMING), 5.0), cue(1, CueKind.RECEIVED), 6.0)

    assert choose_light(shown, 6.0)[0] is Light.COMING


def test_a_lapsed_acceptance_shows_received_again() -> None:
    shown = apply_cue(apply_cue(HEARD, cue(2, CueKind.COMING), 5.0), cue(3, CueKind.RECEIVED), 6.0)

    assert choose_light(shown, 6.0)[0] is Light.STEADY


def test_a_second_press_that_was_not_heard_blinks_although_somebody_comes() -> None:
    shown = apply_press(apply_cue(HEARD, cue(2, CueKind.COMING), 5.0), "p-2")

    assert choose_light(shown, 6.0)[0] is Light.BLINKING


def test_it_goes_dark_when_all_is_well() -> None:
    shown = apply_cue(apply_cue(HEARD, cue(2, CueKind.COMING), 5.0), cue(4, CueKind.CLOSED), 600.0)

    assert choose_light(shown, 600.0) == (Light.DARK, "")


def test_one_alarm_that_ends_does_not_darken_another() -> None:
    shown = apply_cue(HEARD, cue(2, CueKind.COMING, alarm=OTHER), 5.0)

    assert choose_light(apply_cue(shown, cue(4, CueKind.CLOSED), 6.0), 6.0)[0] is Light.COMING


def test_without_another_word_it_goes_dark_after_half_an_hour() -> None:
    assert choose_light(HEARD, LONGEST_SHOWN)[0] is Light.STEADY
    assert choose_light(HEARD, LONGEST_SHOWN + 2)[0] is Light.DARK


def test_it_is_known_when_what_is_shown_ends_by_itself() -> None:
    shown = apply_cue(HEARD, cue(2, CueKind.COMING, alarm=OTHER), 5.0)

    assert ends_at(LightInputs(), 0.0) is None
    assert ends_at(shown, 10.0) == 1.0 + LONGEST_SHOWN
    assert ends_at(shown, 2.0 + LONGEST_SHOWN) == 5.0 + LONGEST_SHOWN
    assert ends_at(shown, 5.0 + LONGEST_SHOWN) is None


@given(st.permutations([1, 2, 3, 4, 5]))
def test_cues_in_any_order_show_the_highest(order: list[int]) -> None:
    kinds = {
        1: CueKind.RECEIVED,
        2: CueKind.COMING,
        3: CueKind.RECEIVED,
        4: CueKind.COMING,
        5: CueKind.ON_SCENE,
    }
    shown = HEARD
    for at, n in enumerate(order):
        shown = apply_cue(shown, cue(n, kinds[n]), float(at))

    assert choose_light(shown, 10.0)[0] is Light.ON_SCENE
