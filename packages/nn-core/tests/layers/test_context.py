"""What a layer is told: whose noise it draws, its path, the sums over the batch."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.arrays import Array
from nn_core.layers.context import BatchPart, Collective, Context

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@DTYPES
@given(row=st.sampled_from([(1,), (3,), (5, 3), (4,), ()]), cuts=st.lists(st.integers(0, 10), max_size=4))
def test_noise_belongs_to_the_example(dtype: npt.DTypeLike, row: tuple[int, ...], cuts: list[int]) -> None:
    context = Context(path=(2, 0), part=BatchPart((7, 3)))
    whole = context.uniform((10, *row), dtype)
    assert whole.dtype == dtype
    edges = [0, *sorted(cuts), 10]
    parts = [
        replace(context, part=BatchPart((7, 3), first)).uniform((stop - first, *row), dtype)
        for first, stop in pairwise(edges)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_noise_is_the_upper_bits_of_the_generators_words() -> None:
    """float64: word >> 11 times 2^-53. float32: each half of a word, the low one first."""
    context = Context(path=(2, 0), part=BatchPart((7, 3), first_row=4))
    bits = np.random.PCG64(np.random.SeedSequence(7, spawn_key=(3, 2, 0)))
    words = bits.random_raw(8 * 6).reshape(8, 6)
    doubles = (words[4:] >> np.uint64(11)) * 2.0**-53
    np.testing.assert_array_equal(context.uniform((4, 6), np.float64), doubles)
    words = words.reshape(-1)[: 8 * 3].reshape(8, 3)  # five numbers take three whole words
    halves = np.stack([words & np.uint64(2**32 - 1), words >> np.uint64(32)], axis=-1)
    singles = (halves.reshape(8, 6)[4:, :5] >> np.uint64(8)) * 2.0**-24
    np.testing.assert_array_equal(context.uniform((4, 5), np.float32), singles)


def test_noise_is_uniform_and_differs_by_run_step_and_path() -> None:
    keys: list[tuple[tuple[int, int], tuple[int, ...]]] = [
        ((0, 0), (3,)),
        ((0, 0), (3, 0)),
        ((0, 0), (0, 3)),
        ((0, 1), (3,)),
        ((1, 0), (3,)),
        ((2**32, 0), (3,)),
    ]
    drawn = [Context(path=path, part=BatchPart(seed)).uniform((400, 50), np.float32) for seed, path in keys]
    assert len({array.tobytes() for array in drawn}) == len(keys)
    for array in drawn:
        assert array.min() >= 0
        assert array.max() < 1
        np.testing.assert_allclose(np.histogram(array, 10, (0, 1))[0], 2000, atol=220)


@DTYPES
def test_normal_noise_is_normal_and_belongs_to_the_example(dtype: npt.DTypeLike) -> None:
    context = Context(path=(1,), part=BatchPart((3, 0)))
    z = context.normal((400, 50), dtype)
    assert z.dtype == dtype
    assert np.isfinite(z).all()
    # The first four moments of 20,000 numbers, within five standard errors.
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs((z**power).mean() - moment) < 5 * np.sqrt(variance / z.size)
    later = replace(context, part=BatchPart((3, 0), first_row=100)).normal((50, 50), dtype)
    np.testing.assert_array_equal(later, z[100:150])


def test_a_childs_context() -> None:
    context = Context(path=(4,), part=BatchPart((1, 2), 3), needs_d_x=False)
    child = context.child(2)
    assert (child.path, child.training, child.needs_d_x) == ((4, 2), True, True)
    assert child.part is context.part
    assert not context.child(2, trainable=False).training
    assert not replace(context, training=False).child(0).training
    assert not context.child(0, needs_d_x=False).needs_d_x


class Three(Collective):
    """Two more shards, with ten and a hundred times the values."""

    def gather(self, values: tuple[Array, ...]) -> list[tuple[Array, ...]]:
        return [values, *(tuple(n * value for value in values) for n in (10, 100))]


def test_sums_over_the_batch_are_new_arrays() -> None:
    a, b = np.array([1.0, 2.0]), np.array(3.0)
    alone = Context().sum_over_batch(a, b)
    np.testing.assert_array_equal(alone[0], a)
    assert not np.shares_memory(alone[0], a)
    together = Context(part=BatchPart(collective=Three())).sum_over_batch(a, b)
    np.testing.assert_array_equal(together[0], [111, 222])
    np.testing.assert_array_equal(together[1], 333)
    np.testing.assert_array_equal(a, [1, 2])
