"""Select columns of the last axis."""

import pickle
from typing import Any

import numpy as np
import pytest
from layer_call import run

from nn_core.errors import SettingError, ShapeError
from nn_core.layers import Select

X = np.arange(8.0).reshape(2, 4)


@pytest.mark.parametrize(
    ("columns", "like"),
    [
        (1, 1),
        (-1, -1),
        ([2, 0], [2, 0]),
        (range(1, 3), [1, 2]),
        (np.array([3]), [3]),
        (slice(1, None), slice(1, None)),
        (slice(None, None, -2), slice(None, None, -2)),
        ("1:3", slice(1, 3)),
    ],
)
def test_matches_numpy_indexing(columns: Any, like: Any) -> None:
    layer = Select(columns)
    y, d_x, _ = run(layer, X, np.ones_like(X[:, like]))
    np.testing.assert_array_equal(y, X[:, like])
    expected = np.zeros_like(X)
    expected[:, like] = 1
    np.testing.assert_array_equal(d_x, expected)
    assert layer.output_shape((4,)) == y.shape[1:]
    assert layer.output_shape((None, 4)) == (None, *y.shape[1:])
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert len({layer, Select(columns)}) == 1


def test_a_column_selected_twice_gets_both_gradients() -> None:
    y, d_x, _ = run(Select([1, 1]), [[5.0, 6.0]], [[2.0, 3.0]])
    np.testing.assert_array_equal(y, [[6.0, 6.0]])
    np.testing.assert_array_equal(d_x, [[0.0, 5.0]])


@pytest.mark.parametrize("columns", [[], [True, False], 1.5, "a", "1", None, ["0"], ":::", "::0"])
def test_invalid_columns(columns: Any) -> None:
    with pytest.raises(SettingError, match="column"):
        Select(columns)


@pytest.mark.parametrize(
    ("columns", "shape", "message"),
    [
        (4, (4,), "column 4 is out of range for 4 columns"),
        ([0, -5], (4,), "column -5 is out of range for 4 columns"),
        (slice(4, None), (4,), "the slice '4:' selects none of the 4 columns"),
        (0, (None,), "expected features"),
        (0, (), "expected features"),
    ],
)
def test_columns_out_of_range(columns: Any, shape: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Select(columns).output_shape(shape)
