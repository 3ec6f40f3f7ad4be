"""The checker on layers with a memory: each way of losing a gradient on the way back is caught."""

from collections.abc import Mapping

import numpy as np
import pytest

from nn_core.arrays import Array
from nn_core.errors import GradientError
from nn_core.gradient_check import check_gradients, check_layer
from nn_core.layers import Cache, Context, Dense, Embedding, SimpleRNN, State
from nn_core.losses import sequence_cross_entropy
from nn_core.network import Network


class Tampered(SimpleRNN):
    """A recurrent layer whose gradients are right until `tamper` has been at them."""

    def tamper(self, d_x: Array, d_h: Array, grads: Mapping[str, Array]) -> None:
        raise NotImplementedError

    def backward_through_time(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array | None, State]:
        d_x, d_state = super().backward_through_time(
            d_y, d_final_state, cache, params, grads, context
        )
        assert d_x is not None
        self.tamper(d_x, d_state[0], grads)
        return d_x, d_state


class IsWrongAtAllStepsButTheLast(Tampered):
    def tamper(self, d_x: Array, d_h: Array, grads: Mapping[str, Array]) -> None:
        d_x[:, :-1] *= 0.9


class ForgetsWhereItCameFrom(Tampered):
    def tamper(self, d_x: Array, d_h: Array, grads: Mapping[str, Array]) -> None:
        d_h[...] = 0.0


class CountsOnlyTheInputsWeights(Tampered):
    def tamper(self, d_x: Array, d_h: Array, grads: Mapping[str, Array]) -> None:
        grads["W_h"][...] = 0.0


class IgnoresWhatComesFromBeyondTheEnd(SimpleRNN):
    def backward_through_time(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array | None, State]:
        return super().backward_through_time(d_y, None, cache, params, grads, context)


@pytest.mark.parametrize(
    ("layer", "argument"),
    [
        (IsWrongAtAllStepsButTheLast(3), "the input x[0, 0, 0]"),
        (ForgetsWhereItCameFrom(3), "the initial h[0, 0]"),
        (CountsOnlyTheInputsWeights(3), "W_h[0, 0]"),
        (IgnoresWhatComesFromBeyondTheEnd(3), "the input x["),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SimpleRNN) else "",
)
def test_a_wrong_gradient_is_found_and_named(layer: SimpleRNN, argument: str) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(GradientError) as caught:
        check_layer(layer, rng.normal(size=(2, 4, 3)), rng=rng)
    assert argument in str(caught.value)


def test_words_and_padding_are_no_obstacle() -> None:
    rng = np.random.default_rng(0)
    layers = [Embedding(3, 4), SimpleRNN(3), Dense(4)]
    network = Network(layers, input_shape=(), rng=rng, over_time=True)
    x, y = rng.integers(4, size=(2, 3, 5))
    y[1, 2:] = -1
    kept = x.copy(), y.copy(), network.parameters.copy()
    report = check_gradients(network, x, y, sequence_cross_entropy, rng=rng)
    assert report.error <= 1e-6
    assert not any("input" in array.name for array in report.arrays)
    for now, before in zip((x, y, network.parameters), kept, strict=True):
        np.testing.assert_array_equal(now, before)
