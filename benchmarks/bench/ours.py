"""The side of nn-core."""

import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.parity import Outcome
from bench.sides import OURS, Side
from nn_core import Network, Recipe, Trainer
from nn_core.layers import Layer
from nn_core.losses import LOSSES
from nn_core.optim.optimizers import Adam

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
    input_shape: tuple[int, ...]
    loss: str
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    over_time: bool = False


def accepted(function: Callable[..., Any], **options: Any) -> dict[str, Any]:
    """Those of the options that a function knows."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in options.items() if name in known}


def network_of(task: Task) -> Network:
    """The network of a task, with its first weights."""
    return Network(
        task.layers,
        input_shape=task.input_shape,
        rng=np.random.default_rng(0),
        over_time=task.over_time,
    )


def outcome(task: Task, network: Network) -> Outcome:
    """Loss and gradients, named by layer and array, without a step."""
    contexts = network.contexts(training=True, rng=np.random.default_rng(0))
    loss, _ = network.loss_and_gradients(task.x, task.y, LOSSES[task.loss], contexts)
    gradients = {
        f"{i}.{name}": array.copy()
        for i, views in enumerate(network.gradient_views)
        for name, array in views.items()
        if not name.startswith("running_")
    }
    return Outcome(loss, gradients)


class SameBatch:
    """One batch without end: what it costs to draw batches is not compared."""

    carries_state = False
    steps_per_epoch = 1_000_000_000

    def __init__(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> None:
        self.batch_size = len(x)
        self.position = 0
        self._batch = x, y

    def next(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The batch."""
        self.position += 1
        return self._batch

    def mean(self, figures: Sequence[float]) -> float:
        """Of an epoch, which never ends."""
        return math.fsum(figures) / len(figures)

    def state(self) -> dict[str, Any]:
        """Where it stands."""
        return {"position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand there again."""
        self.position = state["position"]


def ways(function: Callable[..., Any], threads: int) -> list[tuple[str, int]]:
    """How so many threads are used: by the BLAS, or by nn-core where it has threads of its own."""
    own = threads > 1 and "threads" in inspect.signature(function).parameters
    return [("BLAS threads", 1), ("own threads", threads)] if own else [("", 1)]


def training_sides(task: Task, threads: int) -> list[Side]:
    """A training step in each way."""
    return [
        training_side(task, network_of(task), variant, own)
        for variant, own in ways(Trainer.__init__, threads)
    ]


def training_side(task: Task, network: Network, variant: str, threads: int) -> Side:
    """`Trainer.step`: forward, loss, backward, Adam, always on the one batch."""
    recipe = Recipe(LOSSES[task.loss], Adam(), learning_rate=LEARNING_RATE, batch_size=None)
    trainer = Trainer(
        network,
        task.x,
        task.y,
        recipe,
        epochs=1_000_000_000,
        rng=np.random.default_rng(0),
        **accepted(Trainer.__init__, threads=threads),
    )
    trainer.batches = SameBatch(task.x, task.y)
    crew = getattr(trainer, "_crew", nullcontext())  # which `Trainer.run` holds as it runs
    return Side(OURS, variant, trainer.step, crew)
