"""Whether labels are numbers to predict, and their values."""

from typing import Any

import numpy as np
import pytest

from nn_core.cli.real_targets import are_targets, is_quantity, read_targets
from nn_core.errors import DataError, DataWarning, ShapeError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0, 1, 1], False),
        ([0.5, 1.0, 1.0], True),
        (np.arange(1000) % 20, False),
        (100 * RNG.integers(1000, 9000, 500), True),  # prices
        (np.arange(1000) % 50, False),  # 50 classes of 20
        (3 * (np.arange(1000) % 50), False),
        (np.arange(400) % 50 * 3, True),  # 8 examples each, and no numbering
        (np.arange(400) % 50, False),  # a numbering from 0
        (np.arange(400) % 200 + 1, False),  # a numbering from 1, two examples each
        (np.arange(400), True),
    ],
)
def test_quantities(numbers: Any, expected: bool) -> None:
    assert is_quantity(np.asarray(numbers)) is expected


def test_the_task_decides_or_the_values() -> None:
    whole, real = np.array([0, 1, 0, 1]), np.array([[0.37], [0.2], [0.1], [0.9]])
    assert not are_targets([whole], "auto", "a.npz")
    assert are_targets([whole], "regress", "a.npz")
    assert not are_targets([real], "classify", "a.npz")
    with pytest.warns(DataWarning, match=r"a\.npz: y is predicted as a number: it has 6 different values"):
        assert are_targets([real, whole], "auto", "a.npz")
    assert not are_targets([np.array(["a", "b"])], "auto", "a.npz")
    assert not are_targets([np.eye(3) / 2], "auto", "a.npz")
    assert not are_targets([np.array([np.nan, 0.5])], "auto", "a.npz")


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 3)])
def test_targets_of_any_orientation(shape: tuple[int, ...]) -> None:
    found = read_targets(np.array([1, 2, 3]).reshape(shape), (3, 5), "a.npz")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [1, 2, 3])


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros(4), ShapeError, "expected one number per example, but x has shape (3, 5) and y (4,)"),
        (np.zeros((3, 2)), ShapeError, "y (3, 2)"),
        (np.array(["a", "b", "c"]), DataError, "targets must be numbers, not <U1; --task classify predicts classes"),
        (np.array([1, np.nan, 3]), DataError, "target nan of example 1 (from 0) is not finite"),
    ],
)
def test_targets_that_are_refused(y: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        read_targets(y, (3, 5), "a.npz")
    assert str(caught.value).startswith("a.npz: ")
    assert message in str(caught.value)
