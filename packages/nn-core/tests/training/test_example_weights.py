"""Example weights: worked out by hand, and errors."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.errors import NNError
from nn_core.training.example_weights import example_weights

LABELS = np.array([0, 0, 0, 1])


def weights_of(y: npt.NDArray[Any], *given: Any, **settings: Any) -> Any:
    weights = example_weights(y, *given, **settings)
    return None if weights is None else weights.tolist()


def test_balanced_classes_have_the_same_sum() -> None:
    # 4 labels of 2 classes: 4 / (2 * 3) for each of three, 4 / (2 * 1) for the one; 2 for each class.
    assert weights_of(LABELS, "balanced") == [2 / 3, 2 / 3, 2 / 3, 2.0]


def test_ignored_labels_are_not_counted() -> None:
    steps = np.array([[0, 0, -1], [0, 1, -1]])
    assert weights_of(steps, "balanced") == [[2 / 3, 2 / 3, 1.0], [2 / 3, 2.0, 1.0]]


def test_missing_classes_have_weight_1() -> None:
    assert weights_of(LABELS, {1: 5}) == [1, 1, 1, 5]
    assert weights_of(LABELS, {2: 5, 1: 0}, class_count=3) == [1, 1, 1, 0]


def test_both_weights_are_multiplied() -> None:
    assert weights_of(LABELS) is None
    assert weights_of(LABELS, None, [1, 2, 3, 4]) == [1, 2, 3, 4]
    assert weights_of(LABELS, {1: 10}, np.array([1, 2, 3, 4])) == [1, 2, 3, 40]
    assert weights_of(np.array([[0, 1], [1, 0]]), {1: 10}, [1, 2]) == [[1, 10], [20, 2]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (({"a": 1},), r"^class_weight has 'a', which is not a label: 0, 1$"),
        (({2: 1},), r"^class_weight has 2, which is not a label: 0, 1$"),
        (({1: -1},), r"^class_weight\[1\] must be finite and nonnegative, not -1$"),
        (({1: "5"},), r"^class_weight\[1\] must be finite and nonnegative, not '5'$"),
        (({0: 0, 1: 0},), r"^class_weight is zero for all classes$"),
        (("even",), r"^class_weight must be 'balanced' or a mapping such as \{0: 1.0, 1: 5.0\}, not 'even'$"),
        (([1, 5],), r"^class_weight must be 'balanced' or a mapping"),
        ((None, [1, 2]), r"^sample_weight must be \(4,\), one per example, not \(2,\)$"),
        ((None, [1, 2, 3, -1]), r"^sample_weight must be finite, nonnegative and not all zero$"),
        ((None, [1, 2, 3, np.nan]), r"^sample_weight must be finite"),
        ((None, [0, 0, 0, 0]), r"^sample_weight must be finite"),
        ((None, ["a", "b", "c", "d"]), r"^sample_weight must be real numbers, one per example$"),
    ],
)
def test_invalid_weights(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(NNError, match=message):
        example_weights(LABELS, *given)


def test_class_weights_need_class_labels() -> None:
    with pytest.raises(NNError, match=r"^class_weight needs class labels, not targets of float64; use sample_weight$"):
        example_weights(np.array([0.5, 1.5]), "balanced")
