"""Image augmentation: random shift, rotation, scale, flip and lighting, different at every step.

A network that never sees the same photo twice cannot memorize it; it must learn features that all
versions of a photo share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nn_core import noise
from nn_core.arrays import Array
from nn_core.errors import DataError, ShapeError
from nn_core.hints import HelpfulErrors
from nn_core.registry import Registry, require

BLOCK_PIXELS = 16384
"""Pixels processed together, so that all intermediate values stay in cache."""
LONGEST_SIDE = 4096


@dataclass(frozen=True)
class Augmentation(HelpfulErrors):
    """A random affine map and random lighting for each image of a batch.

    shift            maximum shift, as a fraction of the width and of the height
    rotation         maximum rotation in degrees, in both directions
    scale            zoom by a factor from 1 / (1 + scale) to 1 + scale
    stretch          the width times e and the height times 1 / e, with e from 1 / (1 + stretch)
                     to 1 + stretch
    horizontal_flip  flip half of the images left to right
    brightness       add or subtract up to this fraction of white
    contrast         multiply the distance from mid-gray by 1 / (1 + contrast) to 1 + contrast
    color            multiply each channel independently by 1 / (1 + color) to 1 + color, which
                     simulates light of another hue

    Amounts are uniform; factors are log-uniform: below 1 half of the time, above 1 the other half.
    All are sampled independently for each image; with all settings zero, images are unchanged.

    Geometry. About the center of the image, (W - 1)/2 and (H - 1)/2, the point p = (column, row)
    moves to

        q = S k R F p + t,    R = ((cos a, -sin a), (sin a, cos a)),
                              F = diag(+-1, 1),  S = diag(e, 1 / e)

    To get exactly one value for every pixel of the result, invert the map: the pixel q shows the
    point

        p = F R' S^-1 (q - t) / k,    R' = R^-1, the transpose

    so that both coordinates of p are a sum of one term per column of q and one term per row of q.
    A point outside the image takes the nearest edge pixel: p is clipped to the image.

    Interpolation. With p = (i + r, j + s), i and j integers, 0 <= r, s < 1, the value is bilinear
    in the four surrounding pixels:

        (1-r)(1-s) x[j, i] + r (1-s) x[j, i+1] + (1-r) s x[j+1, i] + r s x[j+1, i+1]

    Lighting. With white = 1, gain g of the channel, contrast c and brightness b of the image:

        y = min(1, max(0, c (g x - 1/2) + 1/2 + b))

    Implementation. Coordinates are rounded to 1/256 pixel, so that the four weights are integers
    that sum to 256. A weighted sum of bytes is then at most 255 * 256 < 2^16: the channels of a
    pixel, up to four, are packed into the 16-bit parts of ONE 64-bit integer, and a single
    multiplication weights all of them exactly, since no part can carry into the next. A pixel is a
    single load, and each output pixel takes four loads.

    Raises SettingError for a setting out of range.
    """

    shift: float = 0.1
    rotation: float = 15.0
    scale: float = 0.1
    stretch: float = 0.0
    horizontal_flip: bool = True
    brightness: float = 0.1
    contrast: float = 0.2
    color: float = 0.1

    def __post_init__(self) -> None:
        for field in fields(self):
            most = {"rotation": 180.0}.get(field.name, 1.0)
            value = getattr(self, field.name)
            require(0 <= value <= most, f"{field.name} must be from 0 to {most:g}, not {value}")

    def __call__(
        self, x: npt.NDArray[np.uint8], *, seed: tuple[int, int], first_row: int = 0, white: float = 255.0
    ) -> Array:
        """The augmented batch as a new float32 array.

        x          (N, H, W, C) bytes, C from 1 to 4
        seed       seed of the run and step number: the keys of the noise
        first_row  index of the first image in its batch, so that the result for an image does not
                   depend on how the batch is split
        white      the brightest value of the result; 255 keeps the units of x
        Raises ShapeError for another shape, DataError for another dtype.
        """
        _check(x)
        drawn = noise.uniform(seed, (), first_row, (len(x), 8 + x.shape[3]))
        return self._transform(x, 2.0 * drawn - 1.0, white)

    def _transform(self, x: npt.NDArray[np.uint8], draws: Array, white: float) -> Array:
        """Transform the batch by random values from -1 to 1: (N, 8 + C)."""
        N, H, W, C = x.shape
        columns, rows = self._coordinates(draws, H, W)
        gains, offsets = self._lighting(draws, white)
        y = np.empty(x.shape, np.float32)
        images = max(1, BLOCK_PIXELS // (H * W))
        for start in range(0, N, images):
            block = slice(start, start + images)
            parts = _sample(x[block], columns[:, block], rows[:, block])
            lit = y[block].reshape(len(parts), -1, C)
            for channel in range(C):
                np.multiply(parts[..., channel], gains[block, channel, None], out=lit[..., channel])
            lit += offsets[block]
            np.clip(lit, 0, white, out=lit)
        return y

    def _coordinates(self, draws: Array, H: int, W: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The terms of p, (2, N, W) per column and (2, N, H) per row of q, times 2^16."""
        angle = np.radians(self.rotation) * draws[:, 2]
        factor = (1 + self.scale) ** draws[:, 3]
        side = np.where(self.horizontal_flip & (draws[:, 4] < 0), -1.0, 1.0)
        cos, sin = np.cos(angle) / factor, np.sin(angle) / factor
        wider = (1 + self.stretch) ** draws[:, -1, None]
        u = (np.arange(W) - (W - 1) / 2 - self.shift * W * draws[:, 0, None]) / wider  # (N, W)
        v = (np.arange(H) - (H - 1) / 2 - self.shift * H * draws[:, 1, None]) * wider  # (N, H)
        columns = np.stack([(side * cos)[:, None] * u, -sin[:, None] * u])
        rows = np.stack([(side * sin)[:, None] * v, cos[:, None] * v])
        rows += np.array([(W - 1) / 2, (H - 1) / 2])[:, None, None]
        # Add half of 1/256, so that truncating the last eight bits rounds.
        rows += 1 / 512
        return (np.rint(65536 * columns).astype(np.int32), np.rint(65536 * rows).astype(np.int32))

    def _lighting(self, draws: Array, white: float) -> tuple[Array, Array]:
        """Gains (N, C) and offsets (N, 1, 1) that map 256 x to y."""
        contrast = (1 + self.contrast) ** draws[:, 6, None]
        gains = contrast * (1 + self.color) ** draws[:, 7:-1] * (white / (255 * 256))
        offsets = white * (0.5 - 0.5 * contrast + self.brightness * draws[:, 5, None])
        return gains.astype(np.float32), offsets[:, None].astype(np.float32)


def rotate(x: npt.NDArray[np.uint8], degrees: float) -> Array:
    """Rotate each image clockwise about its center, as float32; edge pixels fill the corners.

    x (N, H, W, C) bytes, C from 1 to 4. Raises as `Augmentation` does.
    """
    _check(x)
    draws = np.zeros((len(x), 8 + x.shape[3]))
    draws[:, 2] = math.copysign(1.0, degrees)
    return _rotation(degrees)._transform(x, draws, 255.0)


def rotation_weights(degrees: float, H: int, W: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """`rotate` as weighted sums: source pixels and weights of each output pixel, both (H W, 4).

    With pixels numbered row by row, output pixel q is sum_k weights[q, k] x[indices[q, k]] / 256.
    """
    draws = np.zeros((1, 9))
    draws[:, 2] = math.copysign(1.0, degrees)
    first, weights = _corners(*_rotation(degrees)._coordinates(draws, H, W), H, W)
    indices = np.stack([np.minimum(first + step, H * W - 1) for step in weights], axis=-1)
    shape = H * W, len(weights)
    return (
        indices.reshape(shape).astype(np.int64),
        np.stack(list(weights.values()), axis=-1).reshape(shape).astype(np.int64),
    )


def _rotation(degrees: float) -> Augmentation:
    return Augmentation(0.0, abs(degrees), 0.0, 0.0, False, 0.0, 0.0, 0.0)


class Augment(Protocol):
    """An augmentation that a trainer applies to each batch of examples."""

    def __call__(self, x: npt.NDArray[Any], /, *, seed: tuple[int, int]) -> Array:
        """The augmented examples in a new array; all randomness comes from `seed`.

        seed  seed of the run and step number
        """


def _none() -> None:
    """No augmentation."""


AUGMENTATIONS: Registry[Any] = Registry("augmentation", {"none": _none, "standard": Augmentation}, kebab_case=True)
"""All augmentations by name."""


def augmentation(text: str) -> Augment | None:
    """The augmentation for a text such as "standard:rotation=30,horizontal_flip=no".

    Raises SettingError for an unknown name or setting, or one out of range.
    """
    made: Augment | None = AUGMENTATIONS.parse(text)()
    return made


def _check(x: npt.NDArray[Any]) -> None:
    if x.ndim != 4 or not 1 <= x.shape[3] <= 4 or not min(x.shape[1:]) >= 1:
        raise ShapeError(f"images to augment must be (N, H, W, C) with C from 1 to 4, not {x.shape}")
    if max(x.shape[1:3]) > LONGEST_SIDE:
        raise ShapeError(f"images to augment must have at most {LONGEST_SIDE} pixels per side: {x.shape}")
    if x.dtype != np.uint8:
        raise DataError(f"images to augment must be uint8, not {x.dtype}")


def _sample(
    x: npt.NDArray[np.uint8], columns: npt.NDArray[np.int32], rows: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint16]:
    """256 times the bilinear values of n images at p: (n, H W, 4), of which the first C are used.

    columns, rows  the terms of p times 2^16, (2, n, W) and (2, n, H)
    """
    n, H, W, _ = x.shape
    packed = _packed(x)
    j, weights = _corners(columns, rows, H, W)
    j += np.arange(0, n * H * W, H * W, dtype=np.int32)[:, None, None]
    where = j.astype(np.intp)  # (n, H, W): the upper left of the four pixels
    total = np.zeros((n, H, W), np.uint64)
    pixels = np.empty_like(total)
    for step, weight in weights.items():
        # All indices are in range; "clip" avoids a copy that NumPy would make for the check.
        np.take(packed[step:], where, out=pixels, mode="clip")
        pixels *= weight.astype(np.uint64)
        total += pixels
    return total.view(np.uint16).reshape(n, H * W, 4)


def _corners(
    columns: npt.NDArray[np.int32], rows: npt.NDArray[np.int32], H: int, W: int
) -> tuple[npt.NDArray[np.int32], dict[int, npt.NDArray[np.int32]]]:
    """The index of the upper left of the four pixels around each point p, (n, H, W), and the weights of
    the pixels by their offset from it. Weights sum to 256; a pixel outside the image has weight 0.
    """
    i, r = _split(rows[0], columns[0], W)
    j, s = _split(rows[1], columns[1], H)
    j *= W
    j += i
    both = (r * s + 128) >> 8
    return j, {0: 256 - r - s + both, 1: r - both, W: s - both, W + 1: both}


def _packed(x: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """The pixels as one integer each, followed by W + 1 pixels that are read with weight zero."""
    C, count = x.shape[3], math.prod(x.shape[:3])
    parts = np.zeros((count + x.shape[2] + 1, 4), np.uint16)
    flat = x.reshape(count, C)
    for channel in range(C):
        parts[:count, channel] = flat[:, channel]
    return parts.reshape(-1).view(np.uint64)


def _split(
    by_row: npt.NDArray[np.int32], by_column: npt.NDArray[np.int32], length: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """A coordinate (n, H, W), clipped to the image: integer part, and fraction in 1/256."""
    coordinate = by_row[:, :, None] + by_column[:, None, :]
    coordinate >>= 8
    np.clip(coordinate, 0, (length - 1) << 8, out=coordinate)
    return coordinate >> 8, coordinate & 255
