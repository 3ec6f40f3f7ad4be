"""The training loop: batch, gradients, update. It prints nothing."""

import math
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.augmentation import Augment, Augmentation
from nn_core.batches.minibatches import Batch, Batches, OwnRows
from nn_core.errors import CheckpointError, DivergenceError, SettingError
from nn_core.hints import HelpfulErrors
from nn_core.layers.base import State
from nn_core.metrics import Metric, metrics_by_name
from nn_core.network import Network
from nn_core.noise import fresh_seed
from nn_core.optim import transforms
from nn_core.ranks import ALONE
from nn_core.reference import Backend, initial_optimizer_state, inverse, state_numbers
from nn_core.registry import is_integer, require
from nn_core.training.callbacks import Callback, as_callbacks
from nn_core.training.data import as_pair, as_training_data, as_weights, batches_of
from nn_core.training.evaluate import evaluate, evaluate_text
from nn_core.training.history import History
from nn_core.training.memory_estimate import TrainingMemory, require_training_memory, training_memory
from nn_core.training.non_finite import explain_non_finite
from nn_core.training.recipe import Recipe
from nn_core.training.sanity_checks import check_last_layer, check_metrics, check_scale
from nn_core.training.state import Snapshot, TrainingState


class Trainer(HelpfulErrors):
    """A training run on a data set, which can be stopped and resumed after any step.

    backend           `Engine(network)` or `Reference(network)`; the network is updated in place
    x, y              training examples (N, ...) and their targets; sequences (N, T, ...) are
                      padded, with labels of -1, or one long text (L, ...) if the recipe has a
                      `bptt_length`. Arrays, lists, DataFrames, or a `LazyArray` of examples
    epochs            length of the run
    seed              determines, with the step number, the order of the batches and all noise;
                      None: a fresh one, stored in `state.seed`
    validation        examples and targets to evaluate on after each epoch
    measure_training  also evaluate on all training examples; otherwise the training loss is the
                      mean over the batches of the epoch, each before its update
    metrics           in addition to the loss: names such as ["accuracy"], functions of outputs and
                      targets, or a mapping; None: the defaults of the loss
    augment           augments each batch of training examples
    callbacks         called after each step and each epoch, in this order
    weights           weight of each training example (N,), or of each of its targets (N, T): the
                      loss is the weighted mean; None for equal weights

    Raises DataError or ShapeError for unusable examples, targets or weights; SettingError for a
    sigmoid before a loss that takes logits. Warns about images with unscaled pixels.
    """

    def __init__(
        self,
        backend: Backend,
        x: Examples | npt.ArrayLike,
        y: npt.ArrayLike,
        recipe: Recipe,
        *,
        epochs: int,
        seed: int | None = None,
        validation: tuple[Examples | npt.ArrayLike, npt.ArrayLike] | None = None,
        measure_training: bool = False,
        metrics: str | Metric | Iterable[str | Metric] | Mapping[str, Metric] | None = None,
        augment: Augment | None = None,
        callbacks: Callback | Iterable[Callback] = (),
        weights: npt.ArrayLike | None = None,
    ) -> None:
        _check_backend(backend)
        require(isinstance(recipe, Recipe), 'recipe must be a Recipe, such as Recipe("softmax-cross-entropy", "adam")')
        require(is_integer(epochs, 0), f"epochs must be at least 0, not {epochs!r}")
        seed = fresh_seed() if seed is None else seed
        require(is_integer(seed, 0), f"the seed must be at least 0, not {seed!r}")
        self.backend, self.network, self.recipe = backend, backend.network, recipe
        self._base_rate = recipe.base_rate
        check_last_layer(self.network, recipe.loss)
        self.examples = self._converted(x, y)
        self.validation = None if validation is None else self._converted(*as_pair(validation))
        self.weights = None if weights is None else as_weights(weights, self.examples[1])
        self.measure_training = measure_training
        self.metrics = metrics_by_name(recipe.loss.default_metrics if metrics is None else metrics)
        check_metrics(self.metrics, recipe.loss)
        self.augment, self.callbacks = augment, as_callbacks(callbacks)
        self.batches: Batches = batches_of(self.network, *self.examples, self.weights, recipe)
        if augment is None or isinstance(augment, Augmentation):
            check_scale(self.network, self.examples[0])
        require_training_memory(self.memory())
        self._counts: list[float] = []  # of targets, in the batches of this epoch
        self._finished = False
        self.state = TrainingState(
            self.network,
            epochs=epochs,
            steps_per_epoch=self.batches.steps_per_epoch,
            seed=seed,
            shards=backend.shards,
            optimizer_state=initial_optimizer_state(self.network, recipe.optimizer),
        )
        self.state.averaged = recipe.optimizer.averaged(self.state.optimizer_state)

    def __repr__(self) -> str:
        state, losses = self.state, self.state.history.columns.get("training_loss", ())
        loss = f", training loss {losses[-1]:.4g}" if losses else ""
        count = self.network.vector.size
        return f"Trainer({state.epoch} of {state.epochs} epoch{'s' * (state.epochs != 1)}, {count:,} parameters{loss})"

    def _repr_html_(self) -> str:
        """The history as a table, for notebooks."""
        from nn_core.html import html_note

        return f"{self.state.history._repr_html_()}\n{html_note(repr(self))}"

    def run(self) -> History:
        """Train until the epochs are done or a callback stops the run.

        Raises DivergenceError as soon as the loss is no longer finite, SettingError if the run has finished.
        """
        state = self.state
        if self._finished and (state.epoch >= state.epochs or state.stopped is not None):
            raise SettingError(self._already_finished())
        if state.stopped is not None or state.epoch > state.epochs:
            warnings.warn(self._already_finished(), UserWarning, stacklevel=2)
        state.restore_latest()
        self.callbacks = as_callbacks(self.callbacks)
        if not any(callback.restores_best for callback in self.callbacks):
            state.best = None
        with self.backend, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while state.epoch < state.epochs and state.stopped is None:
                start = time.perf_counter()
                self.step()
                state.seconds += time.perf_counter() - start
                if state.step % state.steps_per_epoch == 0:
                    self._end_epoch()
                for callback in self.callbacks:
                    callback.on_step(state)
        self._finished = True
        for callback in self.callbacks:
            callback.on_end(state)
        state.use_averaged()
        return state.history

    def step(self) -> float:
        """Train on one batch. Returns its loss before the update."""
        backend, network, recipe, state = self.backend, self.network, self.recipe, self.state
        seed = state.seed, state.step + 1

        x, y, weights = self._batch(seed)

        loss, gradients, left = backend.loss_and_gradients(
            x, y, recipe.loss, weights=weights, state=state.recurrent_state, seed=seed
        )
        if not math.isfinite(loss):
            if getattr(backend, "ranks", ALONE).count > 1:  # rows of other ranks are not in x
                x = self._whole_batch(seed)[0]
            raise self._divergence(x, self.examples[0], f"the loss is {loss} at step {state.step + 1}")

        g = gradients[: network.trained_count]
        if recipe.l2:
            decayed = slice(network.weight_count)
            transforms.add_l2_gradient(g[decayed], network.vector[decayed], recipe.l2)
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
        self._counts.append(recipe.loss.count(y, weights))
        ends_epoch = state.step % state.steps_per_epoch == 0
        state.recurrent_state = left if self.batches.carries_state and not ends_epoch else None
        return loss

    def _batch(self, seed: tuple[int, int]) -> Batch:
        """The augmented batch of a step; of x, only the rows that this process computes."""
        augment, backend = self.augment, self.backend
        together = augment is None or isinstance(augment, Augmentation)
        if not together or getattr(backend, "ranks", ALONE).count == 1:
            return self._whole_batch(seed)
        own: OwnRows = backend.own_rows  # type: ignore[attr-defined]
        x, y, weights = self.batches.batch(seed, own)
        if augment is None:
            return x, y, weights
        rows = own(len(x))
        augmented = augment(x[rows], seed=seed, first_row=rows.start)  # type: ignore[call-arg]
        whole = np.empty((len(x), *augmented.shape[1:]), augmented.dtype)
        whole[rows] = augmented
        return whole, y, weights

    def _whole_batch(self, seed: tuple[int, int]) -> Batch:
        """The augmented batch of a step."""
        x, y, weights = self.batches.batch(seed)
        return x if self.augment is None else self.augment(x, seed=seed), y, weights

    def memory(self) -> TrainingMemory:
        """The memory that training needs at least."""
        network, x = self.network, self.examples[0]
        over_time = None in network.input_shape
        together = over_time or network.batch_dependent or not hasattr(self.backend, "micro_batch_size")
        steps = 1
        if self.recipe.bptt_length is not None:
            steps = min(self.recipe.bptt_length, max(1, len(x) // self.batches.batch_size))
        return training_memory(
            network,
            states=len(self.recipe.optimizer.state_names),
            examples=self.batches.batch_size if together else 0,
            steps=steps,
            matrices=state_numbers(network, self.recipe.optimizer),
        )

    def learning_rate(self, step: int) -> float:
        """The learning rate at step 1, 2, ... of the run."""
        state = self.state
        factor = self.recipe.schedule(step - 1, state.steps_per_epoch, state.epochs)
        return self._base_rate * factor

    def evaluate(
        self, x: Examples | npt.ArrayLike, y: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
    ) -> dict[str, float]:
        """The loss and the metrics on any examples, without noise or penalties.

        weights  of the examples or targets, for the loss
        """
        examples = self._converted(x, y)
        return self._evaluate(*examples, None if weights is None else as_weights(weights, examples[1]))

    def _evaluate(self, x: Examples, y: npt.NDArray[Any], weights: Array | None) -> dict[str, float]:
        def loss(output: Array, targets: npt.NDArray[Any]) -> float:
            return self.recipe.loss(output, targets, weights)[0]

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
        state.restore_latest()
        self.network.vector[...] = snapshot.parameters
        for name, vector in snapshot.optimizer_state.items():
            state.optimizer_state[name][...] = vector
        state.recurrent_state = snapshot.recurrent_state
        state.history = snapshot.history.copy()
        state.seed, state.step = snapshot.seed, snapshot.step
        state.seconds, state.stopped = snapshot.seconds, snapshot.stopped
        state.best = None if snapshot.best is None else snapshot.best.copy()
        self._finished = False
        begin = state.step - state.step % state.steps_per_epoch
        self._counts = [
            self.recipe.loss.count(*self.batches.targets((state.seed, step)))
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
        if not snapshot.history.is_of(epochs, snapshot.step, position):
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
            raise self._divergence(self._some(self.examples[0]), self.examples[0], message)
        row = {
            "epoch": state.epoch + 1,
            "step": state.step,
            "seconds": state.seconds,
            "learning_rate": self.learning_rate(state.step),
            "training_loss": self._mean_loss(),
        }
        with state.predicting():
            if self.measure_training:
                row |= self._evaluated("training", self.examples, self.weights)
            if self.validation is not None:
                row |= self._evaluated("validation", self.validation)
            state.history.append(row)
            state.history.drop_steps(state.steps_per_epoch)
            for callback in self.callbacks:
                callback.on_epoch(state)

    def _mean_loss(self) -> float:
        """The mean over all targets of the epoch: L = sum_b count_b L_b / sum_b count_b."""
        epoch = slice(-self.state.steps_per_epoch, None)
        counts, losses = self._counts[epoch], self.state.history.step_loss[epoch]
        self._counts = []
        total = math.fsum(map(math.prod, zip(counts, losses, strict=True)))
        return total * inverse(math.fsum(counts))

    def _evaluated(
        self, part: str, examples: tuple[Examples, npt.NDArray[Any]], weights: Array | None = None
    ) -> dict[str, float]:
        metrics = self._evaluate(*examples, weights)
        if not math.isfinite(metrics["loss"]):
            message = f"the {part} loss is {metrics['loss']} after step {self.state.step}"
            raise self._divergence(self._some(examples[0]), examples[0], message)
        return {f"{part}_{name}": value for name, value in metrics.items()}

    def _some(self, x: Examples) -> Examples:
        """The examples; for a text, its beginning as a single example."""
        return x if self.recipe.bptt_length is None else x[: self.recipe.bptt_length][None]

    def _divergence(self, x: Examples, source: Examples, what: str) -> DivergenceError:
        """An error that names the origin of non-finite values."""
        why = explain_non_finite(self.network, x, source, updated=self.state.step > 0)
        return DivergenceError(f"{what} (epoch {self.state.epoch + 1}): {why}")

    def _converted(self, x: object, y: object) -> tuple[Examples, npt.NDArray[Any]]:
        return as_training_data(x, y, self.network, self.recipe)

    def _already_finished(self) -> str:
        """The message for a second call of `run`."""
        state = self.state
        if state.stopped is not None:
            return f"this run has finished ({state.stopped}); to continue training, create a new Trainer"
        longer = f"longer = Trainer(..., epochs={2 * state.epochs or 1}); longer.resume(trainer.state.snapshot())"
        epochs = f"{state.epochs} epoch{'s' * (state.epochs != 1)}"
        return f"this run has finished {state.epoch} of {epochs}; to continue: {longer}; longer.run()"


def _check_backend(backend: object) -> None:
    """Raise SettingError unless the backend computes gradients."""
    if isinstance(backend, Network):
        raise SettingError("Trainer takes a backend, not a network: Trainer(Engine(network), x, y, recipe, epochs=10)")
    if not hasattr(backend, "loss_and_gradients"):
        raise SettingError(f"Trainer takes an Engine(network) or a Reference(network), not {type(backend).__name__}")


def _shapes(state: State | None) -> Any:
    """The shapes of its arrays, nested as they are."""
    if state is None:
        return None
    return [_shapes(part) if isinstance(part, tuple) else part.shape for part in state]
