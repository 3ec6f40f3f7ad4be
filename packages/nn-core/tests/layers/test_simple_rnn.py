"""SimpleRNN, worked out by hand."""

import math

import numpy as np

from nn_core.layers import Context, SimpleRNN


def test_two_steps_by_hand() -> None:
    # tanh(ln 2) = (4 - 1)/(4 + 1) = 3/5 and tanh(ln 3) = (9 - 1)/(9 + 1) = 4/5.
    # h0 = 0, z1 = 1 ln 2 + 1/2 * 0 = ln 2, h1 = 0.6; z2 = (ln 3 - 0.3) + 1/2 * 0.6, h2 = 0.8.
    x1, x2 = math.log(2), math.log(3) - 0.3
    params = {"W_x": np.array([[1.0]]), "W_h": np.array([[0.5]]), "b": np.array([0.0])}
    grads = {name: np.empty_like(values) for name, values in params.items()}
    layer, context = SimpleRNN(1), Context()
    x, state = np.array([[[x1], [x2]]]), (np.zeros((1, 1)),)
    y, left, cache = layer.forward_with_state(x, state, params, context)
    np.testing.assert_allclose(y, [[[0.6], [0.8]]], rtol=1e-14)
    np.testing.assert_allclose(left, [[[0.8]]], rtol=1e-14)
    # d_y = 1 and 2. d_z2 = 2 (1 - 0.64) = 0.72; d_h1 = 1 + 0.72/2 = 1.36;
    # d_z1 = 1.36 (1 - 0.36) = 0.8704; d_h0 = 0.8704/2.
    d_y = np.array([[[1.0], [2.0]]])
    d_x, d_state = layer.backward_with_state(d_y, (), cache, params, grads, context)
    np.testing.assert_allclose(np.array(d_x), [[[0.8704], [0.72]]], rtol=1e-14)
    np.testing.assert_allclose(d_state, [[[0.4352]]], rtol=1e-14)
    # d_W_x = x1 d_z1 + x2 d_z2, d_W_h = h0 d_z1 + h1 d_z2 = 0.6 * 0.72, d_b = d_z1 + d_z2.
    np.testing.assert_allclose(grads["W_x"], [[x1 * 0.8704 + x2 * 0.72]], rtol=1e-14)
    np.testing.assert_allclose(grads["W_h"], [[0.432]], rtol=1e-14)
    np.testing.assert_allclose(grads["b"], [1.5904], rtol=1e-14)


def test_a_gradient_from_beyond_the_last_step() -> None:
    # One step, h0 = h1 = 0: d_z = d_state, and d_h0 is W_h times that.
    params = {"W_x": np.array([[1.0]]), "W_h": np.array([[0.5]]), "b": np.array([0.0])}
    grads = {name: np.empty_like(values) for name, values in params.items()}
    layer, context, zero = SimpleRNN(1), Context(), np.zeros((1, 1))
    _, _, cache = layer.forward_with_state(np.zeros((1, 1, 1)), (zero,), params, context)
    d_x, d_state = layer.backward_with_state(np.zeros((1, 1, 1)), (np.array([[3.0]]),), cache, params, grads, context)
    np.testing.assert_array_equal(np.array(d_x), [[[3.0]]])
    np.testing.assert_array_equal(d_state, [[[1.5]]])
