"""What is behind a hand, and the camera in front of it."""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.hands.light import Light
from cnn_sign_digits.hands.pixels import box_blur, halved, shifted, smooth_noise
from nn_core.arrays import Array

_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def background(n: int, size: int, *, rng: np.random.Generator, variety: float = 1.0) -> Array:
    """Walls, sheets of paper, cloth and clutter: (n, size, size, 3), 1 is white.

    Most are one tint, brighter to one side; some have a fold; some are full of things.
    variety  what the shares of coloured and cluttered ones are multiplied by
    """
    y, x = _grid(size)
    plain = rng.uniform(0.5, 0.95, (n, 1)) * (1 + rng.normal(0.0, 0.03, (n, 3)))
    coloured = _muted(rng.uniform(0.05, 0.95, (n, 3)), rng)
    tint = np.where(rng.random((n, 1)) < 0.35 * variety, coloured, plain)
    cluttered = rng.random((n, 1, 1, 1)) < 0.25 * variety
    wall = np.broadcast_to(tint[:, None, None], (n, size, size, 3)).astype(np.float32)
    noise = smooth_noise(n, size, 3, 3, rng) + np.float32(0.5) * smooth_noise(n, size, 14, 1, rng)
    rough = np.where(cluttered, rng.uniform(0.02, 0.10, (n, 1, 1, 1)), 0.008).astype(np.float32)
    wall = wall + rough * noise
    for _ in range(4):
        shown = cluttered[..., 0] & (rng.random((n, 1, 1)) < 0.8)
        _put_box(wall, shown, rng)

    angle = rng.uniform(0, 2 * np.pi, (n, 1, 1)).astype(np.float32)
    side = x * np.cos(angle) + y * np.sin(angle)
    slope = rng.normal(0.0, 0.12, (n, 1, 1)).astype(np.float32)
    fold = rng.random((n, 1, 1)) < 0.4
    angle = rng.normal(0.0, 0.4, (n, 1, 1)).astype(np.float32)
    line = y * np.cos(angle) + x * np.sin(angle) - rng.uniform(-0.8, 0.8, (n, 1, 1))
    step = np.where(fold, rng.normal(0.0, 0.05, (n, 1, 1)), 0.0)
    edge = step * (line > 0) - 2 * step * np.exp(-((20 * line) ** 2))
    wall *= (1 + slope * side + edge.astype(np.float32))[..., None]
    return wall.clip(0, 1.2)


def _put_box(wall: Array, shown: npt.NDArray[np.bool_], rng: np.random.Generator) -> None:
    n, size = len(wall), wall.shape[1]
    y, x = _grid(size)
    angle, left, top = rng.uniform(-1, 1, (3, n, 1, 1)).astype(np.float32)
    across = (x - left) * np.cos(angle) + (y - top) * np.sin(angle)
    along = (y - top) * np.cos(angle) - (x - left) * np.sin(angle)
    half_width, half_height = rng.uniform(0.05, 0.9, (2, n, 1, 1)).astype(np.float32)
    inside = shown & (abs(across) < half_width) & (abs(along) < half_height)
    colour = _muted(rng.uniform(0.0, 1.0, (n, 3)), rng)[:, None, None].astype(np.float32)
    wall += inside[..., None] * np.float32(0.9) * (colour - wall)


def _muted(colours: Array, rng: np.random.Generator) -> Array:
    """Colours (n, 3) drawn nearer to grey, each by a share of its own."""
    grey = colours.mean(axis=1, keepdims=True)
    muted: Array = grey + rng.uniform(0.0, 1.0, (len(colours), 1)) ** 1.5 * (colours - grey)
    return muted


def cast_shadow(wall: Array, cover: Array, light: Light, *, rng: np.random.Generator) -> Array:
    """The wall, darker where the hand is in the way of the lamp.

    wall (N, S, S, 3);  cover (N, S, S) the share of each pixel that the hand covers
    """
    n, size = len(cover), cover.shape[1]
    away = size * rng.uniform(0.0, 0.1, n)
    shadow = shifted(cover, away * light.toward[:, 0], away * light.toward[:, 1])
    sharp, soft = box_blur(shadow, 1), box_blur(box_blur(shadow, 3), 3)
    share = rng.random((n, 1, 1)).astype(np.float32)
    strength = (rng.random((n, 1, 1)) ** 1.5).astype(np.float32) * np.float32(0.8)
    darkness = strength * (share * sharp + (1 - share) * soft)
    return wall * (1 - darkness)[..., None]


def photograph(pictures: Array, *, rng: np.random.Generator, variety: float = 1.0) -> Array:
    """What a cheap camera makes of pictures (N, S, S, 3), 1 is white: values in [0, 255].

    variety  what blur, grain and the standard deviations of light and colour are multiplied by
    """
    n, size = len(pictures), pictures.shape[1]

    def each(values: Array) -> Array:
        return values.astype(np.float32).reshape(n, 1, 1, -1)

    def normal(mean: float, deviation: float, *shape: int) -> Array:
        return rng.normal(mean, variety * deviation, shape)

    y, x = _grid(size)
    vignette = rng.uniform(0.0, 0.25, n) * (rng.random(n) < 0.7)
    pictures = pictures * (1 - each(vignette) * (x * x + y * y)[0, ..., None])
    blurred = box_blur(pictures, 1)
    pictures += each(variety * rng.uniform(-0.5, 1.0, n)) * (blurred - pictures)
    pictures *= each(normal(1.0, 0.05, n, 3) * normal(1.0, 0.12, n, 1))
    contrast = each(normal(1.05, 0.15, n).clip(0.6, 1.5))
    middle = pictures.mean(axis=(1, 2, 3), keepdims=True)
    pictures = middle + contrast * (pictures - middle) + each(normal(0.0, 0.04, n))

    grey = (pictures @ _LUMA)[..., None]
    tint = halved(pictures - grey).repeat(2, axis=1).repeat(2, axis=2)
    pictures = grey + tint * each(normal(1.0, 0.15, n).clip(0.5, 1.4))
    grain = rng.standard_normal(pictures.shape[:3], dtype=np.float32)[..., None]
    pictures += each(0.03 * variety * rng.random(n) ** 2) * grain
    scaled: Array = (pictures * 255 + np.float32(0.5)).clip(0, 255)
    return scaled


def _grid(size: int) -> tuple[Array, Array]:
    """y (1, size, 1) and x (1, 1, size) over [-1, 1]."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    return line[None, :, None], line[None, None, :]
