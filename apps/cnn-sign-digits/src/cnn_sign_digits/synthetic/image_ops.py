"""Operations on batches of images, channels last: blur, shift, downsampling, smooth noise."""

import numpy as np

from nn_core.arrays import Array


def box_blur(images: Array, radius: int) -> Array:
    """Mean over the square of side 2 radius + 1 around each pixel; edges are replicated.

    images (N, H, W) or (N, H, W, C)
    """
    for axis in (1, 2):
        images = _running_mean(images, radius, axis)
    return images


def _running_mean(images: Array, radius: int, axis: int) -> Array:
    length = images.shape[axis]
    widths = [(0, 0)] * images.ndim
    widths[axis] = (radius, radius)
    padded = np.moveaxis(np.pad(images, widths, mode="edge"), axis, 0)
    total = padded[:length].copy()
    for k in range(1, 2 * radius + 1):
        total += padded[k : k + length]
    total *= np.float32(1 / (2 * radius + 1))
    return np.moveaxis(total, 0, axis)


def shift(maps: Array, dx: Array, dy: Array) -> Array:
    """maps[n, y + dy[n], x + dx[n]], rounded to whole pixels, edges replicated.

    maps (N, H, W);  dx, dy (N,) in pixels
    """
    n, height, width = maps.shape
    y = (np.arange(height) + np.rint(dy).astype(np.int64)[:, None]).clip(0, height - 1)
    x = (np.arange(width) + np.rint(dx).astype(np.int64)[:, None]).clip(0, width - 1)
    moved: Array = maps[np.arange(n)[:, None, None], y[:, :, None], x[:, None, :]]
    return moved


def downsample(images: Array) -> Array:
    """Mean of each 2 x 2 block: (N, 2H, 2W, ...) to (N, H, W, ...)."""
    rows = images[:, ::2] + images[:, 1::2]
    means: Array = (rows[:, :, ::2] + rows[:, :, 1::2]) * np.float32(0.25)
    return means


def smooth_noise(n: int, size: int, cells: int, channels: int, rng: np.random.Generator) -> Array:
    """Gaussian noise on a grid of cells + 1 points per side, interpolated linearly.

    Returns (n, size, size, channels), float32
    """
    grid = rng.standard_normal((n, cells + 1, channels, cells + 1), dtype=np.float32)
    position = np.linspace(0, cells, size)[:, None] - np.arange(cells + 1)
    weights = np.maximum(0, 1 - abs(position)).astype(np.float32)  # (size, cells + 1)
    columns = grid @ weights.T  # (n, cells + 1, channels, size)
    rows = weights @ columns.reshape(n, cells + 1, -1)
    noise: Array = rows.reshape(n, size, channels, size).transpose(0, 1, 3, 2)
    return noise
