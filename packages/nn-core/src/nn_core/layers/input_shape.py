"""Input shapes, batches that fit them, and detection of channels-first images as in PyTorch."""

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Shape
from nn_core.errors import DataError, ShapeError
from nn_core.layers.base import Layer


def as_shape(shape: int | Sequence[int | None]) -> Shape:
    """The shape of an example; n is (n,)."""
    if isinstance(shape, int | np.integer):
        return (int(shape),)
    try:
        sizes = tuple(None if size is None else operator.index(size) for size in shape)
    except TypeError:
        raise ShapeError(
            f"input_shape must be a number of features or a shape such as (28, 28, 1), not {shape!r}"
        ) from None
    if any(size is not None and size < 1 for size in sizes):
        raise ShapeError(f"input_shape must have positive sizes, not {sizes}")
    return sizes


def as_batch(
    x: npt.NDArray[Any], input_shape: Shape, dtype: np.dtype[Any], *, takes_integers: bool
) -> npt.NDArray[Any]:
    """A batch x (N, *input_shape) in this dtype, or of integers.

    Raises ShapeError for another shape, DataError if it does not have real numbers, or integers.
    """
    pairs = zip(x.shape[1:], input_shape, strict=False)
    fits = all(given == size or (size is None and given > 0) for given, size in pairs)
    if len(x.shape) != 1 + len(input_shape) or not fits:
        steps = ("T" if size is None else str(size) for size in input_shape)
        hint = shape_hint(x.shape, input_shape)
        raise ShapeError(f"the network takes ({', '.join(('N', *steps))}), not {x.shape}{hint}")
    if takes_integers:
        if x.dtype.kind not in "iu":
            raise DataError(f"the network takes integers, not {x.dtype}")
        return x
    if x.dtype == dtype:
        return x
    if x.dtype.kind not in "biuf":
        raise DataError(f"the network takes real numbers, not {x.dtype}")
    return x.astype(dtype)


def shape_hint(shape: Sequence[int], input_shape: Shape) -> str:
    """The end of the message about a batch of the wrong shape: the line that corrects it, if there is one."""
    C = input_shape[-1] if len(input_shape) == 3 else None
    if len(shape) == len(input_shape) and all(own in (None, n) for n, own in zip(shape, input_shape, strict=True)):
        return "; for one example: x[None]"
    if C == 1 and tuple(shape[1:]) == input_shape[:-1]:
        return "; add the channel axis: x[..., None]"
    if C is not None and tuple(shape[1:]) == (C, *input_shape[:-1]):
        return "; channels come last: x.transpose(0, 2, 3, 1)"
    return ""


def looks_channels_first(layers: Iterable[Layer], input_shape: Shape) -> bool:
    """Whether an image input has one, three or four channels on its first axis.

    Images (C, H, W) would be read as images of height C with W channels.
    """
    if len(input_shape) != 3 or None in input_shape:
        return False
    C, H, W = (size or 0 for size in input_shape)
    square = H == W >= 8
    if not (C in (1, 3, 4) and (square or (C == 3 and min(H, W) >= 16))):
        return False
    kinds = {type(layer).__name__: layer for layer in layers}
    convolution = kinds.get("Conv2D")
    if convolution is not None:
        size = getattr(convolution, "kernel_size", 0)
        return (size[0] if isinstance(size, tuple) else size) > 1
    return not kinds.keys().isdisjoint(("MaxPool2D", "AveragePool2D", "GlobalAveragePool2D", "InstanceNorm"))
