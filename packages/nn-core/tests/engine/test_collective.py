"""Shards on threads exchange values in a fixed order, and fail together."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.engine.collective import add_along_tree, run_together
from nn_core.layers.context import Collective


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("shards", [1, 2, 5])
def test_every_shard_gets_the_values_of_all_in_order(shards: int, threads: int) -> None:
    found: dict[int, list[list[tuple[int, float]]]] = {}

    def work(shard: int, collective: Collective) -> None:
        rounds = []
        for number in range(3):
            value = np.full(2, 10.0 * number + shard)
            gathered = collective.gather((shard, value))
            value[...] = -1.0  # what others hold is a copy
            rounds.append([(s, float(v[0])) for s, v in gathered])
        found[shard] = rounds

    run_together(work, shards, threads)
    expected = [[(s, 10.0 * number + s) for s in range(shards)] for number in range(3)]
    assert found == dict.fromkeys(range(shards), expected)


def test_no_more_shards_compute_at_a_time_than_there_are_threads() -> None:
    lock, working, most = threading.Lock(), [0], [0]

    def work(shard: int, collective: Collective) -> None:
        for _ in range(20):
            with lock:
                working[0] += 1
                most[0] = max(most[0], working[0])
            np.ones(1000).sum()
            with lock:
                working[0] -= 1
            collective.gather(())

    run_together(work, 6, 2)
    assert most[0] <= 2


def test_the_error_is_that_of_the_shard_that_failed_and_warnings_are_handled_alike() -> None:
    def work(shard: int, collective: Collective) -> None:
        collective.gather((shard,))
        if shard == 2:
            np.float64(1e308) * np.float64(10.0)
        collective.gather((shard,))

    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        run_together(work, 4, 2)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_tree_adds_up_all(values: list[float]) -> None:
    vectors = [np.array([value]) for value in values]
    assert add_along_tree(vectors)[0] == pytest.approx(sum(values), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("shards", range(1, 12))
def test_a_process_may_add_the_subtrees_that_it_holds(shards: int) -> None:
    values = np.random.default_rng(shards).normal(size=(shards, 3)).astype(np.float32)
    expected = add_along_tree([value.copy() for value in values])
    middle = 1 << max(0, (shards - 1).bit_length() - 1)
    halves = [part for part in (values[:middle], values[middle:]) if len(part)]
    sums = [add_along_tree([value.copy() for value in half]) for half in halves]
    if shards > 1:
        found = sums[0] + sums[1]
        np.testing.assert_array_equal(found, expected)
