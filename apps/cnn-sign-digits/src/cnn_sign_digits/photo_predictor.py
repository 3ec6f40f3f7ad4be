"""Predictions of a network for photos, averaged over test-time transforms."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.photos import Photos
from nn_core.arrays import Array
from nn_core.batches.augmentation import rotate
from nn_core.engine.engine import Engine
from nn_core.engine.predictor import Predictor
from nn_core.layers import Dense
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.progress import track

Transform: TypeAlias = tuple[float, bool]
"""A test-time augmentation: rotation in degrees, and whether to flip horizontally."""
BATCH = 256
"""Photos per batch of predictions."""


class PhotoPredictor:
    """Class probabilities and features of photos given as bytes (N, 64, 64, 3).

    network     outputs logits; its weights must not change
    transforms  of each photo, over which predictions are averaged
    """

    def __init__(self, network: Network, transforms: Sequence[Transform]) -> None:
        self.network, self.transforms = network, tuple(transforms)

    @cached_property
    def predictor(self) -> Predictor:
        """A predictor of logits."""
        return Engine(self.network).frozen()

    @cached_property
    def features(self) -> Predictor | None:
        """A predictor of the input of the last layer; None if that is not dense."""
        *layers, last = self.network.layers
        if not layers or not isinstance(last, Dense):
            return None
        first = Network(layers, input_shape=self.network.input_shape, dtype=self.network.dtype, initialize=False)
        for path, values in first.params.items():
            values[...] = self.network.params[path]
        return Engine(first).frozen()

    def probabilities(self, x: Photos) -> Array:
        """P(class | photo), (N, classes): the mean over the transforms."""
        return self._mean(x, lambda photos: probabilities(self.predictor.predict(photos)[0]))

    def probabilities_and_features(self, x: Photos) -> tuple[Array, Array]:
        """P(class | photo) (N, classes), and the input of the last layer (N, D): means over the transforms.

        Features are of no columns if the last layer is not dense.
        """
        predictor = self.features
        if predictor is None:
            return self.probabilities(x), np.zeros((len(x), 0), self.network.dtype)
        last = self.network.params
        path = len(self.network.layers) - 1
        W, b = last[f"{path}/W"], last.get(f"{path}/b", 0.0)

        def both(photos: npt.NDArray[Any]) -> Array:
            found, _ = predictor.predict(photos)
            return np.concatenate([probabilities(found @ W + b), found], axis=1)

        classes = W.shape[1]
        found = self._mean(x, both)
        return found[:, :classes], found[:, classes:]

    def _mean(self, x: Photos, predict: Callable[[npt.NDArray[Any]], Array]) -> Array:
        """The mean of a prediction over the transforms, batch by batch."""
        batches = []
        for start in track(range(0, len(x), BATCH), "classifying photos: batch"):
            photos = x[start : start + BATCH]
            total: Any = 0.0
            for degrees, flip in self.transforms:
                flipped = photos[:, :, ::-1] if flip else photos
                total = total + predict(rotate(flipped, degrees) if degrees else flipped)
            batches.append(total / len(self.transforms))
        return np.concatenate(batches).astype(self.network.dtype, copy=False)
