"""Conversion of targets, and errors."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.arrays import Shape
from nn_core.errors import NNError
from nn_core.losses import Loss, binary_cross_entropy, mean_squared_error, softmax_cross_entropy

BCE, SOFTMAX, MSE = binary_cross_entropy, softmax_cross_entropy, mean_squared_error
INTS: npt.NDArray[np.int64] = np.array([0, 2, 1])


class Column:
    """A column of a DataFrame."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        return np.array([[0], [2], [1]], object)


@pytest.mark.parametrize(
    "given", [INTS, [0, 2, 1], INTS.astype(np.float32), INTS[:, None], INTS.astype(np.uint8), Column(), (0.0, 2.0, 1.0)]
)
def test_class_labels_become_integers(given: Any) -> None:
    y = SOFTMAX.as_targets(given, (3,))
    assert y.dtype.kind in "iu"
    assert y.tolist() == [0, 2, 1]


def test_valid_labels_are_not_copied() -> None:
    assert SOFTMAX.as_targets(INTS, (3,)) is INTS


@pytest.mark.parametrize("given", [[True, False], [1.0, 0.0], [[1], [0]], np.array([[1.0], [0.0]])])
def test_labels_of_two_classes(given: Any) -> None:
    assert BCE.as_targets(given, (1,)).tolist() == [1, 0]


@pytest.mark.parametrize("y", [[[0, 1], [2, -1]], [[[0], [1]], [[2], [-1]]]])
def test_labels_of_sequences(y: Any) -> None:
    assert SOFTMAX.as_targets(y, (None, 3)).tolist() == [[0, 1], [2, -1]]


def test_sequences_of_one_step_keep_their_axis() -> None:
    assert SOFTMAX.as_targets([[0], [1]], (None, 3)).shape == (2, 1)


def test_several_binary_decisions() -> None:
    assert BCE.as_targets([[0.0, 1.0, 1.0]], (3,)).tolist() == [[0, 1, 1]]


@pytest.mark.parametrize(
    ("given", "shape", "expected"),
    [
        ([1, 2], (1,), (2, 1)),
        ([[1.5], [2]], (1,), (2, 1)),
        ([[1, 2], [3, 4]], (2,), (2, 2)),
        ([[1, 2], [3, 4]], (None, 1), (2, 2, 1)),
        ([True, False], (1,), (2, 1)),
    ],
)
def test_real_targets_take_the_shape_of_the_output(given: Any, shape: Shape, expected: tuple[int, ...]) -> None:
    assert MSE.as_targets(given, shape).shape == expected


@pytest.mark.parametrize(
    ("loss", "given", "shape", "message"),
    [
        (SOFTMAX, np.eye(3), (3,), r"labels are class numbers \(3,\), not one-hot rows \(3, 3\): y.argmax\(axis=1\)"),
        (SOFTMAX, np.zeros((2, 5, 3)), (None, 3), r"one-hot rows \(2, 5, 3\): y.argmax\(axis=-1\)"),
        (BCE, np.eye(2), (1,), r"one-hot rows \(2, 2\): y.argmax\(axis=1\)"),
        (SOFTMAX, ["cat", "dog"], (2,), r"not text: classes, y = np.unique\(y, return_inverse=True\)"),
        (SOFTMAX, np.array(["cat", 1], object), (2,), "labels are numbers, not text"),
        (SOFTMAX, [0.5, 1.0], (2,), "labels are class numbers, not 0.5; for real targets use mean-squared-error"),
        (SOFTMAX, [np.nan, 1.0], (2,), "labels are class numbers, not nan"),
        (SOFTMAX, [1, 2, 3], (3,), "label 3 is outside 0 to 2; classes count from 0: y - 1"),
        (SOFTMAX, [0, 1, 3], (3,), "label 3 is outside 0 to 2$"),
        (SOFTMAX, [-2, 1], (3,), "label -2 is outside 0 to 2"),
        (SOFTMAX, [0, 1], (1,), r"a logit per class, such as Dense\(2\); for Dense\(1\) use binary-cross-entropy"),
        (SOFTMAX, [[0], [1, 2]], (3,), "labels differ in length; pad them to the same length"),
        (SOFTMAX, None, (3,), "labels are an array of numbers, not NoneType"),
        (BCE, [0, 1, 2], (1,), "label 2 is outside 0 to 1"),
        (BCE, [1, 2, 1], (1,), "label 2 is outside 0 to 1; classes count from 0: y - 1"),
        (BCE, [-1, 1, 1], (1,), r"labels are 0 and 1, not -1 and 1: \(y > 0\).astype\(int\)"),
        (BCE, [0, 1], (3,), r"takes one logit, Dense\(1\), not 3; for 3 classes use softmax-cross-entropy"),
        (MSE, ["a", "b"], (1,), "targets are numbers, not text$"),
        (MSE, [0, 1, 2], (3,), r"outputs \(3,\) take targets \(3, 3\), not \(3,\); for class labels use softmax"),
        (MSE, np.zeros((2, 2)), (3,), r"outputs \(3,\) take targets \(2, 3\), not \(2, 2\)$"),
        (MSE, [1.0, np.inf], (1,), "target 1 is not finite; remove such examples, or replace the values"),
    ],
)
def test_invalid_targets(loss: Loss, given: Any, shape: Shape, message: str) -> None:
    with pytest.raises(NNError, match=message):
        loss.as_targets(given, shape)
