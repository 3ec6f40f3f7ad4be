"""The loop: batch, forward, loss, backward, step. It prints nothing."""

import math
import operator
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.augmentation import Augment
from nn_core.batches.minibatches import Batches, MiniBatches
from nn_core.batches.streams import StreamBatches
from nn_core.engine.thread_pool import ThreadPool
from nn_core.errors import DivergenceError
from nn_core.layers import Recurrent
from nn_core.losses import Loss
from nn_core.metrics import accuracy
from nn_core.network import Network
from nn_core.optim import transforms
from nn_core.optim.optimizers import Optimizer
from nn_core.optim.schedules import Constant, Schedule
from nn_core.registry import require
from nn_core.training.callbacks import Callback
from nn_core.training.evaluate import Figure, measure, measure_text
from nn_core.training.history import History
from nn_core.training.non_finite import locate_non_finite


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, apart from its data.

    optimizer      the update rule; its slots belong to one run
    learning_rate  times the schedule's factor; None takes the optimizer's default
    batch_size     None for all examples at once
    steps          the examples are one long text: read it in `batch_size` streams, so many steps
                   at a time, with the state carried along; see `StreamBatches`
    l2             strength / 2 * sum(W^2) joins the objective, weights only
    clip_norm      the longest that the gradient of all parameters may be
    clip_value     the largest that one number of it may be
    """

    loss: Loss
    optimizer: Optimizer
    learning_rate: float | None = None
    schedule: Schedule = field(default_factory=Constant)
    batch_size: int | None = 64
    steps: int | None = None
    l2: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None

    def __post_init__(self) -> None:
        if self.steps is not None:
            require(self.steps >= 1, f"a window of a text has at least one step, not {self.steps}")
            require(self.batch_size is not None, "a text takes a number of streams, no full batch")
        for name in ("learning_rate", "clip_norm", "clip_value"):
            value = getattr(self, name)
            require(value is None or 0 < value < math.inf, f"{name} must be positive, not {value}")
        require(0 <= self.l2 < math.inf, f"l2 cannot be negative: {self.l2}")

    @property
    def rate(self) -> float:
        """The learning rate before the schedule."""
        if self.learning_rate is None:
            return self.optimizer.default_learning_rate
        return self.learning_rate


class Trainer:
    """One run of a recipe over a data set, which can stop and go on at any step.

    network           changed in place
    x, y              training examples (N, ...) and their targets; sequences (N, T, ...) are
                      padded, with targets of -1, or one long text (L, ...) if the recipe has
                      `steps`
    epochs            how long the run is
    rng               draws the batches' order and the noise, in streams of their own
    validation        examples and targets that are measured after each epoch
    measure_training  measure all training examples then, too; otherwise the training loss is
                      the mean over the epoch's batches, each before its step
    metrics           name -> function of (logits, targets), beside the loss
    augment           changes each batch of training examples before the network sees it, with
                      draws from the stream of the layers' noise
    callbacks         called after each step and each epoch, in this order
    threads           how many share the work, while it runs; the bits do not depend on it (if
                      the BLAS has one thread), so that a run may go on with another number

    Seconds are those of training alone: neither measuring nor callbacks count.
    """

    def __init__(
        self,
        network: Network,
        x: Examples,
        y: npt.NDArray[Any],
        recipe: Recipe,
        *,
        epochs: int,
        rng: np.random.Generator,
        validation: tuple[Examples, npt.NDArray[Any]] | None = None,
        measure_training: bool = False,
        metrics: Mapping[str, Figure] | None = None,
        augment: Augment | None = None,
        callbacks: Sequence[Callback] = (),
        threads: int = 1,
    ) -> None:
        require(epochs >= 0, f"a run cannot have {epochs} epochs")
        order_rng, self.noise_rng = rng.spawn(2)
        self.network = network
        self.recipe = recipe
        self.epochs = epochs
        self.examples = (x, y)
        self.batches = _batches(network, x, y, recipe, order_rng)
        self.validation = validation
        self.measure_training = measure_training
        self.augment = augment
        self.metrics = {"accuracy": accuracy} if metrics is None else metrics
        self.callbacks = tuple(callbacks)
        self.history = History()
        self.step_count = 0
        self.seconds = 0.0
        self.stopped: str | None = None
        self._crew = ThreadPool(threads)
        self._contexts = network.contexts(training=True, rng=self.noise_rng, threads=self._crew)
        self._measuring = network.contexts(threads=self._crew)
        recipe.optimizer.start(network.parameters[: network.trained_count], network.weight_count)

    @property
    def threads(self) -> int:
        """How many share the work; may be set between steps."""
        return self._crew.count

    @threads.setter
    def threads(self, count: int) -> None:
        self._crew = ThreadPool(count)
        for context in (*self._contexts, *self._measuring):
            context.crew = self._crew

    @property
    def epoch(self) -> int:
        """How many epochs are complete."""
        return len(self.history)

    def learning_rate(self, step: int) -> float:
        """The rate of step 0, 1, ... of the run."""
        factor = self.recipe.schedule(step, self.batches.steps_per_epoch, self.epochs)
        return self.recipe.rate * factor

    def run(self) -> History:
        """Train until the epochs are done or a callback stops the run.

        Raises DivergenceError as soon as the loss is no longer finite.
        """
        with self._crew, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while self.epoch < self.epochs and self.stopped is None:
                self._run_step()
                if self.batches.position == self.batches.steps_per_epoch:
                    self._end_epoch()
                for callback in self.callbacks:
                    callback.on_step(self)
        return self.history

    def stop(self, reason: str) -> None:
        """End the run after this step, for good: it stays ended when it is restored."""
        self.stopped = reason

    def step(self) -> float:
        """One batch, one update of the weights; returns the batch's loss before it."""
        network, recipe = self.network, self.recipe
        x, y = self.batches.next()
        if self.batches.carries_state:
            for context in self._contexts:
                if self.batches.position > 1:
                    context.carry()
                else:
                    context.forget()
        if self.augment is not None:
            x = self.augment(x, rng=self.noise_rng)
        value, _ = network.loss_and_gradients(x, y, recipe.loss, self._contexts)
        if not math.isfinite(value):
            raise self._divergence(x, f"the loss is {value} at step {self.step_count + 1}")
        w = network.parameters[: network.trained_count]
        g = network.gradients[: network.trained_count]
        if recipe.l2:
            weights = slice(network.weight_count)
            transforms.add_l2_gradient(
                g[weights], w[weights], recipe.l2, recipe.optimizer.scratch[weights]
            )
        if recipe.clip_value is not None:
            transforms.clip_by_value(g, recipe.clip_value)
        if recipe.clip_norm is not None:
            transforms.clip_by_global_norm(g, recipe.clip_norm)
        recipe.optimizer.step(w, g, self.learning_rate(self.step_count), self._crew)
        network.fold_statistics()
        self.step_count += 1
        return value

    def measure(self, x: Examples, y: npt.NDArray[Any]) -> dict[str, float]:
        """The loss and the metrics on any examples, without noise and without penalties."""

        def loss(logits: Array, targets: npt.NDArray[Any]) -> float:
            return self.recipe.loss(logits, targets)[0]

        figures: dict[str, Figure] = {"loss": loss, **self.metrics}
        with np.errstate(over="ignore", invalid="ignore"):
            if self.recipe.steps is None:
                return measure(self.network, x, y, figures, contexts=self._measuring)
            return measure_text(self.network, np.asarray(x), y, figures, contexts=self._measuring)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs beside the vectors, as plain numbers and names."""
        return {
            "step_count": self.step_count,
            "optimizer_steps": self.recipe.optimizer.steps,
            "seconds": self.seconds,
            "stopped": self.stopped,
            "batches": self.batches.state(),
            "noise_rng": self.noise_rng.bit_generator.state,
        }

    def carried(self) -> dict[str, Array]:
        """The states that the next batch begins with, by layer and name, as in "1.h"."""
        return {
            f"{i}.{name}": array
            for i, layer in self._memories()
            for name, array in zip(
                layer.state_names, self._contexts[i].final_state or (), strict=False
            )
        }

    def restore(
        self,
        state: dict[str, Any],
        slots: Mapping[str, Array],
        history: History,
        carried: Mapping[str, Array] = MappingProxyType({}),
    ) -> None:
        """Take up an earlier run of the same recipe where it stood.

        Raises KeyError, TypeError or ValueError for what `state` cannot have returned.
        """
        for name in ("step_count", "optimizer_steps"):
            if operator.index(state[name]) < 0:
                raise ValueError(f"{name} is {state[name]}")
        self.step_count = state["step_count"]
        self.seconds = 0.0 + state["seconds"]
        self.stopped = state["stopped"]
        self.batches.restore(state["batches"])
        self.noise_rng.bit_generator.state = state["noise_rng"]
        self.recipe.optimizer.restore(slots, state["optimizer_steps"])
        self.history = history
        for i, layer in self._memories():
            if self.batches.position > 0:
                arrays = tuple(carried[f"{i}.{name}"] for name in layer.state_names)
                if any(a.shape != (self.batches.batch_size, layer.units) for a in arrays):
                    raise ValueError(f"the state of layer {i} has another shape")
                self._contexts[i].final_state = arrays

    def _memories(self) -> Iterator[tuple[int, Recurrent]]:
        """The layers that take their state along from batch to batch, if any do."""
        if self.batches.carries_state:
            for i, layer in enumerate(self.network.layers):
                if isinstance(layer, Recurrent):
                    yield i, layer

    def _run_step(self) -> None:
        start = time.perf_counter()
        value = self.step()
        self.seconds += time.perf_counter() - start
        self.history.step_loss.append(value)

    def _end_epoch(self) -> None:
        if not np.isfinite(self.network.parameters).all():
            raise self._divergence(
                self._few(self.examples[0], 1),
                f"the weights are not finite after step {self.step_count}",
            )
        row = {
            "epoch": self.epoch + 1,
            "step": self.step_count,
            "seconds": self.seconds,
            "learning_rate": self.learning_rate(self.step_count - 1),
            "training_loss": self.batches.mean(
                self.history.step_loss[-self.batches.steps_per_epoch :]
            ),
        }
        if self.measure_training:
            row |= self._measured("training", self.examples)
        if self.validation is not None:
            row |= self._measured("validation", self.validation)
        self.history.append(row)
        for callback in self.callbacks:
            callback.on_epoch(self)

    def _measured(self, part: str, examples: tuple[Examples, npt.NDArray[Any]]) -> dict[str, float]:
        figures = self.measure(*examples)
        if not math.isfinite(figures["loss"]):
            message = f"the {part} loss is {figures['loss']} after step {self.step_count}"
            raise self._divergence(self._few(examples[0], len(examples[0])), message)
        return {f"{part}_{name}": value for name, value in figures.items()}

    def _few(self, x: Examples, count: int) -> Array:
        """The first examples, or of those that are not in memory a batch; the start of a text."""
        if self.recipe.steps is not None:
            return np.asarray(x[: self.recipe.steps])[None]
        if not isinstance(x, np.ndarray):
            count = min(count, self.batches.batch_size)
        return x[:count]

    def _divergence(self, x: Array, what: str) -> DivergenceError:
        """An error that names the first place from which on the numbers are not finite."""
        where = locate_non_finite(self.network, x)
        return DivergenceError(
            f"{what} (epoch {self.epoch + 1}): the first numbers that are not finite come from "
            f"{where}; a smaller learning rate or clipping the gradient may help"
        )


def _batches(
    network: Network,
    x: Examples,
    y: npt.NDArray[Any],
    recipe: Recipe,
    rng: np.random.Generator,
) -> Batches:
    if recipe.steps is None:
        trim = network.over_time and y.ndim == 2 and y.dtype.kind in "iu"
        return MiniBatches(x, y, batch_size=recipe.batch_size, rng=rng, trim=trim)
    require(network.over_time, "only a network over time reads a text step by step")
    return StreamBatches(np.asarray(x), y, batch_size=recipe.batch_size or 1, steps=recipe.steps)
