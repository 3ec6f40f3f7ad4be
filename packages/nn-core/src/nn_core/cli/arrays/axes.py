"""The order of the axes of stored examples: which axis is the batch, which one the channels."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.cli.dataset import CHANNELS


class Axes(NamedTuple):
    """How stored axes become (N, ...), channels last.

    order   the stored axis of each axis of the result
    layout  the stored order in words, for a remark; empty if it is the usual one
    """

    order: tuple[int, ...]
    layout: str = ""

    @property
    def rows_first(self) -> bool:
        """Whether the stored array has one example after the other."""
        return self.order[0] == 0

    def apply(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The array, or a block of examples if `rows_first`, with its axes in order (a view)."""
        return stored if self.order == tuple(range(stored.ndim)) else stored.transpose(self.order)

    def shape(self, stored: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the result, from the stored one."""
        return tuple(stored[axis] for axis in self.order)


IMAGE_ORDERS = (
    Axes((0, 1, 2, 3)),
    Axes((0, 2, 3, 1), "(N, C, H, W), channels first"),
    Axes((3, 0, 1, 2), "(H, W, C, N), examples last"),
    Axes((3, 2, 1, 0), "(C, W, H, N), the axes of MATLAB in reverse"),
)
"""The orders of color images in files, the likeliest first."""


def find_axes(shape: tuple[int, ...], count: int) -> Axes | None:
    """The order of the axes of an array with this many examples; None if no axis has this length.

    shape   (N, D), (N, H, W) or (N, H, W, C); or an order of `IMAGE_ORDERS`, (D, N) or (H, W, N)
    count   N, the number of labels
    """
    if len(shape) == 4:
        fitting = [axes for axes in IMAGE_ORDERS if axes.shape(shape)[0] == count]
        for axes in fitting:
            if axes.shape(shape)[3] in CHANNELS:
                return axes
        if fitting:
            return fitting[0]
    elif shape and shape[0] == count:
        return Axes(tuple(range(len(shape))))
    elif len(shape) == 3 and shape[2] == count:
        return Axes((2, 0, 1), "(H, W, N), examples last")
    elif len(shape) == 2 and shape[1] == count:
        return Axes((1, 0), "(D, N), one column per example")
    return None


def unfold_square(length: int) -> tuple[int, int, int] | None:
    """The shape (H, W, C) of a square image of this many numbers, gray or RGB; None if there is none.

    784 = 28 * 28, 12288 = 64 * 64 * 3.
    """
    for channels in (1, 3):
        side = math.isqrt(length // channels)
        if side > 1 and side * side * channels == length:
            return side, side, channels
    return None


def planes_first(rows: npt.NDArray[Any], shape: tuple[int, int, int]) -> bool:
    """Whether flattened images (N, H*W*C) hold one color plane after the other, as CIFAR's do.

    Neighboring pixels are alike: the order in which they differ less, on average, is the right one.
    """
    height, width, channels = shape
    sample = rows[:100].astype(np.float64)
    last = sample.reshape(-1, height, width, channels)
    first = sample.reshape(-1, channels, height, width)
    return bool(np.abs(np.diff(first, axis=3)).mean() < 0.8 * np.abs(np.diff(last, axis=2)).mean())
