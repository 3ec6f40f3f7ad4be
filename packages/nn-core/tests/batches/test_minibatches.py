"""Mini-batches against the order that they promise."""

import copy
import json
from itertools import chain

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.batches.minibatches import MiniBatches
from nn_core.errors import SettingError, ShapeError

sizes = st.integers(1, 40)
seeds = st.integers(0, 2**32 - 1)


def numbered(count: int, batch_size: int | None, seed: int = 0) -> MiniBatches:
    """Batches of examples (n, n + 0.5) with target -n, so that each can be told apart."""
    x = np.arange(count)[:, None] + np.array([0.0, 0.5])
    return MiniBatches(x, -np.arange(count), batch_size=batch_size, rng=np.random.default_rng(seed))


def take(batches: MiniBatches, count: int) -> list[list[int]]:
    """The numbers of the examples in the next batches, once x and y agree about them."""
    taken = []
    for _ in range(count):
        x, y = batches.next()
        np.testing.assert_array_equal(x, -y[:, None] + np.array([0.0, 0.5]))
        taken.append((-y).tolist())
    return taken


@given(count=sizes, batch_size=sizes, seed=seeds, epochs=st.integers(1, 3))
def test_an_epoch_holds_each_example_once(
    count: int, batch_size: int, seed: int, epochs: int
) -> None:
    batches = numbered(count, batch_size, seed)
    for _ in range(epochs):
        epoch = take(batches, batches.steps_per_epoch)
        assert sorted(chain.from_iterable(epoch)) == list(range(count))
        assert {len(batch) for batch in epoch[:-1]} <= {min(batch_size, count)}
        assert 1 <= len(epoch[-1]) <= batch_size


def test_the_last_batch_holds_what_is_left() -> None:
    batches = numbered(10, 4)
    assert batches.steps_per_epoch == 3
    assert [len(batch) for batch in take(batches, 6)] == [4, 4, 2, 4, 4, 2]


def test_each_epoch_has_an_order_of_its_own() -> None:
    batches = numbered(50, 7)
    first, second = (
        list(chain.from_iterable(take(batches, batches.steps_per_epoch))) for _ in range(2)
    )
    assert first != second
    assert first != sorted(first)


@given(count=sizes, batch_size=sizes, seed=seeds)
def test_one_seed_gives_the_same_batches_again(count: int, batch_size: int, seed: int) -> None:
    first, second = (numbered(count, batch_size, seed) for _ in range(2))
    assert take(first, 2 * first.steps_per_epoch) == take(second, 2 * second.steps_per_epoch)


def test_another_seed_gives_other_batches() -> None:
    assert take(numbered(50, 7, seed=1), 3) != take(numbered(50, 7, seed=2), 3)


@pytest.mark.parametrize("batch_size", [None, 6, 100])
def test_the_whole_set_comes_in_its_own_order(batch_size: int | None) -> None:
    batches = numbered(6, batch_size)
    assert (batches.batch_size, batches.steps_per_epoch) == (6, 1)
    assert take(batches, 3) == [[0, 1, 2, 3, 4, 5]] * 3


def test_a_batch_keeps_shape_and_type_and_copies_the_examples() -> None:
    x = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    y = np.arange(5, dtype=np.uint8)
    before = x.copy()
    batches = MiniBatches(x, y, batch_size=2, rng=np.random.default_rng(0))
    batch_x, batch_y = batches.next()
    assert (batch_x.shape, batch_x.dtype, batch_y.dtype) == ((2, 2, 3), np.float32, np.uint8)
    np.testing.assert_array_equal(batch_x, x[batch_y])
    batch_x[...] = -1.0
    np.testing.assert_array_equal(x, before)


def test_targets_may_have_axes_of_their_own() -> None:
    x = np.arange(7.0)
    y = np.stack([x, 2 * x], axis=1)
    batches = MiniBatches(x, y, batch_size=3, rng=np.random.default_rng(0))
    for _ in range(batches.steps_per_epoch):
        batch_x, batch_y = batches.next()
        np.testing.assert_array_equal(batch_y, np.stack([batch_x, 2 * batch_x], axis=1))


@given(
    count=sizes,
    batch_size=st.none() | sizes,
    seed=seeds,
    steps=st.integers(0, 60),
    wandered=st.integers(0, 5),
)
def test_a_stream_restored_anywhere_goes_on_the_same(
    count: int, batch_size: int | None, seed: int, steps: int, wandered: int
) -> None:
    batches = numbered(count, batch_size, seed)
    take(batches, steps)
    state = json.loads(json.dumps(batches.state()))
    expected = take(batches, 2 * batches.steps_per_epoch + 1)
    other = numbered(count, batch_size, seed + 1)
    take(other, wandered)
    other.restore(state)
    assert other.state() == state
    assert take(other, 2 * other.steps_per_epoch + 1) == expected


def test_a_state_does_not_move_with_its_stream() -> None:
    batches = numbered(9, 2)
    take(batches, 3)
    state = batches.state()
    kept = copy.deepcopy(state)
    take(batches, 9)
    assert state == kept
    assert batches.state() != kept


def test_the_mean_weighs_each_batch_by_its_examples() -> None:
    # Batches of 4, 4 and 2: (4 * 1 + 4 * 2 + 2 * 6) / 10.
    assert numbered(10, 4).mean([1.0, 2.0, 6.0]) == pytest.approx(2.4, rel=1e-15)
    assert numbered(8, 4).mean([1.0, 2.0]) == 1.5
    assert numbered(3, None).mean([7.0]) == 7.0


@given(count=sizes, batch_size=sizes)
def test_the_mean_over_batches_is_the_mean_over_examples(count: int, batch_size: int) -> None:
    batches = numbered(count, batch_size)
    means = [float(np.mean(batch)) for batch in take(batches, batches.steps_per_epoch)]
    assert batches.mean(means) == pytest.approx((count - 1) / 2, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("examples", "targets", "batch_size", "error", "message"),
    [
        (3, 2, 1, ShapeError, "3 examples, but 2 targets"),
        (0, 0, None, SettingError, "no examples"),
        (0, 0, 1, SettingError, "no examples"),
        (3, 3, 0, SettingError, "at least one example, not 0"),
        (3, 3, -4, SettingError, "at least one example, not -4"),
    ],
)
def test_what_makes_no_batches_is_refused(
    examples: int, targets: int, batch_size: int | None, error: type[Exception], message: str
) -> None:
    x: npt.NDArray[np.float64] = np.zeros((examples, 2))
    with pytest.raises(error, match=message):
        MiniBatches(x, np.zeros(targets, int), batch_size=batch_size, rng=np.random.default_rng(0))
