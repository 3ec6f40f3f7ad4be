"""group_split and group_folds: no group on both sides, and each side like the whole."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nn_core.arrays import Labels
from nn_core.batches.splits import group_folds, group_split
from nn_core.errors import DataError, SettingError, ShapeError

examples = st.lists(st.tuples(st.integers(-2, 12), st.integers(0, 4)), min_size=1, max_size=80)
seeds = st.integers(0, 2**32 - 1)
PEOPLE = np.repeat(np.arange(50), 10)
DIGITS = np.tile(np.arange(10), 50)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def check_division(parts: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], groups: Labels) -> None:
    train, validation = parts
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(len(groups)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    assert train.size >= 1
    assert validation.size >= 1
    assert not set(groups[train].tolist()) & set(groups[validation].tolist())


@given(drawn=examples, fraction=st.floats(0.01, 0.99), seed=seeds)
@example(drawn=[(0, 0), (1, 0)], fraction=0.01, seed=0)
@example(drawn=[(0, 0), (1, 0)], fraction=0.99, seed=0)
def test_no_group_is_on_both_sides_and_every_class_is_trained_on(
    drawn: list[tuple[int, int]], fraction: float, seed: int
) -> None:
    groups, labels = np.array(drawn).T
    try:
        parts = group_split(groups, fraction, rng=rng(seed), labels=labels)
    except DataError:
        kinds = [set(labels[groups != group].tolist()) for group in set(groups.tolist())]
        assert not any(kind == set(labels.tolist()) for kind in kinds)
        return
    check_division(parts, groups)
    assert set(labels[parts[0]].tolist()) == set(labels.tolist())


@given(drawn=examples, folds=st.integers(2, 6), seed=seeds, labelled=st.booleans())
def test_each_group_is_held_out_in_one_fold(
    drawn: list[tuple[int, int]], folds: int, seed: int, labelled: bool
) -> None:
    groups, labels = np.array(drawn).T
    count = len(set(groups.tolist()))
    if count < folds:
        with pytest.raises(DataError, match=f"^{count} groups? cannot be divided into {folds} fol"):
            group_folds(groups, folds, rng=rng(seed))
        return
    divided = group_folds(groups, folds, rng=rng(seed), labels=labels if labelled else None)
    assert len(divided) == folds
    for parts in divided:
        check_division(parts, groups)
    held_out = np.concatenate([validation for _, validation in divided])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(len(groups)))


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.3, 0.5, 0.8])
def test_people_alike_are_divided_exactly(fraction: float) -> None:
    for labels in (None, DIGITS):
        _, validation = group_split(PEOPLE, fraction, rng=rng(), labels=labels)
        assert np.bincount(DIGITS[validation]).tolist() == [round(fraction * 50)] * 10


def test_folds_of_people_alike_are_alike() -> None:
    for _, validation in group_folds(PEOPLE, 5, rng=rng(), labels=DIGITS):
        assert np.bincount(DIGITS[validation]).tolist() == [10] * 10


@given(seed=seeds, fraction=st.floats(0.05, 0.6))
def test_the_fraction_is_met_up_to_half_a_group(seed: int, fraction: float) -> None:
    draw = rng(seed)
    groups = np.repeat(np.arange(60), draw.integers(1, 12, 60))
    _, validation = group_split(groups, fraction, rng=draw)
    if len(validation) > 12:
        assert abs(len(validation) - fraction * len(groups)) <= 6


@given(seed=seeds)
def test_classes_are_shared_out_though_groups_have_one_each(seed: int) -> None:
    # Twelve groups of each of three classes, of three sizes.
    labels_of_group = np.repeat([0, 1, 2], 12)
    sizes = np.tile([4, 5, 6], 12)
    groups, labels = np.repeat(np.arange(36), sizes), np.repeat(labels_of_group, sizes)
    for _, validation in group_folds(groups, 4, rng=rng(seed), labels=labels):
        assert np.bincount(labels[validation]).tolist() == [15] * 3
    _, validation = group_split(groups, 0.25, rng=rng(seed), labels=labels)
    np.testing.assert_allclose(np.bincount(labels[validation]), 15, atol=6)


def test_worked_by_hand() -> None:
    # Four people with 4, 2, 1, 1 photos in two folds: 4 | 2, then to the smaller: 2 + 1 + 1.
    groups = np.array([7, 7, 7, 7, 3, 3, 5, 1])
    folds = group_folds(groups, 2, rng=rng())
    assert sorted(validation.tolist() for _, validation in folds) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    # Of [0, 0, 0 | 1 | 0, 1], the last alone leaves both classes behind.
    groups, labels = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 0, 0, 1, 0, 1])
    for seed in range(20):
        _, validation = group_split(groups, 0.3, rng=rng(seed), labels=labels)
        assert len(set(groups[validation].tolist())) == 1


def test_groups_larger_than_the_fraction_give_the_nearest() -> None:
    groups = np.repeat([0, 1, 2], [30, 20, 25])
    for seed in range(10):
        _, validation = group_split(groups, 0.01, rng=rng(seed))
        assert set(groups[validation].tolist()) == {1}


def test_a_group_that_brings_the_count_no_nearer_stays_in_training() -> None:
    """Half of all is as far from a quarter as nothing; two single examples are a quarter."""
    for seed in range(40):
        _, held_out = group_split(np.array([0, 0, 0, 0, 1, 2, 3, 4]), 0.25, rng=seed)
        assert len(held_out) == 2


def test_one_generator_gives_one_result() -> None:
    first, again, other = (group_split(PEOPLE, 0.2, rng=rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])
    folds = [group_folds(PEOPLE, 5, rng=rng(seed)) for seed in (1, 1, 2)]
    one, same, different = ([part.tolist() for _, part in each] for each in folds)
    assert one == same
    assert one != different


def test_every_group_may_be_held_out() -> None:
    groups = np.repeat(np.arange(6), [1, 2, 3, 4, 5, 9])
    seen = set()
    for seed in range(80):
        seen.update(groups[group_split(groups, 0.3, rng=rng(seed))[1]].tolist())
    assert seen == set(range(6))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.2, float("nan")])
def test_a_fraction_outside_0_and_1_is_refused(fraction: float) -> None:
    with pytest.raises(SettingError, match="between 0 and 1"):
        group_split(PEOPLE, fraction, rng=rng())


def test_invalid_groups_are_refused() -> None:
    with pytest.raises(DataError, match="there is only one"):
        group_split(np.zeros(5, int), 0.2, rng=rng())
    with pytest.raises(DataError, match="all examples of some class"):
        group_split(np.array([0, 1, 2]), 0.4, rng=rng(), labels=np.array([0, 1, 2]))
    with pytest.raises(DataError, match="no examples"):
        group_split(np.zeros(0, int), 0.2, rng=rng())
    with pytest.raises(DataError, match="no examples"):
        group_folds(np.zeros(0, int), 2, rng=rng())
    with pytest.raises(SettingError, match="folds must be at least 2, not 1"):
        group_folds(PEOPLE, 1, rng=rng())
    with pytest.raises(ShapeError, match=r"groups must be \(N,\), not \(5, 2\)"):
        group_split(np.zeros((5, 2), int), 0.2, rng=rng())
    with pytest.raises(ShapeError, match=r"groups are \(500,\), but labels are \(3,\)"):
        group_folds(PEOPLE, 5, rng=rng(), labels=np.arange(3))
