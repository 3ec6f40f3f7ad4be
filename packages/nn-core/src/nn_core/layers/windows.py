"""What convolution and pooling share: a window that slides over maps (H, W, C).

A window of h x w pixels that moves on by (s, t) pixels at a time stands at

    (H - h) // s + 1    places from top to bottom,
    (W - w) // t + 1    places from left to right,

and covers the rows i s, ..., i s + h - 1 at place i. Pixels at the bottom and at the right
that are too few for another place are not looked at.
"""

import operator
from collections.abc import Iterator
from typing import Any, TypeAlias

from nn_core.arrays import Array, Shape
from nn_core.errors import SettingError, ShapeError

Pair: TypeAlias = tuple[int, int]
"""Down and across: (height, width)."""

SLICE_BYTES = 2 * 1024 * 1024
"""What is worked on at a time, so that it stays in the cache."""


def pair(value: Any, what: str, *, least: int = 1) -> Pair:
    """One whole number for both directions, or two, as a tuple.

    Raises SettingError, naming `what`, unless these are one or two numbers >= `least`.
    """
    try:
        two = tuple(value) if isinstance(value, list | tuple) else (value, value)
        down, across = map(operator.index, two)
    except (TypeError, ValueError):
        raise SettingError(f"{what} is one whole number or two, not {value!r}") from None
    if min(down, across) < least:
        raise SettingError(f"{what} is at least {least}, not {value!r}")
    return down, across


def maps(shape: Shape) -> tuple[int, int, int]:
    """Height, width and channels of an example. Raises ShapeError if it has other axes."""
    if len(shape) != 3:
        raise ShapeError(f"expected maps (height, width, channels), got {shape}")
    height, width, channels = shape
    return height, width, channels


def places(height: int, width: int, window: Pair, stride: Pair, zeros: Pair = (0, 0)) -> Pair:
    """How many places a window has, down and across.

    zeros  how many rows and columns are put around the maps
    Raises ShapeError if the window is larger than that.
    """
    down, across = height + zeros[0] - window[0], width + zeros[1] - window[1]
    if down < 0 or across < 0:
        raise ShapeError(
            f"expected at least {window[0] - zeros[0]} x {window[1] - zeros[1]} pixels, "
            f"got {height} x {width}"
        )
    return down // stride[0] + 1, across // stride[1] + 1


def offset(first: int, stride: int, count: int) -> slice:
    """The pixels first, first + stride, ...: one for each of `count` places."""
    return slice(first, first + (count - 1) * stride + 1, stride)


def slices(x: Array, bytes_each: int | None = None) -> Iterator[slice]:
    """A batch a few examples at a time, as many as SLICE_BYTES hold, and at least one.

    bytes_each  the work that an example makes, if it is not its own size
    """
    size = slice_size(x, bytes_each)
    return (slice(start, min(start + size, len(x))) for start in range(0, len(x), size))


def slice_size(x: Array, bytes_each: int | None = None) -> int:
    """How many examples the largest of `slices` has."""
    each = x.nbytes // max(1, len(x)) if bytes_each is None else bytes_each
    return max(1, min(len(x), SLICE_BYTES // max(1, each)))
