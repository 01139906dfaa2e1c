"""How many messages one transaction takes: as many as were committed in time before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.batch_size import BatchSize


def size_after(*batches: tuple[int, float], size: int = 8) -> int:
    batch_size = BatchSize(most=100, target_seconds=0.05, size=size)
    for messages, seconds in batches:
        batch_size.note_commit(messages, seconds)
    return batch_size.size


@pytest.mark.parametrize(
    ("batches", "size"),
    [
        ([], 8),
        ([(8, 0.01)], 16),
        ([(8, 0.04)], 10),
        ([(8, 0.01), (16, 0.02), (32, 0.04)], 40),
        ([(8, 0.001)] + [(n, 0.001) for n in (16, 32, 64, 100)], 100),
        ([(3, 0.001)], 8),  # a batch that was not full says nothing of a larger one
        ([(8, 0.01), (16, 0.02), (32, 0.1)], 16),
        ([(8, 0.01), (16, 0.02), (32, 3.0)], 8),  # time alone makes no batch smaller
        ([(8, 0.1)], 8),
        ([(1, 3.0)], 8),
    ],
)
def test_a_batch_is_as_large_as_what_was_committed_in_time(batches: list[tuple[int, float]], size: int) -> None:
    assert size_after(*batches) == size


def test_a_batch_that_took_too_long_is_halved_and_that_is_remembered() -> None:
    batch_size = BatchSize(most=500, target_seconds=0.05, size=200)
    batch_size.note_failure(200)
    assert batch_size.size == 100

    batch_size.note_failure(1)
    assert batch_size.size == 1


def test_after_a_failure_a_slow_machine_grows_again_to_the_smallest_batch() -> None:
    batch_size = BatchSize(most=500, target_seconds=0.05, size=1)
    for size in (2, 4, 8, 8):
        batch_size.note_commit(batch_size.size, 0.3)
        assert batch_size.size == size


@given(st.lists(st.tuples(st.floats(0.0001, 1), st.booleans()), max_size=50))
def test_a_batch_has_at_least_one_message_and_at_most_the_limit(batches: list[tuple[float, bool]]) -> None:
    size = BatchSize(most=100, target_seconds=0.05)
    for seconds, is_committed in batches:
        if is_committed:
            size.note_commit(size.size, seconds)
        else:
            size.note_failure(size.size)

        assert 1 <= size.size <= 100
