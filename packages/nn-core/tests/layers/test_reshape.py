"""Reshape."""

from typing import Any

import numpy as np
import pytest
from layer_call import run

from nn_core.errors import SettingError, ShapeError
from nn_core.layers import Reshape


@pytest.mark.parametrize(("shape", "given"), [((3, 2), (3, 2)), ([2, -1], (2, 3)), (-1, (6,)), (6, (6,))])
def test_it_reshapes_each_example(shape: Any, given: tuple[int, ...]) -> None:
    x = np.arange(12.0).reshape(2, 6)
    y, d_x, _ = run(Reshape(shape), x, np.arange(12.0).reshape(2, *given))
    np.testing.assert_array_equal(y, x.reshape(2, *given))
    np.testing.assert_array_equal(d_x, x)
    assert Reshape(shape).output_shape((6,)) == given


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 0), "at least 1"),
        ((-1, -1), "only one size may be -1"),
        ("ab", "shape must be integers"),
        (2.5, "shape must be integers"),
    ],
)
def test_invalid_shapes(shape: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Reshape(shape)


@pytest.mark.parametrize(
    ("given", "message"), [((7,), "7 elements, which do not fit"), ((None, 6), "expected axes of fixed sizes")]
)
def test_mismatching_shapes(given: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Reshape((4, -1)).output_shape(given)
