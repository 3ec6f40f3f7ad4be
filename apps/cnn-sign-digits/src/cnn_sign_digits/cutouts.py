"""Hands cut out of photos and laid before other walls.

Photos of one session all have the same wall in the same light, and a network may come to rely
on it. Where that wall is plain, the hand can be told from it, and stands before any other.
"""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.hands.light import lamp
from cnn_sign_digits.hands.pixels import box_blur
from cnn_sign_digits.hands.scene import background, cast_shadow, photograph
from nn_core.arrays import Array
from nn_core.registry import require

Images = npt.NDArray[np.uint8]
Masks = npt.NDArray[np.bool_]

BATCH = 64
"""Photos worked on at once."""
LEAST, MOST = 0.07, 0.64
"""The share of a photo that is a hand and its arm: other shares are errors."""


def cut_out(photos: Images) -> Array:
    """The share of each pixel that the hand covers, (N, S, S) from 0 to 1.

    photos  (N, S, S, 3), each a hand before a plain wall, the arm coming from below
    A photo in which nothing has the size of a hand has zeros only.
    """
    covers = np.zeros(photos.shape[:3], np.float32)
    for start in range(0, len(photos), BATCH):
        part = slice(start, start + BATCH)
        distance = _distance_from_wall(photos[part])
        hand = box_blur((distance > 0.75 * _thresholds(distance)).astype(np.float32), 1) > 0.5
        hand = _connected(hand)
        share = hand.mean(axis=(1, 2), keepdims=True)
        hand &= (share > LEAST) & (share < MOST)
        covers[part] = ((box_blur(hand.astype(np.float32), 1) - 0.3) / 0.6).clip(0, 1)
    return covers


def before_other_walls(
    photos: Images, covers: Array, *, rng: np.random.Generator, variety: float = 1.0
) -> Images:
    """The hands of the photos, each before a wall that is drawn, in another light.

    covers   as `cut_out` returns them
    variety  how much walls, light and cameras differ: 0 hardly, 1 as in life
    """
    require(0 <= variety <= 1, f"variety must be 0 to 1, not {variety}")
    images = np.empty_like(photos)
    for start in range(0, len(photos), BATCH):
        part = slice(start, start + BATCH)
        n, size = photos[part].shape[:2]
        cover = covers[part]
        wall = background(n, size, rng=rng, variety=variety)
        wall = cast_shadow(wall, cover, lamp(n, rng=rng), rng=rng)
        gamma = np.exp(variety * rng.normal(0.0, 0.25, (n, 1, 1, 1))).astype(np.float32)
        gain = np.exp(variety * rng.uniform(-0.3, 0.3, (n, 1, 1, 1))).astype(np.float32)
        hand = gain * (photos[part].astype(np.float32) / 255) ** gamma
        picture = wall + cover[..., None] * (hand - wall)
        images[part] = photograph(picture, rng=rng, variety=variety).astype(np.uint8)
    return images


def _distance_from_wall(photos: Images) -> Array:
    """How much each pixel differs in hue, or is darker, than the wall behind it: (N, S, S).

    The wall is a polynomial of degree two in x and y, fitted to the left, right and upper
    border, and then to all that hardly differs from it.
    """
    n, size = photos.shape[:2]
    line = np.linspace(-1, 1, size)
    x, y = (grid.ravel() for grid in np.meshgrid(line, line))
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)  # (P, 6)
    edge = max(1, size // 12)
    frame = np.zeros((size, size), np.bool_)
    frame[:edge] = frame[:, :edge] = frame[:, -edge:] = True
    border = frame.ravel()
    pixels = photos.reshape(n, -1, 3).astype(np.float64)
    chosen = np.broadcast_to(border, pixels.shape[:2]).astype(np.float64)
    for last in (False, False, False, True):
        weighted = chosen[:, :, None] * terms
        normal = terms.T @ weighted + 1e-6 * np.eye(6)
        rest = pixels - terms @ np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ pixels)
        if not last:
            off = np.abs(rest).max(axis=2)
            most = np.percentile(off[:, border], 60, axis=1)[:, None] + 6
            chosen = ((off < most) & (border | (off < 8))).astype(np.float64)
    grey = rest.mean(axis=2, keepdims=True)
    hue = np.sqrt(np.sum((rest - grey) ** 2, axis=2))
    distance: Array = 1.6 * hue + 0.55 * np.maximum(0, -grey[..., 0])
    return distance.reshape(n, size, size).astype(np.float32)


def _thresholds(values: Array, bins: int = 128) -> Array:
    """The value that best divides each map into a low and a high part: (N, 1, 1).

    Source: Otsu, A threshold selection method from gray-level histograms (1979).
    """
    found = np.zeros((len(values), 1, 1), np.float32)
    for i, map_ in enumerate(values):
        count, edges = np.histogram(map_, bins)
        middle = (edges[:-1] + edges[1:]) / 2
        low, low_sum = np.cumsum(count)[:-1], np.cumsum(count * middle)[:-1]
        high, high_sum = map_.size - low, np.sum(count * middle) - low_sum
        between = low * high * (low_sum / low.clip(1) - high_sum / high.clip(1)) ** 2
        found[i] = middle[between.argmax()]
    return found


def _connected(masks: Masks) -> Masks:
    """Of each mask (N, S, S) the part that hangs together with its most solid place."""
    n, size = masks.shape[:2]
    solid = box_blur(masks.astype(np.float32), max(1, size // 12)) * masks
    part = np.zeros(masks.shape, np.bool_)
    np.put_along_axis(
        part.reshape(n, -1), solid.reshape(n, -1).argmax(axis=1)[:, None], True, axis=1
    )
    part &= masks
    before, now = 0, 1
    while now > before:
        for _ in range(4):
            grown = part.copy()
            grown[:, 1:] |= part[:, :-1]
            grown[:, :-1] |= part[:, 1:]
            grown[:, :, 1:] |= part[:, :, :-1]
            grown[:, :, :-1] |= part[:, :, 1:]
            part = grown & masks
        before, now = now, int(np.count_nonzero(part))
    return part
