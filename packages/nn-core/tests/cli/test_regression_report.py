"""Errors of predicted numbers, as data and as text."""

import math

import numpy as np
import pytest

from nn_core.cli.regression_report import regression_metrics, regression_table, significant

VALUES, TARGETS = np.array([1.0, 2.0, 6.0]), np.array([1.0, 4.0, 4.0])


def test_the_metrics_by_hand() -> None:
    found = regression_metrics(VALUES, TARGETS, mean=2.0)
    assert found["root_mean_squared_error"] == pytest.approx(math.sqrt(8 / 3))
    assert found["mean_absolute_error"] == pytest.approx(4 / 3)
    assert found["r2"] == pytest.approx(1 - 8 / 6)  # about the mean 3: 4 + 1 + 1
    # Always 2: errors 1, 2, 2.
    assert found["baseline_root_mean_squared_error"] == pytest.approx(math.sqrt(9 / 3))
    assert found["baseline_r2"] == pytest.approx(1 - 9 / 6)


def test_one_example_has_no_variance_to_explain() -> None:
    found = regression_metrics(np.array([2.0]), np.array([3.0]), mean=2.5)
    assert (found["r2"], found["baseline_r2"]) == (None, None)
    table = regression_table({"loss": 0.5, "examples": 1, **found}, {"": "model"}, mean=2.5)[0]
    assert table.splitlines()[1].split() == ["model", "1", "0.5", "1", "1", "-"]


def test_a_table_with_the_mean_as_baseline() -> None:
    result = {"loss": 0.5, "examples": 3, **regression_metrics(VALUES, TARGETS, mean=2.0)}
    (table,) = regression_table(result, {"": "model"}, mean=2.0)
    lines = table.splitlines()
    assert lines[1].split() == ["model", "3", "0.5", "1.633", "1.333", "-0.333"]
    assert lines[2].split() == ["always", "the", "mean,", "2", "1.732", "1.667", "-0.500"]
    worse = {"loss": 0.5, "examples": 3, **regression_metrics(VALUES + 9, TARGETS, mean=2.0)}
    note = regression_table(worse, {"": "model"}, mean=2.0)[-1]
    assert note.startswith("Note: RMSE ")
    assert note.endswith(" is no better than always predicting the mean (1.732)")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "0.01235"),
        (12.345, "12.35"),
        (250_304.4, "250,304"),
        (-1234.5, "-1,234"),
        (7.0, "7"),
        (1.2345e12, "1.234e+12"),
        (1e-9, "1e-09"),
        (math.inf, "inf"),
    ],
)
def test_four_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text
