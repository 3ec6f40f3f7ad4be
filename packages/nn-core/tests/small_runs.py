"""Small runs on which trainers and checkpoints are tested."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.layers import Dense, Dropout, Layer, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import GradientDescent, optimizer
from nn_core.optim.schedules import Cosine
from nn_core.reference import Backend, Reference
from nn_core.training.callbacks import Callback
from nn_core.training.recipe import Recipe
from nn_core.training.state import Snapshot, TrainingState
from nn_core.training.trainer import Trainer

COUNT = 22
X: npt.NDArray[np.float32] = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
Y: npt.NDArray[np.int64] = (X @ np.array([1.0, -2.0, 0.5]) > 0).astype(np.int64)

MakeBackend = Callable[[Network], Backend]
BACKENDS: dict[str, MakeBackend] = {
    "reference": Reference,
    "engine": lambda network: Engine(network, threads=2, shards=3),
}
on_both_backends = pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS)


def small_network(*layers: Layer, seed: int = 1) -> Network:
    layers = layers or (Dense(4), Tanh(), Dense(1))
    return Network(layers, input_shape=(3,), rng=np.random.default_rng(seed))


def noisy_network(seed: int = 1) -> Network:
    return small_network(Dense(4), Tanh(), Dropout(0.3), Dense(1), seed=seed)


def recipe_of(**settings: Any) -> Recipe:
    defaults: dict[str, Any] = {
        "loss": binary_cross_entropy,
        "optimizer": GradientDescent(),
        "learning_rate": 0.1,
        "batch_size": 8,
    }
    return Recipe(**(defaults | settings))


def small_trainer(
    network: Network | None = None,
    recipe: Recipe | None = None,
    *,
    make: MakeBackend = Reference,
    epochs: int = 2,
    seed: int = 2,
    **settings: Any,
) -> Trainer:
    """A run of 22 examples in batches of 8, 8 and 6, unless asked otherwise."""
    return Trainer(
        make(small_network() if network is None else network),
        X,
        Y,
        recipe_of() if recipe is None else recipe,
        epochs=epochs,
        seed=seed,
        **settings,
    )


def full_trainer(
    network: Network | None = None,
    *callbacks: Callback,
    rule: str = "adam",
    make: MakeBackend = Reference,
    epochs: int = 3,
    seed: int = 2,
) -> Trainer:
    """A run with everything that has a memory: five steps an epoch, the last one smaller."""
    recipe = Recipe(
        binary_cross_entropy, optimizer(rule), schedule=Cosine(warmup=0.7), batch_size=5, l2=0.01, clip_norm=0.1
    )
    return Trainer(
        make(noisy_network() if network is None else network),
        X,
        Y,
        recipe,
        epochs=epochs,
        seed=seed,
        validation=(X[:7], Y[:7]),
        callbacks=callbacks,
    )


class Interruption(Exception):
    """What a run of these tests is interrupted by."""


class InterruptAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, state: TrainingState) -> None:
        if state.step == self.step:
            raise Interruption


def snapshot_at(step: int, build: Callable[..., Trainer], *callbacks: Callback) -> Snapshot:
    """A snapshot of a run that was interrupted after a step; build takes its callbacks."""
    trainer = build(*callbacks, InterruptAt(step))
    if step:
        with pytest.raises(Interruption):
            trainer.run()
    return trainer.state.snapshot()


def bits(trainer: Trainer) -> dict[str, bytes]:
    """All that a run is, save the time that it took."""
    state = trainer.state
    columns = {f"column {name}": c for name, c in state.history.columns.items()}
    columns.pop("column seconds", None)
    arrays: dict[str, Array | Sequence[float]] = {
        "parameters": trainer.network.vector,
        "step loss": state.history.step_loss,
        "step": [state.seed, state.step],
        **{f"optimizer {name}": vector for name, vector in state.optimizer_state.items()},
        **columns,
    }
    return {name: np.array(values, np.float64).tobytes() for name, values in arrays.items()}
