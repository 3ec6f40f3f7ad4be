"""A network as a scikit-learn regressor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d

from nn_core.arrays import Array
from nn_core.errors import DataError
from nn_core.losses import Loss, MeanSquaredError
from nn_core.sklearn.estimator import NetworkEstimator


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A regressor for one or more targets, trained with `MeanSquaredError`.

    Targets are standardized, (y - mean) / deviation of the first training examples, so the learning
    rate does not depend on the units of y. After training, mean and deviation are folded into the
    last layer, so `network_` predicts y in its original units. Losses in the history are in
    standardized units, where predicting the mean has loss 1. Features are not standardized; use
    `make_pipeline(StandardScaler(), NetworkRegressor())`.

    Parameters: see `NetworkEstimator`.

    network_            the trained `Network`; its outputs are predictions
    history_, n_iter_   training history and number of epochs
    n_features_in_      number of features
    feature_names_in_   their names, if X had string column names
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on examples X (N, features) with targets y (N,) or (N, D) and weights (N,).

        Raises ValueError for data that scikit-learn rejects.
        """
        first = not (self.warm_start and hasattr(self, "network_"))
        X, targets, weights = self._prepared(X, y, sample_weight, first=first)
        with self._standard_units(first=first):
            self._train(X, targets, weights)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch on these examples."""
        first = not hasattr(self, "network_")
        X, targets, weights = self._prepared(X, y, sample_weight, first=first)
        with self._standard_units(first=first):
            self._train_more(X, targets, weights)
        return self

    def predict(self, X: Any) -> Array:
        """The predictions in the shape of y: (N,) or (N, D)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_dimensional else outputs

    def _prepared(self, X: Any, y: Any, sample_weight: Any, *, first: bool) -> tuple[Array, Array, Array | None]:
        """X, standardized targets (N, D) and weights; in the first call, creates the network."""
        X, y, weights = self._validated(X, y, sample_weight, first=first, multi_output=True, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        targets = y.reshape(len(y), -1).astype(np.float64)
        if first:
            self._one_dimensional = y.ndim == 1
            self._mean = np.average(targets, axis=0, weights=weights)
            deviation = np.sqrt(np.average((targets - self._mean) ** 2, axis=0, weights=weights))
            self._deviation = np.where(deviation > 0, deviation, 1.0)
            self._create(X, targets.shape[1])
        if targets.shape[1:] != self.network_.output_shape:
            raise DataError(f"y has {targets.shape[1]} columns, but the first call had {self.network_.output_shape[0]}")
        return X, ((targets - self._mean) / self._deviation).astype(X.dtype), weights

    @contextmanager
    def _standard_units(self, *, first: bool) -> Iterator[None]:
        """A context in which the last layer's outputs z are standardized; outside, they are deviation z + mean."""
        last = f"{len(self.network_) - 1}/"
        W, b = self.network_.params[f"{last}W"], self.network_.params[f"{last}b"]
        if not first:
            W /= self._deviation
            b -= self._mean
            b /= self._deviation
        try:
            yield
        finally:
            W *= self._deviation
            b *= self._deviation
            b += self._mean

    def _loss(self) -> Loss:
        return MeanSquaredError()
