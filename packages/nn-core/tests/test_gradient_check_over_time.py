"""The checker on layers with a state: each way of losing a gradient through time is caught."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import GradientError
from nn_core.gradient_check import check_gradients, check_layer
from nn_core.layers import GRU, LSTM, Cache, Chain, Context, Dense, Embedding, Layer, Residual, SimpleRNN, State, Tanh
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network


class Tampered(SimpleRNN):
    """A recurrent layer whose gradients are right until `tamper` has been at them."""

    def tamper(self, d_x: Array, d_h: Array, grads: Arrays) -> None:
        raise NotImplementedError

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        d_x, d_initial = super().backward_with_state(d_y, d_state, cache, params, grads, context)
        assert d_x is not None
        self.tamper(d_x, d_initial[0], grads)
        return d_x, d_initial


class IsWrongAtAllStepsButTheLast(Tampered):
    def tamper(self, d_x: Array, d_h: Array, grads: Arrays) -> None:
        d_x[:, :-1] *= 0.9


class ForgetsTheInitialState(Tampered):
    def tamper(self, d_x: Array, d_h: Array, grads: Arrays) -> None:
        d_h[...] = 0.0


class LearnsTheInputsWeightsOnly(Tampered):
    def tamper(self, d_x: Array, d_h: Array, grads: Arrays) -> None:
        grads["W_h"][...] = 0.0


class IgnoresWhatComesFromBeyondTheEnd(SimpleRNN):
    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        return super().backward_with_state(d_y, (), cache, params, grads, context)


class ReturnsNoStateGradient(SimpleRNN):
    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        return super().backward_with_state(d_y, d_state, cache, params, grads, context)[0], ()


@pytest.mark.parametrize(
    ("layer", "argument"),
    [
        (IsWrongAtAllStepsButTheLast(3), "the input x[0, 0, 0]"),
        (ForgetsTheInitialState(3), "the initial state[0, 0]"),
        (LearnsTheInputsWeightsOnly(3), "W_h[0, 0]"),
        (IgnoresWhatComesFromBeyondTheEnd(3), "the input x["),
        (ReturnsNoStateGradient(3), "the initial state: backward returned no gradient"),
        (Residual((Tanh(), ForgetsTheInitialState(3))), "layer 0/1, ForgetsTheInitialState("),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Layer) else "",
)
def test_a_wrong_gradient_is_found_and_named(layer: Layer, argument: str) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(GradientError) as caught:
        check_layer(layer, rng.normal(size=(2, 4, 3)), rng=rng)
    assert argument in str(caught.value)


def test_tokens_and_padding() -> None:
    rng = np.random.default_rng(0)
    layers = [Embedding(4, 3), SimpleRNN(3), Dense(4)]
    network = Network(layers, input_shape=(None,), rng=rng)
    x, y = rng.integers(4, size=(2, 3, 5))
    y[1, 2:] = -1
    kept = x.copy(), y.copy(), network.vector.copy()
    report = check_gradients(network, x, y, softmax_cross_entropy, rng=rng)
    assert report.error <= 1e-6
    assert not any("input" in array.name for array in report.arrays)
    for now, before in zip((x, y, network.vector), kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_states_are_named_by_layer() -> None:
    rng = np.random.default_rng(0)
    layer = Chain((Tanh(), Residual((LSTM(3),)), GRU(2)))
    report = check_layer(layer, rng.normal(size=(2, 3, 3)), rng=rng)
    states = [array.name for array in report.arrays if "state" in array.name]
    lstm, gru = f"layer 0/1/0, {LSTM(3)!r}", f"layer 0/2, {GRU(2)!r}"
    assert states == [f"{lstm}, the initial state 0", f"{lstm}, the initial state 1", f"{gru}, the initial state"]


@dataclass(frozen=True)
class RunningSum(Layer):
    """y_t = x_t + (sum of all x before t); the state holds all x so far, and how many."""

    wrong: float = 1.0

    def initial_state(self, N: int, input_shape: Shape, dtype: npt.DTypeLike) -> State:
        return np.zeros((N, 0, input_shape[-1] or 0), dtype), np.zeros(N, np.int64)

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        raise NotImplementedError

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        raise NotImplementedError

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        past, count = state
        seen = np.concatenate([past, x], axis=1)
        y: Array = np.cumsum(seen, axis=1)[:, past.shape[1] :]
        return y, (seen, count + x.shape[1]), past.shape[1]

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Any, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        d_x = np.cumsum(d_y[:, ::-1], axis=1)[:, ::-1]
        d_past = self.wrong * np.repeat(d_x[:, :1], cache, axis=1)
        if d_state:
            d_x, d_past = d_x + d_state[0][:, cache:], d_past + d_state[0][:, :cache]
        return d_x, (d_past, np.zeros(len(d_y), np.int64))


def test_a_state_that_grows_and_one_of_integers() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 2))
    report = check_layer(RunningSum(), x, rng=rng)
    assert [array.shape for array in report.arrays] == [(2, 3, 2), (2, 3, 2)]
    with pytest.raises(GradientError, match=r"the initial state 0\[0, 0, 0\]"):
        check_layer(RunningSum(wrong=0.5), x, rng=rng)
