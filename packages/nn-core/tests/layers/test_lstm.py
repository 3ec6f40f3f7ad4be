"""LSTM, worked out by hand."""

import numpy as np
import pytest

from nn_core.layers import LSTM, Context


@pytest.mark.parametrize(("forget", "cells"), [(100.0, [1, 2, 3]), (-100.0, [1, 1, 1])])
def test_it_keeps_all_or_forgets_all(forget: float, cells: list[int]) -> None:
    # Only biases: o = i = 1, g = tanh(100) = 1. With f = 1, c grows by 1 a step; with f = 0 it
    # is 1 at each.
    params = {"W_x": np.zeros((1, 4)), "W_h": np.zeros((1, 4)), "b": np.array([100.0, 100.0, forget, 100.0])}
    state = np.zeros((1, 1)), np.zeros((1, 1))
    y, (h, c), _ = LSTM(1).forward_with_state(np.zeros((1, 3, 1)), state, params, Context())
    np.testing.assert_allclose(y[0, :, 0], np.tanh(cells), rtol=1e-12)
    np.testing.assert_allclose(h, [[np.tanh(cells[-1])]], rtol=1e-12)
    np.testing.assert_allclose(c, [[cells[-1]]], rtol=1e-12)


def test_the_order_of_the_gates_and_one_step_back() -> None:
    # z = [0, ln 3, ln 4, ln 2]: o = 1/2, i = 3/4, f = 4/5, g = 3/5. c0 = 2, so
    # c1 = 4/5 * 2 + 3/4 * 3/5 = 2.05. With d_y = 0 and d_c = 1 beyond the end,
    # d_z_o = 0, d_z_i = 3/5 * 3/16, d_z_f = 2 * 4/25, d_z_g = 3/4 (1 - 9/25), d_c0 = f.
    params = {"W_x": np.zeros((1, 4)), "W_h": np.zeros((1, 4)), "b": np.log([1.0, 3.0, 4.0, 2.0])}
    grads = {name: np.empty_like(values) for name, values in params.items()}
    layer, context, zero, one = LSTM(1), Context(), np.zeros((1, 1)), np.ones((1, 1))
    y, (_, c), cache = layer.forward_with_state(np.ones((1, 1, 1)), (zero, 2 * one), params, context)
    np.testing.assert_allclose(c, [[2.05]], rtol=1e-14)
    np.testing.assert_allclose(y, [[[np.tanh(2.05) / 2]]], rtol=1e-14)
    _, (d_h, d_c) = layer.backward_with_state(np.zeros((1, 1, 1)), (zero, one), cache, params, grads, context)
    expected = [0.0, 3 / 5 * 3 / 16, 8 / 25, 3 / 4 * 16 / 25]
    np.testing.assert_allclose(grads["b"], expected, rtol=1e-14)
    np.testing.assert_allclose(grads["W_x"], [expected], rtol=1e-14)
    np.testing.assert_array_equal(grads["W_h"], np.zeros((1, 4)))
    np.testing.assert_array_equal(d_h, zero)
    np.testing.assert_allclose(d_c, [[4 / 5]], rtol=1e-14)
