"""Real-valued targets."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.cli.real_targets import are_real, is_quantity, read_targets
from nn_core.errors import DataWarning, NNError


@pytest.mark.parametrize("y", [np.array([0.0, 1.5]), np.array([[1.5, 2.0, np.nan]]), np.arange(40) * 1000])
def test_numbers_that_are_not_classes(y: npt.NDArray[Any]) -> None:
    with pytest.warns(DataWarning, match="^a: y holds .*; predicting a number"):
        assert are_real([np.array([0, 1]), y], "auto", "a")
    assert not are_real([y], "classify", "a")


@pytest.mark.parametrize("y", [np.arange(5), np.array([1.0, 2.0]), np.array(["a"]), np.eye(3) / 2, np.array([True])])
def test_classes(y: npt.NDArray[Any]) -> None:
    assert not are_real([y], "auto", "a")
    assert are_real([y], "regress", "a")


def test_targets_of_every_shape() -> None:
    for shape in ((3,), (3, 1), (1, 3)):
        y = read_targets(np.array([1, 2, 3]).reshape(shape), (3, 2), "a")
        assert (y.tolist(), y.dtype) == ([1.0, 2.0, 3.0], np.float64)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([1.0, np.nan, 2.0]), "a.npz: the target of example 1 (from 0) is nan; leave such examples out: "),
        (np.array(["a", "b", "c"]), "a.npz: targets must be numbers, not <U1"),
        (np.zeros((3, 2)), "a.npz: expected one target per example, but x has shape (3, 2) and y (3, 2)"),
        (np.zeros(4), "one target per example"),
    ],
)
def test_one_line_per_error(y: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(NNError) as caught:
        read_targets(y, (3, 2), "a.npz")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([0, 1, 1], False),
        (np.arange(1000) % 20, False),
        (100 * np.random.default_rng(0).integers(1000, 9000, 500), True),  # prices
        (3 * (np.arange(1000) % 50), False),  # 20 examples each
        (np.arange(400) % 50 * 3, True),  # 8 examples each
        (np.arange(400) % 50, False),  # numbered from 0
        (np.arange(400) % 200 + 1, False),  # numbered from 1
        (np.arange(400), True),
    ],
)
def test_quantities(numbers: Any, expected: bool) -> None:
    assert is_quantity(np.asarray(numbers)) is expected
