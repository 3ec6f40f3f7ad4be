"""A layer bound to its parameters, to be called with a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays
from nn_core.errors import DataError, ShapeError
from nn_core.layers.base import Layer
from nn_core.layers.context import Context


@dataclass(frozen=True)
class BoundLayer:
    """A layer with its parameters in a network."""

    layer: Layer
    params: Arrays
    dtype: np.dtype[Any]

    def __call__(self, x: npt.ArrayLike) -> Array:
        """The output for a batch x, in prediction and from the initial state.

        Raises ShapeError if x does not fit the layer or its parameters, DataError unless it has
        real numbers.
        """
        x = np.asarray(x)
        if x.ndim == 0:
            raise ShapeError(f"{self.layer!r} takes a batch of examples (N, ...), not a single number")
        if x.dtype.kind not in ("iu" if self.layer.takes_integers else "biuf"):
            raise DataError(f"{self.layer!r} does not take {x.dtype}")
        if not self.layer.takes_integers and x.dtype.kind != "f":
            x = x.astype(self.dtype)
        shape = x.shape[1:]
        self.layer.output_shape(shape)
        for name, parameter in self.layer.parameters(shape).items():
            if parameter.shape != self.params[name].shape:
                raise ShapeError(f"{self.layer!r} does not take examples of shape {shape} in this network")
        state = self.layer.initial_state(len(x), shape, self.dtype)
        y, _, _ = self.layer.forward_with_state(x, state, self.params, Context(training=False))
        return y
