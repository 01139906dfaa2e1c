"""Do the numbers say what is in the picture?"""

import numpy as np
import pytest

from devices.picture_analysis import Luma, PictureAnalysis, PictureMemory, analyse_picture, count_people

HEIGHT, WIDTH = 90, 160


def noise(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.random.default_rng(seed).integers(-2, 3, (HEIGHT, WIDTH), dtype=np.int16)


def room(seed: int = 0, *, people: tuple[int, ...] = (), shift: int = 0) -> Luma:
    """A wall, a floor, a window and a door, the noise of a sensor, and people who stand at these columns."""
    picture = np.full((HEIGHT, WIDTH), 128, dtype=np.int16)
    picture[:45] = 178
    picture[12:36, 13:48] = 222
    picture[18:45, 115:140] = 98
    picture[54:58, 64:102] = 150
    picture = np.roll(picture, shift, axis=1)
    for column in people:
        picture[44:76, column : column + 9] = 60
    return (picture + noise(seed)).clip(0, 255).astype(np.uint8)


def watch(*pictures: Luma) -> PictureAnalysis:
    """What the last of these pictures says, one a second."""
    memory, seen = PictureMemory(), None
    for at, picture in enumerate(pictures):
        memory, seen = analyse_picture(memory, picture, float(at))
    assert seen is not None
    return seen


EMPTY = [room(seed) for seed in range(4)]


def test_an_empty_room_is_empty_and_still() -> None:
    assert watch(*EMPTY) == PictureAnalysis(black=False, frozen=False, moved=False, motion=0.0, occupancy=0)


@pytest.mark.parametrize("level", [0, 16, 30])
def test_a_covered_lens_is_black(level: int) -> None:
    covered = np.full((HEIGHT, WIDTH), level, dtype=np.uint8)

    assert watch(*EMPTY, covered).black
    assert watch(covered).black


def test_a_dim_room_with_one_lamp_is_not_black() -> None:
    dim = np.full((HEIGHT, WIDTH), 20, dtype=np.uint8)
    dim[20:30, 20:40] = 90

    assert not watch(*EMPTY, dim).black


def test_a_picture_that_does_not_change_for_ten_seconds_is_frozen() -> None:
    assert not watch(*EMPTY, *[room(9)] * 10).frozen
    assert watch(*EMPTY, *[room(9)] * 11).frozen


def test_a_still_room_in_a_living_camera_is_not_frozen() -> None:
    assert not watch(*[room(seed) for seed in range(40)]).frozen


def test_a_camera_that_was_turned_has_moved() -> None:
    turned = [room(seed, shift=30) for seed in range(8)]

    assert watch(*EMPTY, *turned).moved


def test_somebody_who_walks_past_does_not_move_the_camera() -> None:
    assert not watch(*EMPTY, *[room(seed, people=(20 + 5 * seed,)) for seed in range(20)]).moved


@pytest.mark.parametrize("people", [(), (30,), (30, 90), (15, 55, 120), (10, 40, 70, 100, 130)])
def test_people_apart_are_counted(people: tuple[int, ...]) -> None:
    assert watch(*EMPTY, room(7, people=people)).occupancy == len(people)


def test_somebody_who_walks_is_motion() -> None:
    walks = watch(*EMPTY, room(7, people=(30,)), room(8, people=(36,)))

    assert 0.005 < walks.motion < 0.1


def test_a_change_of_the_whole_light_is_not_more_than_all_of_the_picture() -> None:
    brighter = (room(7).astype(np.int16) + 60).clip(0, 255).astype(np.uint8)

    assert watch(*EMPTY, brighter).motion == 1.0


def test_where_cameras_write_the_time_is_neither_motion_nor_a_person() -> None:
    written = room(7)
    written[:8, :60] = 255
    written[82:, 100:] = 255

    seen = watch(*EMPTY, written)

    assert (seen.motion, seen.occupancy) == (0.0, 0)


def test_a_chair_that_was_put_somewhere_else_becomes_part_of_the_room() -> None:
    with_chair = [room(seed, people=(30,)) for seed in range(600)]

    assert watch(*EMPTY, *with_chair).occupancy == 0


def test_after_a_black_picture_the_room_is_known_again() -> None:
    black = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)

    seen = watch(*EMPTY, black, room(7, people=(30,)), room(8, people=(30,)))

    assert (seen.black, seen.occupancy) == (False, 1)


def test_a_picture_of_another_size_begins_anew() -> None:
    memory, _ = analyse_picture(PictureMemory(), EMPTY[0], 0.0)

    _, seen = analyse_picture(memory, np.full((180, 320), 100, dtype=np.uint8), 1.0)

    assert seen == PictureAnalysis(black=False, frozen=False, moved=False, motion=0.0, occupancy=None)


def test_how_many_people_are_there_is_not_known_from_the_first_picture_of_a_room() -> None:
    people = [room(seed, people=(30, 90)) for seed in range(2)]
    black = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)

    assert watch(people[0]).occupancy is None
    assert watch(black, people[0]).occupancy is None
    assert watch(*people).occupancy == 0  # they are taken for the room until they move


def test_another_counter_may_take_the_place_of_the_estimate() -> None:
    memory = PictureMemory()
    for at, picture in enumerate(EMPTY):
        memory, _ = analyse_picture(memory, picture, float(at))

    _, seen = analyse_picture(memory, room(7), 9.0, lambda _differs: 17)

    assert seen.occupancy == 17


def test_a_cup_is_nobody() -> None:
    differs = np.zeros((HEIGHT, WIDTH), dtype=bool)
    differs[40:44, 40:44] = True

    assert count_people(differs) == 0
