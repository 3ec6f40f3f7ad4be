"""The side of nn-core."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.parity import Outcome
from bench.sides import OURS, REFERENCE, Side
from nn_core import Network, Recipe, Trainer
from nn_core.engine.engine import Engine
from nn_core.layers import Layer
from nn_core.losses import loss
from nn_core.optim.optimizers import Adam
from nn_core.reference import Backend, Reference

LEARNING_RATE = 1e-6
"""So small that the weights stay where they are: the last step costs what the first did."""


@dataclass(frozen=True)
class Task:
    """A network and one batch, on which it is trained again and again.

    x, y     (N, ...) as nn-core takes them: images channels last, sequences (N, T)
    loss     its name in nn_core.losses
    """

    name: str
    layers: tuple[Layer, ...]
    input_shape: tuple[int | None, ...]
    loss: str
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]


def network_of(task: Task) -> Network:
    """The network of a task, with its first weights."""
    return Network(task.layers, input_shape=task.input_shape, rng=np.random.default_rng(0))


def outcome(task: Task, network: Network) -> Outcome:
    """Loss and gradients, named by layer and array, without a step."""
    result = Engine(network).loss_and_gradients(task.x, task.y, loss(task.loss))
    trained = network.named(result.gradients[: network.trained_count])
    return Outcome(result.loss, {name: array.copy() for name, array in trained.items()})


class SameBatch:
    """One batch without end: what it costs to draw batches is not compared."""

    carries_state = False
    steps_per_epoch = 1_000_000_000

    def __init__(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> None:
        self.batch_size = len(x)
        self._batch = x, y, None

    def batch(self, seed: tuple[int, int]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], None]:
        """The batch."""
        return self._batch

    def targets(self, seed: tuple[int, int]) -> tuple[npt.NDArray[Any], None]:
        """Its targets."""
        return self._batch[1:]


def ways(threads: int) -> list[tuple[str, int]]:
    """How so many threads are used: by the BLAS, or by nn-core's own."""
    return [("", 1)] if threads == 1 else [("BLAS threads", 1), ("own threads", threads)]


def training_sides(task: Task, threads: int) -> list[Side]:
    """A training step in each way."""
    return [training_side(task, network_of(task), variant, own) for variant, own in ways(threads)]


def training_side(task: Task, network: Network, variant: str, threads: int) -> Side:
    """`Trainer.step`: forward, loss, backward, Adam, always on the one batch."""
    engine = Engine(network, threads=threads)
    return Side(OURS, variant, trainer_of(task, engine).step, engine)


def reference_side(task: Task) -> Side:
    """The same step by the layers as they are written."""
    return Side(REFERENCE, "", trainer_of(task, Reference(network_of(task))).step)


def trainer_of(task: Task, backend: Backend) -> Trainer:
    """A run of the one batch."""
    recipe = Recipe(loss(task.loss), Adam(), learning_rate=LEARNING_RATE, batch_size=None)
    trainer = Trainer(backend, task.x, task.y, recipe, epochs=1_000_000_000, seed=0)
    trainer.batches = SameBatch(task.x, task.y)
    trainer.state.steps_per_epoch = SameBatch.steps_per_epoch
    return trainer
