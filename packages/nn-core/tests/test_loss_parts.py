"""Losses of parts of a batch and with weights; targets that are none."""

from typing import Any

import numpy as np
import pytest

from nn_core.arrays import Array
from nn_core.errors import DataError, ShapeError
from nn_core.losses import LOSSES, softmax_cross_entropy
from nn_core.losses import loss as loss_named


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_the_parts_of_a_batch_add_up_to_it(name: str, weighted: bool) -> None:
    rng = np.random.default_rng(5)
    loss = loss_named(name)
    shape = (7, 4, 1) if name == "binary-cross-entropy" else (7, 4, 3)
    output = rng.normal(size=shape)
    y: Any = rng.normal(size=shape)
    if name != "mean-squared-error":
        y = rng.integers(-1, 2, size=shape[:2])
        y[2:4] = -1  # a part without targets
    weights = rng.random(7) if weighted else None
    mean, d_output = loss(output, y, weights)
    count, total, d_total = 0.0, 0.0, np.zeros(shape)
    for part in (slice(0, 2), slice(2, 4), slice(4, 7), slice(7, 7)):
        w = None if weights is None else weights[part]
        count += loss.count(y[part], w)
        value, d_total[part] = loss.total(output[part], y[part], w)
        total += value
    assert total / count == pytest.approx(mean, rel=1e-14)
    np.testing.assert_allclose(d_total / count, d_output, rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_of_two_counts_as_an_example_twice(name: str) -> None:
    rng = np.random.default_rng(6)
    output = rng.normal(size=(3, 1))
    y: Any = rng.normal(size=(3, 1)) if name == "mean-squared-error" else np.zeros(3, np.int64)
    rows = [0, 1, 1, 2]
    expected, _ = loss_named(name)(output[rows], y[rows])
    value, _ = loss_named(name)(output, y, np.array([1.0, 2.0, 1.0]))
    assert value == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.ones(2), ShapeError, r"weights \(2,\) do not fit targets \(3,\)"),
        (np.array([1.0, -1.0, 1.0]), DataError, "finite and nonnegative"),
        (np.array([1.0, np.nan, 1.0]), DataError, "finite and nonnegative"),
        (np.zeros(3), DataError, "at least one target"),
    ],
)
def test_wrong_weights_are_refused(weights: Array, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        softmax_cross_entropy(np.zeros((3, 2)), np.zeros(3, np.int64), weights)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("y", [[0, 1, 0], np.zeros(3, complex), np.full(3, "a"), None])
def test_targets_that_are_not_real_numbers_are_refused(name: str, y: Any) -> None:
    with pytest.raises(DataError, match=r"are (real numbers|integers), not"):
        loss_named(name)(np.zeros((3, 1)), y)
