"""A layer bound to its parameters, to be called with a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays
from nn_core.layers.base import Layer, predict


@dataclass(frozen=True)
class BoundLayer:
    """A layer with its parameters in a network."""

    layer: Layer
    params: Arrays
    dtype: np.dtype[Any]

    def __call__(self, x: npt.ArrayLike) -> Array:
        """The output for a batch x, in prediction and from the initial state; see `predict`."""
        return predict(self.layer, np.asarray(x), self.params, self.dtype)
