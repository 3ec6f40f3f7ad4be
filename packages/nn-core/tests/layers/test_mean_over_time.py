"""The mean over the steps of a sequence."""

import numpy as np
import pytest

from nn_core.arrays import Array
from nn_core.errors import ShapeError
from nn_core.layers import Context, MeanOverTime
from nn_core.layers.context import BatchPart

X = np.array([[[1.0, 2.0], [3.0, 6.0], [5.0, 1.0]], [[0.0, 4.0], [9.0, 9.0], [np.inf, np.nan]]])


def run(lengths: list[int] | None, x: Array, d_y: Array) -> tuple[Array, Array]:
    context = Context(part=BatchPart(lengths=None if lengths is None else np.array(lengths)))
    y, cache = MeanOverTime().forward(x, {}, context)
    d_x = MeanOverTime().backward(d_y, cache, {}, {}, context)
    assert d_x is not None
    return y, d_x


def test_mean_over_all_steps() -> None:
    y, d_x = run(None, X[:1], np.array([[3.0, 6.0]]))
    np.testing.assert_array_equal(y, [[3.0, 3.0]])
    np.testing.assert_array_equal(d_x, [[[1.0, 2.0]] * 3])


def test_padded_steps_are_ignored() -> None:
    y, d_x = run([2, 1], X, np.array([[4.0, 8.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(y, [[2.0, 4.0], [0.0, 4.0]])
    np.testing.assert_array_equal(d_x, [[[2, 4], [2, 4], [0, 0]], [[1, 2], [0, 0], [0, 0]]])


def test_it_keeps_float32() -> None:
    y, d_x = run([2, 1], X.astype(np.float32), np.ones((2, 2), np.float32))
    assert (y.dtype, d_x.dtype) == (np.float32, np.float32)


def test_output_has_no_time_axis() -> None:
    assert MeanOverTime().output_shape((None, 4)) == (4,)
    for shape in ((), (None,), (4,)):
        with pytest.raises(ShapeError, match="expected sequences"):
            MeanOverTime().output_shape(shape)
