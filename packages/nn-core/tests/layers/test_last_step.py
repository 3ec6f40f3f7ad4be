"""The layer that keeps the last step of a sequence."""

import numpy as np
import pytest

from nn_core.engine.engine import Engine
from nn_core.errors import ShapeError
from nn_core.gradient_check import check_gradients
from nn_core.layers import GRU, Context, Dense, Embedding, LastStep, Layer, MeanOverTime
from nn_core.layers.context import BatchPart
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.reference import Backend, Reference


def test_it_keeps_the_last_step() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    y, cache = LastStep().forward(x, {}, Context())
    np.testing.assert_array_equal(y, [[4, 5], [10, 11]])
    d_x = LastStep().backward(y, cache, {}, {}, Context())
    np.testing.assert_array_equal(np.array(d_x), [[[0, 0], [0, 0], [4, 5]], [[0, 0], [0, 0], [10, 11]]])


def test_output_has_no_time_axis() -> None:
    assert LastStep().output_shape((None, 4)) == (4,)
    assert LastStep().output_shape((7, 2, 4)) == (2, 4)
    for shape in ((), (None,), (4,)):
        with pytest.raises(ShapeError, match="expected sequences"):
            LastStep().output_shape(shape)


def test_sequences_are_classified() -> None:
    rng = np.random.default_rng(0)
    layers = [Embedding(5, 3), GRU(4), LastStep(), Dense(2)]
    network = Network(layers, input_shape=(None,), rng=rng)
    x, y = rng.integers(5, size=(3, 6)), np.array([0, 1, 1])
    report = check_gradients(network, x, y, softmax_cross_entropy, rng=rng)
    assert report.error <= 1e-6


def test_last_real_step_of_padded_sequences() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    context = Context(part=BatchPart(lengths=np.array([1, 3])))
    y, cache = LastStep().forward(x, {}, context)
    np.testing.assert_array_equal(y, [[0, 1], [10, 11]])
    d_x = LastStep().backward(y, cache, {}, {}, context)
    np.testing.assert_array_equal(np.array(d_x), [[[0, 1], [0, 0], [0, 0]], [[0, 0], [0, 0], [10, 11]]])


@pytest.mark.parametrize("last", [LastStep(), MeanOverTime()])
@pytest.mark.parametrize("backend", [Reference, Engine])
def test_padding_does_not_change_the_output(last: Layer, backend: type[Backend]) -> None:
    rng = np.random.default_rng(0)
    network = Network([Embedding(6, 3), GRU(4), last, Dense(2)], input_shape=(None,), rng=rng, padding=5)
    x = rng.integers(5, size=(4, 7))
    lengths = [7, 3, 1, 5]
    alone = [network(x[n : n + 1, :length])[0] for n, length in enumerate(lengths)]
    for n, length in enumerate(lengths):
        x[n, length:] = 5
    predicted, _ = backend(network).predict(x)  # type: ignore[call-arg]
    np.testing.assert_allclose(predicted, alone, atol=1e-6)
    np.testing.assert_allclose(network(x), alone, atol=1e-6)
