"""Running statistics in training: only the batch moves them, whatever acts on the weights."""

from typing import Any

import numpy as np
import pytest
from small_runs import on_both_backends

from nn_core.layers import BatchNorm, Dense, Dropout, ReLU
from nn_core.losses import MeanSquaredError, softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import OPTIMIZERS, optimizer
from nn_core.reference import Backend, Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

X = np.random.default_rng(20).normal(1, 2, size=(22, 3)).astype(np.float32)
Y = np.arange(22) % 3
LAYERS = [Dense(4), BatchNorm(momentum=0.8), ReLU(), Dropout(0.2), Dense(3), BatchNorm()]


def trainer_of(backend: Backend, rule: str = "adam", **settings: Any) -> Trainer:
    """A step sees all examples."""
    recipe = Recipe(softmax_cross_entropy, optimizer(rule), **{"batch_size": len(X)} | settings)
    return Trainer(backend, X, Y, recipe, epochs=3, seed=4)


def small_network() -> Network:
    network = Network(LAYERS, input_shape=(3,), rng=np.random.default_rng(3))
    network.params["1/running_mean"][...] += 3
    return network


@pytest.mark.parametrize("rule", [*OPTIMIZERS, "adamw:weight_decay=0.9"])
@pytest.mark.parametrize("settings", [{}, {"l2": 5.0}, {"clip_norm": 1e-3}, {"clip_value": 1e-4}], ids=str)
def test_a_step_leaves_the_statistics_to_the_batch(rule: str, settings: dict[str, float]) -> None:
    network, twin = small_network(), small_network()
    trainer_of(Reference(network), rule, **settings).step()
    h = X @ twin.params["0/W"] + twin.params["0/b"]
    batch = {"mean": h.mean(axis=0), "variance": h.var(axis=0, ddof=1)}
    for name, value in batch.items():
        before, after = (net.params[f"1/running_{name}"] for net in (twin, network))
        np.testing.assert_allclose(after, 0.8 * before + 0.2 * value, rtol=1e-5, atol=1e-6)
    trained = slice(network.trained_count)
    assert not np.array_equal(network.vector[trained], twin.vector[trained])


@on_both_backends
def test_the_statistics_have_no_part_in_the_norm(make: Any) -> None:
    """The same step whether the running statistics are near or far from the batch's."""
    steps = []
    for far in (0.0, 1e6):
        network = small_network()
        network.params["5/running_mean"][...] += far
        with make(network) as backend:
            trainer_of(backend, "gradient-descent", clip_norm=0.5).step()
        steps.append(network.vector[: network.trained_count].copy())
    np.testing.assert_array_equal(steps[0], steps[1])


@on_both_backends
def test_they_converge_to_those_of_the_data(make: Any) -> None:
    network = Network([BatchNorm(momentum=0.9)], input_shape=(3,), rng=np.random.default_rng(0))
    x = np.random.default_rng(1).normal([5, -2, 0], [1, 3, 0.1], size=(4000, 3)).astype(np.float32)
    recipe = Recipe(MeanSquaredError(), optimizer("adam"), batch_size=100)
    with make(network) as backend:
        Trainer(backend, x, np.zeros_like(x), recipe, epochs=2, seed=2).run()
    np.testing.assert_allclose(network.params["0/running_mean"], [5, -2, 0], atol=0.2)
    np.testing.assert_allclose(network.params["0/running_variance"], [1, 9, 0.01], rtol=0.15)


def test_small_batches_estimate_the_variance_without_bias() -> None:
    """The mean of the variances of many pairs is 1; biased ones would give 1/2."""
    network = Network([BatchNorm(momentum=0.0)], input_shape=(1,), rng=np.random.default_rng(0))
    backend, loss, found = Reference(network), MeanSquaredError(), []
    for pair in np.random.default_rng(1).normal(size=(4000, 2, 1)).astype(np.float32):
        result = backend.loss_and_gradients(pair, np.zeros_like(pair), loss)
        network.update_running_stats(result.gradients)
        found.append(network.params["0/running_variance"].item())
    assert np.mean(found) == pytest.approx(1.0, abs=0.12)


@on_both_backends
def test_a_batch_of_one_leaves_the_variance_and_moves_the_mean(make: Any) -> None:
    network = Network([BatchNorm(momentum=0.5)], input_shape=(3,), rng=np.random.default_rng(0))
    with make(network) as backend:
        result = backend.loss_and_gradients(X[:1], np.zeros((1, 3)), MeanSquaredError())
        network.update_running_stats(result.gradients)
    np.testing.assert_array_equal(network.params["0/running_variance"], [1, 1, 1])
    np.testing.assert_allclose(network.params["0/running_mean"], X[0] / 2, rtol=1e-6)
