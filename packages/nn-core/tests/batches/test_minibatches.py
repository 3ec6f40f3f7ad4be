"""Mini-batches against the order that they promise."""

from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.batches.minibatches import MiniBatches, as_examples
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.sequences import trim_padding

sizes = st.integers(1, 40)
seeds = st.integers(0, 2**32 - 1)


def numbered(count: int, batch_size: int | None) -> MiniBatches:
    """Batches of examples (n, n + 0.5) with target -n, so that each can be told apart."""
    x = np.arange(count)[:, None] + np.array([0.0, 0.5])
    return MiniBatches(x, -np.arange(count), batch_size=batch_size)


def take(batches: MiniBatches, steps: int, seed: int = 0, *, first: int = 1) -> list[list[int]]:
    """The numbers of the examples in some batches, once x and y agree about them."""
    taken = []
    for step in range(first, first + steps):
        x, y, weights = batches.batch((seed, step))
        assert weights is None
        np.testing.assert_array_equal(x, -y[:, None] + np.array([0.0, 0.5]))
        np.testing.assert_array_equal(batches.targets((seed, step))[0], y)
        taken.append((-y).tolist())
    return taken


@given(count=sizes, batch_size=sizes, seed=seeds, epochs=st.integers(1, 3))
def test_an_epoch_holds_each_example_once(count: int, batch_size: int, seed: int, epochs: int) -> None:
    batches = numbered(count, batch_size)
    for number in range(epochs):
        steps = batches.steps_per_epoch
        epoch = take(batches, steps, seed, first=number * steps + 1)
        assert sorted(chain.from_iterable(epoch)) == list(range(count))
        assert {len(batch) for batch in epoch[:-1]} <= {min(batch_size, count)}
        assert 1 <= len(epoch[-1]) <= batch_size


def test_the_last_batch_holds_what_is_left() -> None:
    batches = numbered(10, 4)
    assert batches.steps_per_epoch == 3
    assert [len(batch) for batch in take(batches, 6)] == [4, 4, 2, 4, 4, 2]


def test_each_epoch_has_an_order_of_its_own() -> None:
    batches = numbered(50, 7)
    first, second = (list(chain.from_iterable(take(batches, 8, first=step))) for step in (1, 9))
    assert first != second
    assert first != sorted(first)


@given(count=sizes, batch_size=sizes, seed=seeds, steps=st.lists(st.integers(1, 99), max_size=9))
def test_a_batch_follows_from_seed_and_step_alone(count: int, batch_size: int, seed: int, steps: list[int]) -> None:
    batches = numbered(count, batch_size)
    for step in steps:  # in any order, with other runs in between
        received = take(batches, 1, seed, first=step)
        assert received == take(numbered(count, batch_size), 1, seed, first=step)
        take(batches, 1, seed + 1, first=step)


def test_another_seed_gives_other_batches() -> None:
    batches = numbered(50, 7)
    assert take(batches, 3, 1) != take(batches, 3, 2)


@pytest.mark.parametrize("batch_size", [None, 6, 100])
def test_the_whole_set_comes_in_its_own_order(batch_size: int | None) -> None:
    batches = numbered(6, batch_size)
    assert (batches.batch_size, batches.steps_per_epoch) == (6, 1)
    assert take(batches, 3) == [[0, 1, 2, 3, 4, 5]] * 3


def test_a_batch_keeps_shape_and_type_and_copies_the_examples() -> None:
    x = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    y = np.arange(5, dtype=np.uint8)
    before = x.copy()
    batches = MiniBatches(x, y, batch_size=2)
    batch_x, batch_y, _ = batches.batch((0, 1))
    assert batch_x.shape == (2, 2, 3)
    assert [batch_x.dtype, batch_y.dtype] == [np.dtype(np.float32), np.dtype(np.uint8)]
    np.testing.assert_array_equal(batch_x, x[batch_y])
    batch_x[...] = -1.0
    np.testing.assert_array_equal(x, before)


def test_targets_may_have_axes_of_their_own() -> None:
    x = np.arange(7.0)
    y = np.stack([x, 2 * x], axis=1)
    batches = MiniBatches(x, y, batch_size=3)
    for step in range(1, batches.steps_per_epoch + 1):
        batch_x, batch_y, _ = batches.batch((0, step))
        np.testing.assert_array_equal(batch_y, np.stack([batch_x, 2 * batch_x], axis=1))


@pytest.mark.parametrize(
    ("examples", "targets", "batch_size", "error", "message"),
    [
        (3, 2, 1, ShapeError, "3 examples, but 2 targets"),
        (0, 0, None, SettingError, "no examples"),
        (0, 0, 1, SettingError, "no examples"),
        (3, 3, 0, SettingError, "batch_size must be at least 1, not 0"),
        (3, 3, -4, SettingError, "batch_size must be at least 1, not -4"),
    ],
)
def test_what_makes_no_batches_is_refused(
    examples: int, targets: int, batch_size: int | None, error: type[Exception], message: str
) -> None:
    x: npt.NDArray[np.float64] = np.zeros((examples, 2))
    with pytest.raises(error, match=message):
        MiniBatches(x, np.zeros(targets, int), batch_size=batch_size)


def test_weights_are_shuffled_with_their_examples() -> None:
    x = np.arange(7.0)
    batches = MiniBatches(x, -x, batch_size=3, weights=10 * x)
    for step in range(1, 7):
        batch_x, _, weights = batches.batch((0, step))
        np.testing.assert_array_equal(weights, 10 * batch_x)
        np.testing.assert_array_equal(batches.targets((0, step))[1], weights)
    whole = MiniBatches(x, -x, batch_size=None, weights=10 * x)
    np.testing.assert_array_equal(whole.batch((0, 1))[2], 10 * x)
    with pytest.raises(ShapeError, match="7 examples, but 6 weights"):
        MiniBatches(x, -x, batch_size=3, weights=x[1:])


class Table:
    """An object of another library that NumPy can convert."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        return np.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize("given", [[[0, 1], [2, 3], [4, 5]], Table(), np.arange(6).reshape(3, 2)])
def test_lists_and_dataframes_are_converted(given: Any) -> None:
    np.testing.assert_array_equal(as_examples(given), [[0, 1], [2, 3], [4, 5]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1, 2], [3]], "x has examples of different lengths; pad them to the same length"),
        ([["red", 1]], r"x has non-numeric values \(<U\d+\); encode strings, then x.astype\(float\)"),
        (np.array([[1, None]]), "non-numeric values .object."),
        (iter([1]), "x is an array of examples, not list_iterator"),
        (None, "x is an array of examples, not NoneType"),
        (np.ma.masked_equal([1.0, 2.0], 2.0), r"x has masked values; fill them: x.filled\(0\)"),
    ],
)
def test_what_is_no_array_of_examples_is_refused(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_examples(given)


def test_sparse_matrices_are_rejected_with_toarray() -> None:
    class Sparse:
        def toarray(self) -> None: ...

    with pytest.raises(DataError, match=r"x is an array of examples, not Sparse: x.toarray\(\)"):
        as_examples(Sparse())


# Padded sequences


def padded_words(count: int = 23, longest: int = 9) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Sequences of 1 to 9 steps; x is padded with words, y with -1."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(5, size=(2, count, longest))
    lengths = rng.integers(1, longest + 1, size=count)
    y[np.arange(longest) >= lengths[:, None]] = -1
    return x, y


def test_trimming_leaves_out_steps_without_targets() -> None:
    y = np.array([[1, 2, -1, -1, -1], [1, -1, 3, -1, -1]])
    x = np.arange(10).reshape(2, 5)
    for received, whole in zip(trim_padding(x, y), (x, y), strict=True):
        np.testing.assert_array_equal(received, whole[:, :3])
    assert trim_padding(x, np.full((2, 5), -1))[1].shape == (2, 1)
    assert trim_padding(x, np.zeros((2, 5), int))[0].shape == (2, 5)
    assert trim_padding(x, np.zeros((2, 5), np.uint8))[0].shape == (2, 5)


@pytest.mark.parametrize("batch_size", [None, 4])
def test_batches_are_as_long_as_their_longest_example(batch_size: int | None) -> None:
    x, y = padded_words()
    plain, trim = (MiniBatches(x, y, batch_size=batch_size, trim=trim) for trim in (False, True))
    for step in range(1, 9):
        (x_plain, y_plain, _), (x_trim, y_trim, _) = plain.batch((0, step)), trim.batch((0, step))
        length = x_trim.shape[1]
        np.testing.assert_array_equal(x_trim, x_plain[:, :length])
        np.testing.assert_array_equal(y_trim, y_plain[:, :length])
        assert (y_plain[:, length:] == -1).all()
        assert (y_trim[:, -1] >= 0).any()


@pytest.mark.parametrize("by_step", [False, True])
def test_weights_of_padded_sequences_are_trimmed_too(by_step: bool) -> None:
    x, y = padded_words()
    weights = np.arange(x.size, dtype=float).reshape(x.shape) if by_step else np.arange(len(x), dtype=float)
    batches = MiniBatches(x, y, batch_size=4, weights=weights, trim=True)
    for step in range(1, 7):
        _, batch_y, found = batches.batch((0, step))
        assert found is not None
        assert found.shape == (batch_y.shape if by_step else batch_y.shape[:1])
