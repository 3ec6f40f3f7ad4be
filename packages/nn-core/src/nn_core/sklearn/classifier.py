"""A network as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from nn_core.activations import log_softmax, softmax
from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, SettingError
from nn_core.layers import Layer
from nn_core.losses import BinaryCrossEntropy, Loss, SoftmaxCrossEntropy
from nn_core.optim.optimizers import Optimizer
from nn_core.optim.schedules import Schedule
from nn_core.sklearn.estimator import NetworkEstimator


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A classifier for labels of any type, such as strings.

    Two classes use one output and `BinaryCrossEntropy`; more use an output per class and
    `SoftmaxCrossEntropy`. Standardize the features:
    `make_pipeline(StandardScaler(), NetworkClassifier())`.

    class_weight  weight of each class in the loss: a mapping, or "balanced" for
                  N / (classes * N of the class); None for equal weights
    Other parameters: see `NetworkEstimator`.

    classes_            the classes, sorted
    network_            the trained `Network`; its outputs are logits, in the order of `classes_`
    history_, n_iter_   training history and number of epochs
    n_features_in_      number of features
    feature_names_in_   their names, if X had string column names
    """

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
        class_weight: Mapping[Any, float] | str | None = None,
        early_stopping: int | None = None,
        validation: float = 0.1,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        threads: int = 1,
        dtype: str | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            hidden,
            layers=layers,
            activation=activation,
            initializer=initializer,
            dropout=dropout,
            optimizer=optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            batch_size=batch_size,
            epochs=epochs,
            l2=l2,
            early_stopping=early_stopping,
            validation=validation,
            warm_start=warm_start,
            random_state=random_state,
            threads=threads,
            dtype=dtype,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on examples X (N, features) with classes y (N,) and weights (N,).

        Raises ValueError for data that scikit-learn rejects, and for a single class.
        """
        first = not (self.warm_start and hasattr(self, "network_"))
        X, y, weights = self._validated(X, y, sample_weight, first=first)
        check_classification_targets(y)
        if first:
            self._set_classes(np.unique(y))
            self._create(X, self._output_count())
        self._train(X, self._labels(y), self._class_weighted(y, weights))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch on these examples.

        classes  all classes, in the first call
        """
        if self.class_weight == "balanced":
            raise SettingError(
                "partial_fit sees only part of the data; instead of class_weight='balanced', pass weights: "
                "dict(zip(classes, compute_class_weight('balanced', classes=classes, y=y)))"
            )
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise SettingError("the first call of partial_fit requires all classes: partial_fit(X, y, classes=[...])")
        X, y, weights = self._validated(X, y, sample_weight, first=first)
        check_classification_targets(y)
        if first:
            self._set_classes(np.unique(np.asarray(classes)))
            self._create(X, self._output_count())
        elif classes is not None and not np.array_equal(self.classes_, np.unique(np.asarray(classes))):
            raise SettingError(f"classes are {classes}, but were {self.classes_} in the first call")
        self._train_more(X, self._labels(y), self._class_weighted(y, weights))
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The most probable class of each example (N,)."""
        logits = self._logits(X)
        classes: npt.NDArray[Any] = self.classes_[logits.argmax(axis=1)]
        return classes

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (N, classes), in the order of `classes_`."""
        return softmax(self._logits(X))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithms of `predict_proba`."""
        return log_softmax(self._logits(X))

    def decision_function(self, X: Any) -> Array:
        """The logits (N, classes); for two classes, the logit of the second (N,)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs

    def _logits(self, X: Any) -> Array:
        """Logits (N, classes); for two classes, 0 and z, since sigmoid(z) = softmax(0, z)[1]."""
        outputs = self._outputs(X)
        return np.pad(outputs, ((0, 0), (1, 0))) if len(self.classes_) == 2 else outputs

    def _set_classes(self, classes: npt.NDArray[Any]) -> None:
        if len(classes) < 2:
            raise SettingError(f"a classifier needs at least two classes, but y has one class: {classes.tolist()}")
        self.classes_ = classes

    def _output_count(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _loss(self) -> Loss:
        return BinaryCrossEntropy() if len(self.classes_) == 2 else SoftmaxCrossEntropy()

    def _labels(self, y: npt.NDArray[Any]) -> Labels:
        """The index of each y in `classes_`."""
        unknown = np.setdiff1d(y, self.classes_)
        if unknown.size:
            raise DataError(f"y contains unknown classes {unknown.tolist()}; the classes are {self.classes_.tolist()}")
        return np.searchsorted(self.classes_, y)

    def _class_weighted(self, y: npt.NDArray[Any], weights: Array | None) -> Array | None:
        if self.class_weight is None:
            return weights
        by_class: Array = compute_sample_weight(self.class_weight, y)
        return by_class if weights is None else by_class * weights
