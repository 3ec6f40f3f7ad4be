"""Splits by class against their definition, over drawn labels and fractions, and at random."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nn_core.batches.splits import random_split, stratified_split
from nn_core.errors import DataError, SettingError, ShapeError

label_lists = st.lists(st.integers(-3, 6), min_size=1, max_size=60)
fractions = st.floats(0.001, 0.999)


def split(labels: npt.ArrayLike, fraction: float, seed: int = 0) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    return stratified_split(np.array(labels), fraction, rng=np.random.default_rng(seed))


@given(drawn=label_lists, fraction=fractions, seed=st.integers(0, 2**32 - 1))
@example(drawn=[0, 0, 0, 1, 2], fraction=1 / 3, seed=0)
@example(drawn=[0, 0], fraction=0.001, seed=0)
@example(drawn=[0, 0, 0], fraction=np.nextafter(1, 0), seed=0)
@example(drawn=[0, 0, 0, 1, 1], fraction=0.9, seed=0)
def test_every_class_gives_its_share_and_keeps_an_example(drawn: list[int], fraction: float, seed: int) -> None:
    labels = np.array(drawn)
    classes, counts = np.unique(labels, return_counts=True)
    if counts.max() == 1:
        with pytest.raises(DataError, match="each class has only one"):
            split(labels, fraction, seed)
        return
    train, validation = split(labels, fraction, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(labels.size))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    assert validation.size >= 1
    for value, count in zip(classes, counts, strict=True):
        assert (labels[train] == value).sum() >= 1
        held_out = (labels[validation] == value).sum()
        assert held_out < fraction * count + 1
        assert held_out > min(fraction * count, count - 1) - 1


@given(count=st.integers(10, 80), classes=st.integers(1, 5), fraction=st.floats(0.05, 0.6))
def test_the_total_is_the_fraction_of_all(count: int, classes: int, fraction: float) -> None:
    labels = np.arange(count * classes) % classes
    _, validation = split(labels, fraction)
    assert validation.size == max(1, round(fraction * labels.size))


def test_worked_by_hand() -> None:
    # Shares of 0.25: 1.75, 0.75, 0.5, 0.25, so floors 1, 0, 0, 0. Of round(3.25) = 3 in all,
    # the two that are missing go to the largest remainders, 0.75 and 0.75.
    labels = [0] * 7 + [1] * 3 + [2] * 2 + [3]
    _, validation = split(labels, 0.25)
    np.testing.assert_array_equal(np.bincount(np.array(labels)[validation], minlength=4), [2, 1, 0, 0])


def test_one_generator_gives_one_result() -> None:
    labels = np.arange(100) % 3
    for first, second in zip(split(labels, 0.2, 7), split(labels, 0.2, 7), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(split(labels, 0.2, 7)[1], split(labels, 0.2, 8)[1])


def test_every_example_may_be_held_out() -> None:
    seen = set()
    for seed in range(60):
        seen.update(split([0, 0, 0, 1, 1, 1], 0.34, seed)[1].tolist())
    assert seen == set(range(6))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, 1.5, float("nan"), float("inf")])
def test_a_fraction_outside_0_and_1_is_refused(fraction: float) -> None:
    with pytest.raises(SettingError, match="between 0 and 1"):
        split([0, 0, 1, 1], fraction)


def test_labels_that_cannot_be_split_are_refused() -> None:
    with pytest.raises(DataError, match="no examples"):
        split(np.zeros(0, int), 0.2)
    with pytest.raises(DataError, match="each class has only one"):
        split([0, 1, 2], 0.2)
    with pytest.raises(ShapeError, match=r"\(N,\), not \(2, 2\)"):
        split([[0, 1], [1, 0]], 0.2)


@pytest.mark.parametrize(("count", "fraction", "held_out"), [(10, 0.25, 2), (10, 0.01, 1), (2, 0.5, 1), (5, 0.7, 4)])
def test_a_random_split_holds_out_a_fraction(count: int, fraction: float, held_out: int) -> None:
    rows, held = random_split(count, fraction, rng=np.random.default_rng(0))
    assert len(held) == held_out
    assert sorted([*rows, *held]) == list(range(count))
    assert (np.diff(rows) > 0).all()
    assert (np.diff(held) > 0).all()


def test_random_split_needs_a_training_example() -> None:
    with pytest.raises(DataError, match=r"^cannot hold out 0.9 of 2 examples: no training example would be left$"):
        random_split(2, 0.9, rng=np.random.default_rng(0))
    with pytest.raises(SettingError, match="between 0 and 1, not 1"):
        random_split(2, 1.0, rng=np.random.default_rng(0))
