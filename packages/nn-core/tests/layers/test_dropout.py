"""Dropout: its share, its scale, and whose numbers it draws."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from layer_call import LayerCall, run

from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.layers import Context, Dropout
from nn_core.layers.context import BatchPart


def drop(rate: float, x: Array, seed: int = 0, step: int = 0) -> Array:
    context = Context(part=BatchPart((seed, step)))
    return Dropout(rate).forward(x, {}, context)[0]


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_share_is_dropped_and_the_rest_scaled_up(rate: float, dtype: npt.DTypeLike) -> None:
    y = drop(rate, np.ones((100, 400), dtype))
    kept, p = y[y != 0], 1 - rate
    np.testing.assert_allclose(kept, 1 / p, rtol=1e-6)
    # The share of 40,000 coins, within five of its standard errors; then E[y] = x.
    assert abs(kept.size / y.size - p) < 5 * math.sqrt(p * rate / y.size)
    assert abs(y.mean() - 1) < 5 * math.sqrt(rate / p / y.size)


def test_each_number_is_drawn_by_itself() -> None:
    kept = drop(0.5, np.ones((200, 300))) != 0
    # If rows or columns went together, their shares would be 0 or 1.
    assert abs(kept.mean(axis=0) - 0.5).max() < 5 * math.sqrt(0.25 / 200)
    assert abs(kept.mean(axis=1) - 0.5).max() < 5 * math.sqrt(0.25 / 300)


def test_the_mask_is_the_contexts_numbers_at_or_above_the_rate() -> None:
    context = Context(path=(4,), part=BatchPart((1, 2)))
    u = context.uniform((3, 5), np.float64)
    y, d_x, _ = run(Dropout(0.25), np.full((3, 5), 3.0), np.full((3, 5), 6.0), context=context)
    np.testing.assert_array_equal(y, np.where(u >= 0.25, 4.0, 0.0))
    np.testing.assert_array_equal(d_x, np.where(u >= 0.25, 8.0, 0.0))


@pytest.mark.parametrize("shape", [(200, 2, 3, 30), (200, 5, 30)])
def test_spatial_dropout_drops_whole_channels(shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    y, d_x, _ = run(Dropout(0.5, spatial=True), x, 3 * x)
    first = y.reshape(200, -1, 30)[:, 0]
    np.testing.assert_array_equal(y.reshape(200, -1, 30), np.repeat(first[:, None], y[0, ..., 0].size, 1))
    kept = first != 0
    np.testing.assert_array_equal(first, 2 * kept)
    assert abs(kept.mean(axis=0) - 0.5).max() < 5 * math.sqrt(0.25 / 200)
    assert abs(kept.mean(axis=1) - 0.5).max() < 5 * math.sqrt(0.25 / 30)
    np.testing.assert_array_equal(d_x, 3 * y)


def test_gradients_pass_where_numbers_passed() -> None:
    call = LayerCall(Dropout(0.6), (6, 7))
    y, d_x = call.run()
    np.testing.assert_allclose(d_x, np.where(y != 0, call.d_y / 0.4, 0), rtol=1e-15)


def test_every_step_and_run_has_a_mask_of_its_own() -> None:
    x = np.ones((10, 10))
    np.testing.assert_array_equal(drop(0.5, x), drop(0.5, x))
    assert not np.array_equal(drop(0.5, x, step=1), drop(0.5, x, step=2))
    assert not np.array_equal(drop(0.5, x, seed=1), drop(0.5, x, seed=2))


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True)])
def test_in_prediction_or_at_rate_0_it_does_nothing(rate: float, training: bool) -> None:
    x, d_y = np.ones((3, 3)), np.full((3, 3), 2.0)
    y, d_x, _ = run(Dropout(rate), x, d_y, context=Context(training=training))
    assert y is x
    assert d_x is d_y


@pytest.mark.parametrize("rate", [1, -0.5, 1.5, math.nan])
def test_a_rate_lies_in_0_to_1_without_1(rate: float) -> None:
    with pytest.raises(SettingError, match=r"\[0, 1\)"):
        Dropout(rate)
