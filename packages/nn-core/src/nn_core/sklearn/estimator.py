"""The base class of the estimators: parameters, data validation and training."""

from __future__ import annotations

import contextlib
import inspect
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.errors import SettingError
from nn_core.hints import check_arguments
from nn_core.layers import Dense, Dropout, Layer
from nn_core.layers.activation import ACTIVATIONS
from nn_core.losses import Loss
from nn_core.network import Network
from nn_core.optim.optimizers import Optimizer
from nn_core.optim.schedules import Schedule
from nn_core.registry import require
from nn_core.training.callbacks import EarlyStopping
from nn_core.training.progress import epoch_progress
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer
from nn_core.training.validation import hold_out


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """Base class of the estimators.

    hidden          units of each hidden layer
    layers          hidden layers, such as [Dense(64), BatchNorm(), "relu"], instead of `hidden`,
                    `activation`, `initializer` and `dropout`; the output layer is added
    activation      after each hidden layer: "relu", "tanh", "leaky-relu:slope=0.2", ...
    initializer     of the hidden layers' weights: "xavier", "he", ...
    dropout         fraction of hidden units to drop in training
    optimizer       "adam", "momentum:beta=0.95", Adam(), ...
    learning_rate   None: that of the optimizer, 0.01 for Adam
    schedule        of the learning rate in `fit`: "cosine", "constant", ...; constant in `partial_fit`
    batch_size      examples per step; None: all
    epochs          maximum number of passes over the examples
    l2              adds l2 / 2 * sum(W^2) to the sum of the losses of all examples, as in scikit-learn's
                    Ridge; the `l2` of `Recipe` is added to their mean
    early_stopping  patience: stop when the loss on held-out examples has not improved for this many
                    epochs, and restore the best weights; None trains all epochs on all examples
    validation      fraction of the examples to hold out, with `early_stopping`
    warm_start      whether `fit` continues from the weights of the previous `fit`
    random_state    seed of the weights, the order of the examples and dropout
    threads         number of threads of the engine; does not affect the result
    dtype           "float32" or "float64"; None: that of X if it is one of the two, else "float64"
    verbose         whether to show progress on stderr
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Show the parameters of `__init__`, not of `__new__`, in `help` and `inspect`."""
        super().__init_subclass__(**kwargs)
        of_init = inspect.signature(cls.__init__)
        cls.__signature__ = of_init.replace(parameters=list(of_init.parameters.values())[1:])

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse unknown arguments, such as those of MLPClassifier, showing ours."""
        check_arguments(cls, args, kwargs)
        made: Self = super().__new__(cls)
        return made

    def __init__(
        self,
        hidden: int | Sequence[int] = (100,),
        *,
        layers: Sequence[Layer | str] | None = None,
        activation: str = "relu",
        initializer: str = "xavier",
        dropout: float = 0.0,
        optimizer: str | Optimizer = "adam",
        learning_rate: float | None = None,
        schedule: str | Schedule = "cosine",
        batch_size: int | None = 64,
        epochs: int = 50,
        l2: float = 2.0,
        early_stopping: int | None = None,
        validation: float = 0.1,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        threads: int = 1,
        dtype: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden = hidden
        self.layers = layers
        self.activation = activation
        self.initializer = initializer
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.l2 = l2
        self.early_stopping = early_stopping
        self.validation = validation
        self.warm_start = warm_start
        self.random_state = random_state
        self.threads = threads
        self.dtype = dtype
        self.verbose = verbose

    @abstractmethod
    def _loss(self) -> Loss:
        """The loss."""

    def _outputs(self, X: Any) -> Array:
        """The outputs of the network (N, outputs)."""
        check_is_fitted(self, "network_")
        X = validate_data(self, X, dtype=self.network_.dtype, reset=False)
        return Engine(self.network_, threads=self.threads).predict(X)[0]

    def _validated(
        self, X: Any, y: Any, sample_weight: Any, *, first: bool, **options: Any
    ) -> tuple[Array, npt.NDArray[Any], Array | None]:
        """X, y and the weights as arrays, without the examples of weight 0."""
        dtype = self._dtypes() if first else self.network_.dtype
        X, y = validate_data(self, X, y, dtype=dtype, reset=first, **options)
        if sample_weight is None:
            return X, y, None
        weights = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        used = weights > 0
        require(bool(used.any()), "sample_weight is zero for every sample: there is nothing to learn from")
        return (X, y, weights) if used.all() else (X[used], y[used], weights[used])

    def _dtypes(self) -> list[type[np.floating[Any]]] | str:
        """The dtype of X, or the accepted ones, the default first."""
        require(self.dtype in {None, "float32", "float64"}, f"dtype must be 'float32' or 'float64', not {self.dtype!r}")
        return [np.float64, np.float32] if self.dtype is None else self.dtype

    def _create(self, X: Array, outputs: int) -> None:
        """A new network with random weights, and the seed of its training."""
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(np.iinfo(np.int32).max))
        layers = [*self._hidden_layers(), Dense(outputs, initializer="xavier")]
        network = Network(layers, input_shape=X.shape[1:], seed=self._seed, dtype=X.dtype)
        if network.output_shape != (outputs,):
            raise SettingError(
                f"the hidden layers output shape {network.shapes[-2]}, not (features,); add Flatten() after them"
            )
        self.network_ = network
        self._partial: TrainingState | None = None
        self._seen = 0.0

    def _hidden_layers(self) -> list[Layer | str]:
        if self.layers is not None:
            return list(self.layers)
        activation = ACTIVATIONS.parse(self.activation)
        made: list[Layer | str] = []
        for units in np.atleast_1d(np.asarray(self.hidden, np.intp)).tolist():
            made += [Dense(units, initializer=self.initializer), activation()]
            if self.dropout:
                made.append(Dropout(self.dropout))
        return made

    def _train(self, X: Array, targets: npt.NDArray[Any], weights: Array | None) -> None:
        """Train `network_` for all epochs."""
        validation, callbacks = None, []
        if self.early_stopping not in {None, False}:
            require(self.early_stopping is not True, "early_stopping is a number of epochs: early_stopping=10")
            stratified = is_classifier(self)
            split = hold_out(X, targets, weights, self.validation, stratified=stratified, seed=self._seed)
            X, targets, weights, validation = np.asarray(split.x), *split[1:]
            callbacks = [EarlyStopping(self.early_stopping)]
        self._seen = _count(X, weights)
        trainer = self._trainer(
            X, targets, weights, self.schedule, epochs=self.epochs, validation=validation, callbacks=callbacks
        )
        with contextlib.ExitStack() as stack:
            if self.verbose:
                progress = stack.enter_context(epoch_progress(trainer.state, leave=True))
                trainer.callbacks = (*trainer.callbacks, progress)
            self.history_ = trainer.run()
        self.n_iter_ = len(self.history_)
        self._partial = None

    def _train_more(self, X: Array, targets: npt.NDArray[Any], weights: Array | None) -> None:
        """Train `network_` for one more epoch, from the state of the previous call."""
        earlier = self._partial
        self._seen = _count(X, weights) + (0.0 if earlier is None else self._seen)
        trainer = self._trainer(X, targets, weights, "constant", epochs=1 if earlier is None else earlier.epoch + 1)
        state = trainer.state
        if earlier is not None:
            state.optimizer_state, state.history = earlier.optimizer_state, earlier.history
            state.step = -(-earlier.step // state.steps_per_epoch) * state.steps_per_epoch  # start of an epoch
        self.history_ = trainer.run()
        self.n_iter_ = len(self.history_)
        self._partial = state

    def _trainer(
        self, X: Array, targets: npt.NDArray[Any], weights: Array | None, schedule: str | Schedule, **options: Any
    ) -> Trainer:
        recipe = Recipe(
            self._loss(),
            self.optimizer,
            learning_rate=self.learning_rate,
            schedule=schedule,
            batch_size=self.batch_size,
            l2=self.l2 / self._seen,
        )
        engine = Engine(self.network_, threads=self.threads)
        return Trainer(engine, X, targets, recipe, seed=self._seed, weights=weights, **options)


def _count(X: Array, weights: Array | None) -> float:
    """The effective number of examples: the sum of the weights, but at least the number of rows."""
    return len(X) if weights is None else max(len(X), float(weights.sum()))
