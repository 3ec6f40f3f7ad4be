"""A run on four shards ends with the same bits for any number of threads, noise included."""

from typing import Any

import numpy as np
import pytest

from nn_core.batches.augmentation import Augmentation
from nn_core.engine.engine import Engine
from nn_core.layers import GRU, BatchNorm, Conv2D, Dense, Dropout, Embedding, Flatten, Layer, MaxPool2D, ReLU, Residual
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Backend, Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 5, (22, 9))
LABELS[np.arange(9) >= rng.integers(0, 10, 22)[:, None]] = -1

RUNS: dict[str, tuple[list[Layer], Any, Any, Any, Any]] = {
    "photos": (
        [
            *(Conv2D(4, 3, padding="same"), BatchNorm(), ReLU(), MaxPool2D(2)),
            Residual((BatchNorm(), Dropout(0.3), Conv2D(4, 1))),
            *(Flatten(), Dropout(0.5), Dense(3)),
        ],
        (8, 8, 3),
        rng.integers(0, 256, (22, 8, 8, 3), np.uint8),
        rng.integers(0, 3, 22),
        Augmentation(),
    ),
    "padded sequences": (
        [Embedding(5, 4), GRU(4), BatchNorm(), Dropout(0.3), Dense(5)],
        (None,),
        rng.integers(0, 5, (22, 9)),
        LABELS,
        None,
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_the_number_of_threads_changes_no_bit(name: str) -> None:
    layers, shape, x, y, augment = RUNS[name]

    def trained(make: Any) -> tuple[bytes, list[float]]:
        network = Network(layers, input_shape=shape, rng=np.random.default_rng(1), dtype=np.float64)
        backend: Backend = make(network)
        recipe = Recipe(softmax_cross_entropy, Adam(), batch_size=8)
        trainer = Trainer(backend, x, y, recipe, epochs=2, seed=3, augment=augment)
        history = trainer.run()
        return network.vector.tobytes(), history.step_loss

    runs = [trained(lambda network, n=n: Engine(network, shards=4, threads=n)) for n in (1, 2, 3, 4)]
    assert all(run == runs[0] for run in runs)
    np.testing.assert_allclose(runs[0][1], trained(Reference)[1], rtol=1e-11)
