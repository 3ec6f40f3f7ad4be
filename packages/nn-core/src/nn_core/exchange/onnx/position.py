"""Where the traversal of a graph is: an array, its shape, and the order of its axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.exchange.onnx.computed import BATCH, TIME
from nn_core.exchange.onnx.graph import Order


@dataclass(frozen=True)
class Position:
    """The current array of the traversal.

    name       its name in the graph
    shape      the shape of one example in canonical order: channels last, time after the batch axis
    order      its axis order in the graph; see `Graph`. -1 is an axis of size 1 that `shape` leaves out
    flattened  shape and order of each image that it was flattened from, if the order is not canonical
    integers   whether it holds tokens
    """

    name: str
    shape: Shape
    order: Order
    flattened: tuple[tuple[tuple[int, ...], Order], ...] = ()
    integers: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether its axes and features are in canonical order."""
        return self.order == tuple(range(1 + len(self.shape))) and not self.flattened

    def sizes(self) -> list[int]:
        """The sizes of its axes in the graph; BATCH and TIME stand for variable ones."""
        ours = (BATCH, *(TIME if size is None else size for size in self.shape))
        return [1 if axis < 0 else ours[axis] for axis in self.order]

    def feature_order(self) -> npt.NDArray[np.intp] | None:
        """The canonical index of every feature in the graph, if it differs; as long as the last axis."""
        if not self.flattened:
            return None
        found, start = [], 0
        for shape, order in self.flattened:
            numbers = start + np.arange(math.prod(shape)).reshape(shape)
            found.append(numbers.transpose([axis - 1 for axis in order[1:]]).reshape(-1))
            start += numbers.size
        return np.concatenate(found)
