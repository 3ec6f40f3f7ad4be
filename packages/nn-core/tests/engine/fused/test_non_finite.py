"""A pixel that is not finite spoils what its layer would, and no more."""

import numpy as np
import pytest

from nn_core.engine.engine import Engine
from nn_core.layers import BatchNorm, Conv2D, Layer, MaxPool2D, ReLU
from nn_core.network import Network
from nn_core.reference import Reference

NETWORKS: dict[str, list[Layer]] = {
    "toeplitz": [Conv2D(4, 3, padding="same")],
    "strided": [Conv2D(2, (3, 2), (2, 1), 1)],
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


def test_an_image_of_numbers_whose_squares_overflow_is_predicted() -> None:
    network = Network(NETWORKS["toeplitz"], input_shape=(8, 8, 2), rng=np.random.default_rng(0))
    x = np.full((2, 8, 8, 2), 1e30, np.float32)
    expected, _ = Reference(network).predict(x)
    np.testing.assert_allclose(Engine(network).predict(x)[0], expected, rtol=1e-5, atol=1e25)
