"""The training loop: batch, gradients, update. It prints nothing."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.augmentation import Augment
from nn_core.batches.minibatches import Batches, MiniBatches, check_examples
from nn_core.batches.streams import StreamBatches
from nn_core.errors import CheckpointError, DivergenceError
from nn_core.hints import HelpfulErrors
from nn_core.layers.base import State
from nn_core.metrics import Metric, metrics_by_name
from nn_core.network import Network
from nn_core.optim import transforms
from nn_core.reference import Backend, inverse
from nn_core.registry import require
from nn_core.training.callbacks import Callback
from nn_core.training.evaluate import evaluate, evaluate_text
from nn_core.training.history import History
from nn_core.training.non_finite import locate_non_finite
from nn_core.training.recipe import Recipe
from nn_core.training.state import Snapshot, TrainingState


class Trainer(HelpfulErrors):
    """A training run on a data set, which can be stopped and resumed after any step.

    backend           `Reference(network)` or `Engine(network)`; the network is updated in place
    x, y              training examples (N, ...) and their targets; sequences (N, T, ...) are
                      padded, with labels of -1, or one long text (L, ...) if the recipe has a
                      `bptt_length`
    epochs            length of the run
    seed              determines, with the step number, the order of the batches and all noise
    validation        examples and targets to evaluate on after each epoch
    measure_training  also evaluate on all training examples; otherwise the training loss is the
                      mean over the batches of the epoch, each before its update
    metrics           in addition to the loss: names such as ["accuracy"], functions of outputs and
                      targets, or functions by name; None: those of the loss
    augment           augments each batch of training examples
    callbacks         called after each step and each epoch, in this order

    Raises DataError or ShapeError for examples that are not arrays of real numbers.
    """

    def __init__(
        self,
        backend: Backend,
        x: Examples,
        y: npt.NDArray[Any],
        recipe: Recipe,
        *,
        epochs: int,
        seed: int,
        validation: tuple[Examples, npt.NDArray[Any]] | None = None,
        measure_training: bool = False,
        metrics: str | Metric | Iterable[str | Metric] | Mapping[str, Metric] | None = None,
        augment: Augment | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        require(epochs >= 0, f"epochs must be at least 0, not {epochs}")
        require(seed >= 0, f"the seed must be at least 0, not {seed}")
        self.backend, self.network, self.recipe = backend, backend.network, recipe
        self._base_rate = recipe.base_rate
        self.examples, self.validation = (x, y), validation
        self.measure_training = measure_training
        self.metrics = metrics_by_name(recipe.loss.default_metrics if metrics is None else metrics)
        self.augment, self.callbacks = augment, tuple(callbacks)
        self.batches = _batches(self.network, x, y, recipe)
        self._counts: list[float] = []  # of targets, in the batches of this epoch
        if validation is not None:
            check_examples(*validation)
        self.state = TrainingState(
            self.network,
            epochs=epochs,
            steps_per_epoch=self.batches.steps_per_epoch,
            seed=seed,
            shards=backend.shards,
            optimizer_state=recipe.optimizer.init(self.network.vector[: self.network.trained_count]),
        )

    def run(self) -> History:
        """Train until the epochs are done or a callback stops the run.

        Raises DivergenceError as soon as the loss is no longer finite.
        """
        state = self.state
        with self.backend, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while state.epoch < state.epochs and state.stopped is None:
                start = time.perf_counter()
                self.step()
                state.seconds += time.perf_counter() - start
                if state.step % state.steps_per_epoch == 0:
                    self._end_epoch()
                for callback in self.callbacks:
                    callback.on_step(state)
        return state.history

    def step(self) -> float:
        """Train on one batch. Returns its loss before the update."""
        backend, network, recipe, state = self.backend, self.network, self.recipe, self.state
        seed = state.seed, state.step + 1

        x, y = self.batches.batch(seed)
        if self.augment is not None:
            x = self.augment(x, seed=seed)

        loss, gradients, left = backend.loss_and_gradients(x, y, recipe.loss, state=state.recurrent_state, seed=seed)
        if not math.isfinite(loss):
            raise self._divergence(x, f"the loss is {loss} at step {state.step + 1}")

        g = gradients[: network.trained_count]
        if recipe.l2:
            weights = slice(network.weight_count)
            transforms.add_l2_gradient(g[weights], network.vector[weights], recipe.l2)
        if recipe.clip_value is not None:
            transforms.clip_by_value(g, recipe.clip_value)
        if recipe.clip_norm is not None:
            transforms.clip_by_global_norm(g, recipe.clip_norm)

        backend.update(
            recipe.optimizer,
            gradients,
            state.optimizer_state,
            learning_rate=self.learning_rate(state.step + 1),
            step=state.step + 1,
        )
        state.step += 1
        state.history.step_loss.append(loss)
        self._counts.append(recipe.loss.count(y))
        ends_epoch = state.step % state.steps_per_epoch == 0
        state.recurrent_state = left if self.batches.carries_state and not ends_epoch else None
        return loss

    def learning_rate(self, step: int) -> float:
        """The learning rate at step 1, 2, ... of the run."""
        state = self.state
        factor = self.recipe.schedule(step - 1, state.steps_per_epoch, state.epochs)
        return self._base_rate * factor

    def evaluate(self, x: Examples, y: npt.NDArray[Any]) -> dict[str, float]:
        """The loss and the metrics on any examples, without noise or penalties."""

        def loss(output: Array, targets: npt.NDArray[Any]) -> float:
            return self.recipe.loss(output, targets)[0]

        metrics: dict[str, Metric] = {"loss": loss, **self.metrics}
        with np.errstate(over="ignore", invalid="ignore"):
            if self.recipe.bptt_length is None:
                return evaluate(self.backend, x, y, metrics)
            return evaluate_text(self.backend, np.asarray(x), y, metrics)

    def resume(self, snapshot: Snapshot) -> None:
        """Continue an earlier run of the same recipe over the same data.

        Raises CheckpointError, and changes nothing, if the snapshot does not fit.
        """
        state = self.state
        self._check(snapshot)
        self.network.vector[...] = snapshot.parameters
        for name, vector in snapshot.optimizer_state.items():
            state.optimizer_state[name][...] = vector
        state.recurrent_state = snapshot.recurrent_state
        state.history = snapshot.history.copy()
        state.seed, state.step = snapshot.seed, snapshot.step
        state.seconds, state.stopped = snapshot.seconds, snapshot.stopped
        begin = state.step - state.step % state.steps_per_epoch
        self._counts = [
            self.recipe.loss.count(self.batches.targets((state.seed, step)))
            for step in range(begin + 1, state.step + 1)
        ]

    def _check(self, snapshot: Snapshot) -> None:
        """Raise CheckpointError unless the snapshot fits this run."""
        if snapshot.parameters.shape != self.network.vector.shape:
            raise CheckpointError("the checkpoint has a network of another size")
        own, given = self.state.optimizer_state, snapshot.optimizer_state
        if {name: v.shape for name, v in own.items()} != {n: v.shape for n, v in given.items()}:
            raise CheckpointError(f"the checkpoint has no state of {type(self.recipe.optimizer).__name__}")
        epochs, position = divmod(snapshot.step, self.state.steps_per_epoch)
        if len(snapshot.history.step_loss) != snapshot.step or len(snapshot.history) != epochs:
            raise CheckpointError("the checkpoint has another number of steps per epoch")
        expected = None
        if self.batches.carries_state and position > 0:
            expected = self.network.initial_state(self.batches.batch_size)
        if _shapes(snapshot.recurrent_state) != _shapes(expected):
            raise CheckpointError("the checkpoint's recurrent state has another shape")

    def _end_epoch(self) -> None:
        state = self.state
        if not np.isfinite(self.network.vector).all():
            message = f"the weights are not finite after step {state.step}"
            raise self._divergence(self._some(self.examples[0]), message)
        row = {
            "epoch": state.epoch + 1,
            "step": state.step,
            "seconds": state.seconds,
            "learning_rate": self.learning_rate(state.step),
            "training_loss": self._mean_loss(),
        }
        if self.measure_training:
            row |= self._evaluated("training", self.examples)
        if self.validation is not None:
            row |= self._evaluated("validation", self.validation)
        state.history.append(row)
        for callback in self.callbacks:
            callback.on_epoch(state)

    def _mean_loss(self) -> float:
        """The mean over all targets of the epoch: L = sum_b count_b L_b / sum_b count_b."""
        epoch = slice(-self.state.steps_per_epoch, None)
        counts, losses = self._counts[epoch], self.state.history.step_loss[epoch]
        self._counts = []
        total = math.fsum(map(math.prod, zip(counts, losses, strict=True)))
        return total * inverse(math.fsum(counts))

    def _evaluated(self, part: str, examples: tuple[Examples, npt.NDArray[Any]]) -> dict[str, float]:
        metrics = self.evaluate(*examples)
        if not math.isfinite(metrics["loss"]):
            message = f"the {part} loss is {metrics['loss']} after step {self.state.step}"
            raise self._divergence(self._some(examples[0]), message)
        return {f"{part}_{name}": value for name, value in metrics.items()}

    def _some(self, x: Examples) -> Examples:
        """The examples; for a text, its beginning as a single example."""
        return x if self.recipe.bptt_length is None else x[: self.recipe.bptt_length][None]

    def _divergence(self, x: Examples, what: str) -> DivergenceError:
        """An error that names the origin of non-finite values."""
        where = locate_non_finite(self.network, x)
        return DivergenceError(
            f"{what} (epoch {self.state.epoch + 1}): the first non-finite values come from"
            f" {where}; a smaller learning rate or gradient clipping may help"
        )


def _batches(network: Network, x: Examples, y: npt.NDArray[Any], recipe: Recipe) -> Batches:
    over_time = network.input_shape[:1] == (None,)
    if recipe.bptt_length is None:
        padded = over_time and getattr(y, "ndim", 0) == 2 and y.dtype.kind in "iu"
        return MiniBatches(x, y, batch_size=recipe.batch_size, trim=padded)
    require(over_time, "bptt_length needs a network whose input has a time axis, such as (None, D)")
    check_examples(x, y)
    return StreamBatches(np.asarray(x), y, batch_size=recipe.batch_size or 1, bptt_length=recipe.bptt_length)


def _shapes(state: State | None) -> Any:
    """The shapes of its arrays, nested as they are."""
    if state is None:
        return None
    return [_shapes(part) if isinstance(part, tuple) else part.shape for part in state]
