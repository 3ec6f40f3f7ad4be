"""GRU, worked out by hand, in both of its forms."""

import math

import numpy as np
import pytest

from nn_core.arrays import Array
from nn_core.layers import GRU, Context

forms = pytest.mark.parametrize("reset_after", [True, False])


def params_of(*, reset_after: bool, b: list[float], W_hn: float = 0.0) -> dict[str, Array]:
    """Biases, and the recurrent weight of n; no other weights."""
    params = {"W_x": np.zeros((1, 3)), "W_h": np.array([[0.0, 0.0, W_hn]]), "b": np.array(b)}
    return {**params, "b_h": np.array([0.0])} if reset_after else params


@forms
@pytest.mark.parametrize(("keep", "expected"), [(100.0, 0.3), (-100.0, math.tanh(0.5))])
def test_it_keeps_all_or_renews_all(reset_after: bool, keep: float, expected: float) -> None:
    params = params_of(reset_after=reset_after, b=[0.0, keep, 0.5])
    layer, state = GRU(1, reset_after=reset_after), (np.array([[0.3]]),)
    y, _, _ = layer.forward_with_state(np.zeros((1, 2, 1)), state, params, Context())
    np.testing.assert_allclose(y[0, :, 0], expected, rtol=1e-12)


def test_the_recurrent_bias_passes_the_reset_gate() -> None:
    # r = 1/2 of b_h = 1 enters n, and u = 0.
    params = params_of(reset_after=True, b=[0.0, -100.0, 0.0])
    params["b_h"] = np.array([1.0])
    y, _ = GRU(1).forward(np.zeros((1, 2, 1)), params, Context())
    np.testing.assert_allclose(y[0, :, 0], math.tanh(0.5), rtol=1e-12)


@forms
def test_one_step_by_hand(reset_after: bool) -> None:
    # h0 = 1, r = sigmoid(ln 3) = 3/4, u = sigmoid(0) = 1/2; with W_hn = 4/3 ln 2 both forms have
    # r h0 W_hn = ln 2, so n = tanh(ln 2) = 3/5 and h1 = (3/5 + 1)/2 = 4/5.
    layer, context = GRU(1, reset_after=reset_after), Context()
    W_hn = 4 / 3 * math.log(2)
    params = params_of(reset_after=reset_after, b=[math.log(3), 0.0, 0.0], W_hn=W_hn)
    grads = {name: np.empty_like(values) for name, values in params.items()}
    x, state = np.ones((1, 1, 1)), (np.ones((1, 1)),)
    y, _, cache = layer.forward_with_state(x, state, params, context)
    np.testing.assert_allclose(y, [[[0.8]]], rtol=1e-14)
    # d_y = 1: d_z_n = 1/2 (1 - 9/25) = 0.32, d_z_u = (1 - 3/5) 1/4 = 0.1, and d_z_r is
    # d_z_n W_hn h0 times 3/16. d_h0 = u + d_z_n r W_hn, and d_W_hn = r h0 d_z_n.
    _, (d_h,) = layer.backward_with_state(np.ones((1, 1, 1)), (), cache, params, grads, context)
    np.testing.assert_allclose(grads["b"], [0.32 * W_hn * 3 / 16, 0.1, 0.32], rtol=1e-14)
    np.testing.assert_allclose(grads["W_x"], [grads["b"]], rtol=1e-14)
    np.testing.assert_allclose(grads["W_h"], [[*grads["b"][:2], 0.24]], rtol=1e-14)
    np.testing.assert_allclose(d_h, [[0.5 + 0.24 * W_hn]], rtol=1e-14)
    if reset_after:
        np.testing.assert_allclose(grads["b_h"], [0.24], rtol=1e-14)


def test_with_one_unit_the_forms_differ_only_by_the_bias_and_with_two_in_what_is_reset() -> None:
    rng = np.random.default_rng(0)
    for units, same in ((1, True), (2, False)):
        after, before = GRU(units), GRU(units, reset_after=False)
        params: dict[str, Array] = {
            name: rng.normal(size=declared.shape) for name, declared in after.parameters((None, 2)).items()
        }
        params["b_h"] = np.zeros(units)
        x = rng.normal(size=(2, 5, 2))
        y, y_before = (layer.forward(x, params, Context())[0] for layer in (after, before))
        assert np.allclose(y, y_before, rtol=1e-12) == same
