"""Preprocessing: arithmetic, JSON and errors."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from deep_nn.datasets.preprocessing import Preprocessing, fit
from nn_core.cli.dataset import Dataset
from nn_core.errors import DataError, NNError, ShapeError


def table(x: Any) -> Dataset[Any]:
    x = np.array(x, dtype=np.float64)
    return Dataset("points", x, np.arange(len(x)) % 2, ("a", "b"))


def test_columns_are_standardized_by_the_training_set() -> None:
    fitted = fit(table([[0, 5, 0.1], [4, 5, 0.1], [8, 5, 0.1]]))
    assert fitted.mean[:2] == (4, 5)
    np.testing.assert_allclose(fitted.std, [np.sqrt(32 / 3), 1, 1], rtol=1e-6)
    rows = fitted.apply(np.array([[4.0, 7.0, 0.1]]))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0, 2, 0]], atol=1e-7)


def test_images_are_flattened_and_scaled() -> None:
    x = np.arange(2 * 2 * 3 * 1, dtype=np.uint8).reshape(2, 2, 3, 1) * 20
    fitted = fit(Dataset("photos", x, np.array([0, 1]), ("a", "b")))
    assert fitted == Preprocessing((2, 3, 1))
    np.testing.assert_allclose(fitted.apply(x), np.arange(12).reshape(2, 6) * 20 / 255, rtol=1e-6)
    assert fitted.apply(np.full((1, 2, 3, 1), 255, np.uint8)).tolist() == [[1.0] * 6]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_the_one_asked_for(dtype: npt.DTypeLike) -> None:
    assert fit(table([[0], [1]])).apply(np.array([[0.3]]), dtype).dtype == dtype
    assert Preprocessing((1, 1, 1)).apply(np.zeros((1, 1, 1, 1), np.uint8), dtype).dtype == dtype


@given(
    x=arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6),
        elements=st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3)),
    )
)
def test_any_table_is_standardized_and_survives_json(x: Any) -> None:
    fitted = fit(table(x))
    rows = fitted.apply(x, np.float64)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    varies = x.min(axis=0) != x.max(axis=0)
    np.testing.assert_allclose(rows[:, varies].std(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(rows[:, ~varies], 0, atol=1e-9)
    assert Preprocessing.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted


def test_other_columns_and_shapes_are_refused() -> None:
    fitted = fit(table([[0, 1], [1, 0]]))
    with pytest.raises(ShapeError) as caught:
        fitted.apply(np.zeros((4, 3)), source="points.csv")
    assert str(caught.value) == "the model was trained on 2 columns; points.csv has 3 columns"
    with pytest.raises(ShapeError, match="8x8x3 images; the data has 8x8x1 images"):
        Preprocessing((8, 8, 3)).apply(np.zeros((1, 8, 8, 1), np.uint8))
    with pytest.raises(ShapeError, match="trained on 1 column; the data has 8x8x1 images"):
        fit(table([[0], [1]])).apply(np.zeros((1, 8, 8, 1), np.uint8))


def test_overflowing_values_are_refused() -> None:
    fitted = fit(table([[0, 1], [1, 0]]))
    with pytest.raises(DataError, match=r"x\.csv: 1e\+300 at example 1, column 0"):
        fitted.apply(np.array([[0, 0], [1e300, 0]]), source="x.csv")
    assert np.isfinite(fitted.apply(np.array([[1e300, 0]]), np.float64)).all()
    with pytest.raises(DataError, match=r"points: column 1 \(from 0\) cannot be standardized"):
        fit(table([[0, 1e308], [1, -1e308]]))
    with pytest.raises(DataError, match="standard deviation 0"):
        fit(table([[0, 1], [1e-200, 0]]))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"shape": [2], "mean": [0, 0]},
        {"shape": [2], "mean": [0, 0], "std": [1]},
        {"shape": [2], "mean": ["x", 0], "std": [1, 1]},
        {"shape": [2, 2], "mean": [], "std": []},
        {"shape": [], "mean": [], "std": []},
        {"shape": [8, 8, 3], "mean": [0], "std": [1]},
        {"shape": 3, "mean": [], "std": []},
    ],
)
def test_invalid_fields_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(NNError, match="preprocessing"):
        Preprocessing.from_dict(fields)


class TestCategoriesAndMissingValues:
    X = np.array([[1.0, 0, 5], [np.nan, 2, 5], [3.0, np.nan, 5], [5.0, 2, 5]])

    def fitted(self) -> Preprocessing:
        return fit(table(self.X), [False, True, False])

    def test_by_hand(self) -> None:
        """Column 0 has mean 3 and std sqrt(8/3); codes 0 and 2 occur; columns 0 and 1 lack a value."""
        fitted = self.fitted()
        assert fitted.categories == ((), (0, 2), ())
        assert fitted.indicators == (0, 1)
        assert fitted.inputs == 6
        s = np.sqrt(8 / 3)
        expected = [[-2 / s, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 1], [2 / s, 0, 1, 0, 0, 0]]
        np.testing.assert_allclose(fitted.apply(self.X), expected, atol=1e-6)

    def test_values_that_the_training_set_lacks(self) -> None:
        rows = self.fitted().apply(np.array([[3.0, -1, 5], [3.0, 1, np.nan]]))
        np.testing.assert_allclose(rows, np.zeros((2, 6)), atol=1e-6)

    def test_json_and_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fitted = self.fitted()
        assert Preprocessing.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
        whole = fitted.apply(self.X)
        monkeypatch.setattr("deep_nn.datasets.preprocessing.BLOCK", 3)
        np.testing.assert_array_equal(fitted.apply(self.X), whole)
        with pytest.raises(DataError, match=r"1e\+300 at example 3, column 0"):
            fitted.apply(np.where(self.X == 5, [1e300, 5, 5], self.X))

    @pytest.mark.parametrize("change", [{"categories": [[0]]}, {"categories": [[], [-1], []]}, {"indicators": [3]}])
    def test_invalid_fields_are_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(NNError, match="preprocessing"):
            Preprocessing.from_dict(self.fitted().to_dict() | change)
