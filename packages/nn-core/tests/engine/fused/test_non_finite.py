"""A pixel that is not finite spoils what its layer would, and no more."""

from typing import ClassVar

import numpy as np
import pytest

from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.layers import GELU, BatchNorm, Conv2D, Layer, MaxPool2D, ReLU
from nn_core.losses import MeanSquaredError
from nn_core.network import Network
from nn_core.reference import Reference


class FiniteOnly(MeanSquaredError):
    """Keeps the outputs that it is given; its gradient is that of the finite ones alone."""

    outputs: ClassVar[list[Array]] = []

    def total(self, output: Array, y: Array, weights: Array | None = None) -> tuple[float, Array]:
        self.outputs.append(output.copy())
        finite = np.isfinite(output)
        return super().total(np.where(finite, output, y), y, weights)


NETWORKS: dict[str, list[Layer]] = {
    "toeplitz": [Conv2D(4, 3, padding="same")],
    "strided": [Conv2D(2, (3, 2), strides=(2, 1), padding=1)],
    "winograd": [Conv2D(64, 3, padding="same")],
    "pooled": [Conv2D(4, 3, padding="same"), ReLU(), MaxPool2D(4)],
    "folded": [Conv2D(4, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2)],
    "folded and pooled": [Conv2D(4, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(8)],
}


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_whose_window_does_not_see_it_stay_finite(name: str, value: float) -> None:
    rng = np.random.default_rng(0)
    shape = (16, 16, 64) if name == "winograd" else (16, 16, 2)
    network = Network(NETWORKS[name], input_shape=shape, rng=rng)
    x = rng.normal(size=(20, *shape)).astype(np.float32)
    x[1, 5, 6, 1] = value
    with np.errstate(invalid="ignore"):
        expected, _ = Reference(network).predict(x)
    assert 0 < np.isfinite(expected[1]).mean() < 1
    for predictor in (Engine(network), Engine(network).frozen()):
        with np.errstate(invalid="ignore"):
            y, _ = predictor.predict(x)
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("name", ["toeplitz", "strided", "winograd", "pooled", "large pool"])
def test_in_training_it_spoils_no_more_either(name: str, value: float) -> None:
    layers = NETWORKS.get(name, [Conv2D(4, 3, padding="same"), ReLU(), MaxPool2D(8)])
    shape = (16, 16, 64) if name == "winograd" else (16, 16, 2)
    network = Network(layers, input_shape=shape, rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(20, *shape)).astype(np.float32)
    x[1, 5, 6, 1] = value
    loss = FiniteOnly()
    y = np.zeros((20, *network.output_shape), np.float32)
    results = []
    for backend in (Reference(network), Engine(network, shards=1)):
        with np.errstate(invalid="ignore", over="ignore"):
            backend.loss_and_gradients(x, y, loss)
        results.append(loss.outputs.pop())
    assert 0 < np.isfinite(results[0][1]).mean() < 1
    np.testing.assert_allclose(results[1], results[0], rtol=1e-4, atol=1e-4)


def test_in_training_the_other_weights_keep_their_gradients() -> None:
    """The spoiled windows of a pool send their gradients where the layers would."""
    layers = NETWORKS["pooled"]
    network = Network(layers, input_shape=(16, 16, 2), rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=(20, 16, 16, 2)).astype(np.float32)
    x[1, 5, 6, 1] = np.inf
    y = np.zeros((20, *network.output_shape), np.float32)
    found = []
    for backend in (Reference(network), Engine(network, shards=1)):
        with np.errstate(invalid="ignore", over="ignore"):
            found.append(backend.loss_and_gradients(x, y, FiniteOnly()).gradients.copy())
    finite = np.isfinite(found[0])
    assert 0 < finite.mean() < 1
    np.testing.assert_allclose(found[1][finite], found[0][finite], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("approximate", [True, False])
def test_the_largest_numbers_pass_through_gelu(approximate: bool) -> None:
    network = Network([GELU(approximate=approximate)], input_shape=(3,))
    x = np.array([[3e38, -3e38, 1.0]], np.float32)
    expected, _ = Reference(network).predict(x)
    np.testing.assert_allclose(Engine(network).predict(x)[0], expected, rtol=1e-6)
    assert np.isfinite(expected).all()


def test_an_image_of_numbers_whose_squares_overflow_is_predicted() -> None:
    network = Network(NETWORKS["toeplitz"], input_shape=(8, 8, 2), rng=np.random.default_rng(0))
    x = np.full((2, 8, 8, 2), 1e30, np.float32)
    expected, _ = Reference(network).predict(x)
    np.testing.assert_allclose(Engine(network).predict(x)[0], expected, rtol=1e-5, atol=1e25)
