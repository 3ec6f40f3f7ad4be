"""A model: a network with its loss and optimizer, to fit, evaluate and predict."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NoReturn, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core import checkpoint
from nn_core.activations import sigmoid
from nn_core.arrays import Array, Examples
from nn_core.backends import backend_named
from nn_core.batches.augmentation import Augment
from nn_core.batches.minibatches import as_examples
from nn_core.errors import DataError, NNError, SettingError
from nn_core.hints import HelpfulErrors, checked_call
from nn_core.html import html_note
from nn_core.losses import BinaryCrossEntropy, Loss
from nn_core.metrics import Metric, metrics_by_name
from nn_core.metrics import probabilities as class_probabilities
from nn_core.model_checks import as_augment, require_batch, require_finite, require_network
from nn_core.model_file import load_model, save_model
from nn_core.network import Network
from nn_core.noise import fresh_seed
from nn_core.optim.optimizers import Optimizer
from nn_core.optim.schedules import Schedule
from nn_core.registry import is_integer, require
from nn_core.standard_streams import standard_error
from nn_core.training.callbacks import Callback
from nn_core.training.data import as_training_data
from nn_core.training.evaluate import evaluate
from nn_core.training.example_weights import ClassWeight, example_weights
from nn_core.training.history import History
from nn_core.training.interruption import run_until_interrupted
from nn_core.training.progress import epoch_progress
from nn_core.training.recipe import Recipe
from nn_core.training.sanity_checks import check_last_layer, check_metrics
from nn_core.training.trainer import Trainer
from nn_core.training.validation import Split, hold_out

Validation: TypeAlias = float | tuple[Any, Any] | None
"""The fraction of the examples to hold out, or validation examples and targets."""


class Model(HelpfulErrors):
    """A network with its loss and optimizer: train, evaluate, predict, save and load.

    >>> model = Model(network, "softmax-cross-entropy", "adam", learning_rate=0.01)
    >>> history = model.fit(x, y, epochs=20, validation=0.2)
    >>> model.evaluate(x_test, y_test)
    {'loss': 0.31, 'accuracy': 0.9}
    >>> labels = model.predict(x_new)

    network        the network, trained in place
    loss           a Loss, or its name: "binary-cross-entropy" for Dense(1), "softmax-cross-entropy"
                   for an output per class, "mean-squared-error" for regression
    optimizer      an Optimizer, or its name
    learning_rate  None: the optimizer's
    schedule       of the learning rate: a Schedule, or its name, such as "cosine:warmup=1"
    metrics        in addition to the loss: names such as ["accuracy"], or functions of outputs and
                   targets; None: the defaults of the loss
    l2, clip_norm, clip_value  see `Recipe`
    threads        of the engine; results do not depend on it. None: one per core, at most 4
    shards         see `Engine`
    engine         "fast", or "reference" for the layers as written

    history        the history of the last `fit`
    seed           the seed of the last `fit`
    Examples x are (N, ...), as an array, a list, a table, or a `LazyArray`. Targets are labels (N,)
    for classes, real numbers (N,) or (N, D) for regression; (N, T) or (N, T, D) for sequences.
    Raises SettingError for an invalid argument.
    """

    def __init__(
        self,
        network: Network,
        loss: str | Loss,
        optimizer: str | Optimizer = "adam",
        *,
        learning_rate: float | None = None,
        schedule: str | Schedule = "constant",
        metrics: str | Metric | Iterable[str | Metric] | Mapping[str, str | Metric] | None = None,
        l2: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        threads: int | None = None,
        shards: int | None = None,
        engine: Literal["fast", "reference"] = "fast",
    ) -> None:
        require_network(network)
        self._network = network
        self.recipe = Recipe(
            loss,
            optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            l2=l2,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )
        check_last_layer(network, self.loss)
        self.metrics = metrics_by_name(self.loss.default_metrics if metrics is None else metrics)
        check_metrics(self.metrics, self.loss)
        self.backend = backend_named(engine, network, threads=threads, shards=shards)
        self._engine = {"engine": engine, "shards": shards}
        self.history = History()
        self.seed: int | None = None

    @property
    def network(self) -> Network:
        """The network, trained in place."""
        return self._network

    @network.setter
    def network(self, network: Network) -> None:
        raise SettingError("a model keeps its network; for another one, create a model: Model(network, loss)")

    @property
    def loss(self) -> Loss:
        """The loss."""
        return self.recipe.loss

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer."""
        return self.recipe.optimizer

    def __repr__(self) -> str:
        return f"Model({self.network!r}, {self._recipe_line()})"

    def _repr_html_(self) -> str:
        """The layers as a table, then the loss, the optimizer and the history, for notebooks."""
        return f"{self.network._repr_html_()}\n{html_note(self._recipe_line())}"

    def _recipe_line(self) -> str:
        parts = [repr(self.loss), f"{type(self.optimizer).__name__}({self.recipe.base_rate:g})"]
        return ", ".join(parts + [repr(self.history)] * bool(len(self.history)))

    @checked_call
    def fit(
        self,
        x: Any,
        y: Any,
        *,
        epochs: int = 10,
        batch_size: int | None = 32,
        validation: Validation = None,
        class_weight: ClassWeight = None,
        sample_weight: npt.ArrayLike | None = None,
        augment: str | Augment | None = None,
        callbacks: Callback | Sequence[Callback] = (),
        seed: int | None = None,
        verbose: bool = True,
        measure_training: bool = True,
    ) -> History:
        """Train from the current weights, with a new optimizer state. Returns the history by epoch.

        batch_size        examples per step; None: all
        validation        0.2 holds out a fifth of the examples, stratified by class, and evaluates them
                          after each epoch; or (x, y), validation examples and targets
        class_weight      "balanced" gives every class the same total weight; or label -> weight
        sample_weight     (N,) weights of the examples in the loss
        augment           augmentation of each batch of images, such as "standard"
        callbacks         such as EarlyStopping(5), which stops and restores the best weights
        seed              determines the order of the examples, all noise and the held-out examples;
                          None: a fresh one, stored in `model.seed`
        verbose           progress on stderr
        measure_training  also evaluate all training examples after each epoch; False is faster, and
                          the training loss is the mean over the batches
        Ctrl-C stops after the current step and keeps the weights and the history.
        Raises DataError or ShapeError for unusable data, DivergenceError if the loss becomes infinite
        or NaN.
        """
        require(is_integer(epochs, 1), f"epochs must be at least 1, not {epochs!r}")
        require(seed is None or is_integer(seed, 0), f"the seed must be an integer of at least 0, not {seed!r}")
        x, targets = self._data(x, y, "fit")
        if isinstance(x, np.ndarray):
            require_finite(x, x)  # before the split, so that the error has the caller's index
        weights = example_weights(targets, class_weight, sample_weight, class_count=self._class_count())
        self.seed = fresh_seed() if seed is None else seed
        data = self._split(x, targets, weights, validation, self.seed)
        trainer = Trainer(
            self.backend,
            data.x,
            data.y,
            replace(self.recipe, batch_size=batch_size),
            epochs=epochs,
            seed=self.seed,
            validation=data.validation,
            measure_training=measure_training,
            metrics=self.metrics,
            augment=as_augment(augment),
            callbacks=[callbacks] if isinstance(callbacks, Callback) else callbacks,
            weights=data.weights,
        )
        self.history = trainer.state.history
        with contextlib.ExitStack() as stack:
            if verbose:
                progress = stack.enter_context(epoch_progress(trainer.state, leave=True))
                trainer.callbacks = (*trainer.callbacks, progress)
            run_until_interrupted(trainer)
        if verbose and trainer.state.stopped is not None:
            restored = "" if trainer.state.best is None else "; its weights are restored"
            standard_error().write(f"stopped after epoch {len(self.history)}: {trainer.state.stopped}{restored}\n")
        return self.history

    def __call__(self, x: Any) -> NoReturn:
        """Raise SettingError: a model is not callable."""
        raise SettingError("a model is not callable; use model.predict(x), model.probabilities(x) or model.logits(x)")

    @checked_call
    def evaluate(self, x: Any, y: Any, *, sample_weight: npt.ArrayLike | None = None) -> dict[str, float]:
        """The loss and the metrics, by name; sample_weight (N,) weights the loss."""
        x, targets = self._data(x, y, "evaluate")
        weights = example_weights(targets, None, sample_weight)

        def loss(output: Array, labels: npt.NDArray[Any]) -> float:
            require_finite(output, x)
            return self.loss(output, labels, weights)[0]

        with np.errstate(over="ignore", invalid="ignore"):
            return evaluate(self.backend, x, targets, {"loss": loss, **self.metrics})

    @checked_call
    def predict(self, x: Any) -> npt.NDArray[Any]:
        """The most likely class of each example, (N,) integers; for regression, the values, (N,) or (N, D).

        For binary cross-entropy with K > 1 logits, 0 or 1 for each: (N, K).
        """
        output = self._output(x, "predict")
        if not self.loss.takes_logits:
            return output[..., 0] if output.shape[-1] == 1 else output
        if isinstance(self.loss, BinaryCrossEntropy):
            positive: npt.NDArray[np.int64] = (output > 0).astype(np.int64)
            return positive[..., 0] if output.shape[-1] == 1 else positive
        labels: npt.NDArray[np.int64] = output.argmax(axis=-1)
        return labels

    @checked_call
    def probabilities(self, x: Any) -> Array:
        """The probability of each class, (N, C); (N, 2) for one logit, (N, K) for K binary decisions.

        Raises SettingError if the loss is for regression.
        """
        require(
            self.loss.takes_logits, f"{type(self.loss).__name__} predicts values, not probabilities: model.predict(x)"
        )
        output = self._output(x, "probabilities")
        if isinstance(self.loss, BinaryCrossEntropy) and output.shape[-1] > 1:
            return sigmoid(output)
        flat = class_probabilities(output.reshape(-1, output.shape[-1]))
        return flat.reshape(*output.shape[:-1], -1)

    @checked_call
    def logits(self, x: Any) -> Array:
        """The raw outputs of the network."""
        return self._output(x, "logits")

    @checked_call
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network, the loss, the optimizer, all settings and the history to a checkpoint.

        Metrics are saved if they are registered; threads are not saved.
        Raises CheckpointError if it cannot be written, or if a layer, the loss, the optimizer or the
        schedule is not registered.
        """
        save_model(path, self.network, self.recipe, self.metrics, self._engine, self.history, self.seed)

    @classmethod
    @checked_call
    def load(cls, path: str | os.PathLike[str], *, threads: int | None = None) -> Self:
        """Read a model from a file written by `save`. Raises CheckpointError for any other file."""
        stored = load_model(path)
        try:
            model = cls(stored.network, **stored.settings, threads=threads)
        except NNError as error:
            raise checkpoint.unusable(Path(path), error) from None
        model.history, model.seed = stored.history, stored.seed
        return model

    def _data(self, x: Any, y: Any, method: str) -> tuple[Examples, npt.NDArray[Any]]:
        """Examples and targets as arrays of matching shapes. Raises DataError or ShapeError."""
        examples = as_examples(x)
        require_batch(examples, self.network.input_shape, f"model.{method}(x[None], y[None])")
        if not len(examples):
            raise DataError("there are no examples: x is empty")
        return as_training_data(examples, y, self.network, self.recipe)

    def _output(self, x: Any, method: str) -> Array:
        """The outputs of the network. Raises DataError or ShapeError."""
        x = as_examples(x)
        require_batch(x, self.network.input_shape, f"model.{method}(x[None])")
        with np.errstate(over="ignore", invalid="ignore"):
            output, _ = self.backend.predict(x)
        require_finite(output, x)
        return output

    def _class_count(self) -> int:
        if isinstance(self.loss, BinaryCrossEntropy):
            return 2
        return (self.network.output_shape[-1] or 0) if self.loss.takes_logits else 0

    def _split(
        self, x: Examples, y: npt.NDArray[Any], weights: Array | None, validation: Validation, seed: int
    ) -> Split:
        """The training and the validation examples."""
        if validation is None:
            return Split(x, y, weights, None)
        if isinstance(validation, tuple | list) and len(validation) == 2:
            return Split(x, y, weights, self._data(*validation, "evaluate"))
        stratified = self.loss.takes_logits and y.ndim == 1
        return hold_out(x, y, weights, validation, stratified=stratified, seed=seed)
