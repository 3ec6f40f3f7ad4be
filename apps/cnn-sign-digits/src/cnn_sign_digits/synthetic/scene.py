"""The background, the shadow on it, and the artifacts of the camera."""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.synthetic.image_ops import box_blur, downsample, shift, smooth_noise
from cnn_sign_digits.synthetic.light import Light
from nn_core.arrays import Array

_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


def background(n: int, size: int, *, rng: np.random.Generator, diversity: float = 1.0) -> Array:
    """Walls, paper, cloth and clutter: (n, size, size, 3), 1 is white.

    Most have one tint and a brightness gradient; some have a fold; some are cluttered.
    diversity  factor on the fractions of colored and of cluttered backgrounds
    """
    y, x = _grid(size)
    plain = rng.uniform(0.5, 0.95, (n, 1)) * (1 + rng.normal(0.0, 0.03, (n, 3)))
    colored = _desaturate(rng.uniform(0.05, 0.95, (n, 3)), rng)
    tint = np.where(rng.random((n, 1)) < 0.35 * diversity, colored, plain)
    cluttered = rng.random((n, 1, 1, 1)) < 0.25 * diversity
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
    color = _desaturate(rng.uniform(0.0, 1.0, (n, 3)), rng)[:, None, None].astype(np.float32)
    wall += inside[..., None] * np.float32(0.9) * (color - wall)


def _desaturate(colors: Array, rng: np.random.Generator) -> Array:
    """Colors (n, 3), each desaturated at random."""
    gray = colors.mean(axis=1, keepdims=True)
    desaturated: Array = gray + rng.uniform(0.0, 1.0, (len(colors), 1)) ** 1.5 * (colors - gray)
    return desaturated


def cast_shadow(wall: Array, alpha: Array, light: Light, *, rng: np.random.Generator) -> Array:
    """The wall with the hand's shadow on it.

    wall  (N, S, S, 3)
    alpha (N, S, S) fraction of each pixel covered by the hand
    """
    n, size = len(alpha), alpha.shape[1]
    away = size * rng.uniform(0.0, 0.1, n)
    shadow = shift(alpha, away * light.toward[:, 0], away * light.toward[:, 1])
    sharp, soft = box_blur(shadow, 1), box_blur(box_blur(shadow, 3), 3)
    share = rng.random((n, 1, 1)).astype(np.float32)
    strength = (rng.random((n, 1, 1)) ** 1.5).astype(np.float32) * np.float32(0.8)
    darkness = strength * (share * sharp + (1 - share) * soft)
    return wall * (1 - darkness)[..., None]


def photograph(images: Array, *, rng: np.random.Generator, diversity: float = 1.0) -> Array:
    """Images (N, S, S, 3), 1 is white, as a cheap camera records them: values in [0, 255].

    Vignetting, blur or sharpening, white balance, contrast, chroma subsampling and noise.
    diversity  factor on blur, noise and the standard deviations of light and color
    """
    n, size = len(images), images.shape[1]

    def each(values: Array) -> Array:
        return values.astype(np.float32).reshape(n, 1, 1, -1)

    def normal(mean: float, deviation: float, *shape: int) -> Array:
        return rng.normal(mean, diversity * deviation, shape)

    y, x = _grid(size)
    vignette = rng.uniform(0.0, 0.25, n) * (rng.random(n) < 0.7)
    images = images * (1 - each(vignette) * (x * x + y * y)[0, ..., None])
    blurred = box_blur(images, 1)
    images += each(diversity * rng.uniform(-0.5, 1.0, n)) * (blurred - images)
    images *= each(normal(1.0, 0.05, n, 3) * normal(1.0, 0.12, n, 1))
    contrast = each(normal(1.05, 0.15, n).clip(0.6, 1.5))
    middle = images.mean(axis=(1, 2, 3), keepdims=True)
    images = middle + contrast * (images - middle) + each(normal(0.0, 0.04, n))

    gray = (images @ _LUMA)[..., None]
    tint = downsample(images - gray).repeat(2, axis=1).repeat(2, axis=2)
    images = gray + tint * each(normal(1.0, 0.15, n).clip(0.5, 1.4))
    grain = rng.standard_normal(images.shape[:3], dtype=np.float32)[..., None]
    images += each(0.03 * diversity * rng.random(n) ** 2) * grain
    scaled: Array = (images * 255 + np.float32(0.5)).clip(0, 255)
    return scaled


def _grid(size: int) -> tuple[Array, Array]:
    """y (1, size, 1) and x (1, 1, size) over [-1, 1]."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    return line[None, :, None], line[None, None, :]
