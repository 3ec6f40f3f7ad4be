"""Hands segmented from photos, and composited over synthetic backgrounds.

The photos of a session share a wall and its lighting, and a network may learn to rely on them.
If the wall is plain, the hand can be segmented and placed over any other background.
"""

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.synthetic.image_ops import box_blur
from cnn_sign_digits.synthetic.light import sample_light
from cnn_sign_digits.synthetic.scene import background, cast_shadow, photograph
from nn_core.arrays import Array
from nn_core.progress import track
from nn_core.registry import require

Images = npt.NDArray[np.uint8]
Masks = npt.NDArray[np.bool_]

BATCH = 64
"""Photos per batch."""
MIN_SHARE, MAX_SHARE = 0.07, 0.64
"""Bounds on the fraction of a photo covered by a hand and its arm; other masks are errors."""


def segment_hands(photos: Images) -> Array:
    """Alpha masks of the hands: the fraction of each pixel that is hand, (N, S, S) in [0, 1].

    photos  (N, S, S, 3), each a hand in front of a plain wall, with the arm coming from below
    If no region has the size of a hand, the mask is zero.
    """
    alphas = np.zeros(photos.shape[:3], np.float32)
    for start in track(range(0, len(photos), BATCH), "segmenting hands: batch"):
        batch = slice(start, start + BATCH)
        distance = _distance_from_wall(photos[batch])
        hand = box_blur((distance > 0.75 * _otsu_thresholds(distance)).astype(np.float32), 1) > 0.5
        hand = _main_component(hand)
        share = hand.mean(axis=(1, 2), keepdims=True)
        hand &= (share > MIN_SHARE) & (share < MAX_SHARE)
        alphas[batch] = ((box_blur(hand.astype(np.float32), 1) - 0.3) / 0.6).clip(0, 1)
    return alphas


def replace_backgrounds(photos: Images, alphas: Array, *, rng: np.random.Generator, diversity: float = 1.0) -> Images:
    """The hands of the photos, each over a synthetic background and under another light.

    alphas     as `segment_hands` returns them
    diversity  variation of backgrounds, light and cameras: 0 little, 1 realistic
    """
    require(0 <= diversity <= 1, f"diversity must be 0 to 1, not {diversity}")
    images = np.empty_like(photos)
    for start in track(range(0, len(photos), BATCH), "drawing backgrounds: batch"):
        batch = slice(start, start + BATCH)
        n, size = photos[batch].shape[:2]
        alpha = alphas[batch]
        wall = background(n, size, rng=rng, diversity=diversity)
        wall = cast_shadow(wall, alpha, sample_light(n, rng=rng), rng=rng)
        gamma = np.exp(diversity * rng.normal(0.0, 0.25, (n, 1, 1, 1))).astype(np.float32)
        gain = np.exp(diversity * rng.uniform(-0.3, 0.3, (n, 1, 1, 1))).astype(np.float32)
        hand = gain * (photos[batch].astype(np.float32) / 255) ** gamma
        composite = wall + alpha[..., None] * (hand - wall)
        images[batch] = photograph(composite, rng=rng, diversity=diversity).astype(np.uint8)
    return images


def _distance_from_wall(photos: Images) -> Array:
    """How much each pixel differs in hue from the wall behind it, or is darker than it: (N, S, S).

    The wall is a polynomial of degree two in x and y, fitted to the left, right and upper
    border, and then refitted to all pixels close to it.
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
        residual = pixels - terms @ np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ pixels)
        if not last:
            off = np.abs(residual).max(axis=2)
            most = np.percentile(off[:, border], 60, axis=1)[:, None] + 6
            chosen = ((off < most) & (border | (off < 8))).astype(np.float64)
    gray = residual.mean(axis=2, keepdims=True)
    hue = np.sqrt(np.sum((residual - gray) ** 2, axis=2))
    distance: Array = 1.6 * hue + 0.55 * np.maximum(0, -gray[..., 0])
    return distance.reshape(n, size, size).astype(np.float32)


def _otsu_thresholds(values: Array, bins: int = 128) -> Array:
    """The value that best divides each image into a low and a high class: (N, 1, 1).

    Source: Otsu, A threshold selection method from gray-level histograms (1979).
    """
    found = np.zeros((len(values), 1, 1), np.float32)
    for i, image in enumerate(values):
        count, edges = np.histogram(image, bins)
        middle = (edges[:-1] + edges[1:]) / 2
        low, low_sum = np.cumsum(count)[:-1], np.cumsum(count * middle)[:-1]
        high, high_sum = image.size - low, np.sum(count * middle) - low_sum
        between = low * high * (low_sum / low.clip(1) - high_sum / high.clip(1)) ** 2
        found[i] = middle[between.argmax()]
    return found


def _main_component(masks: Masks) -> Masks:
    """The connected component of each mask (N, S, S) that contains its densest pixel."""
    n, size = masks.shape[:2]
    density = box_blur(masks.astype(np.float32), max(1, size // 12)) * masks
    part = np.zeros(masks.shape, np.bool_)
    np.put_along_axis(part.reshape(n, -1), density.reshape(n, -1).argmax(axis=1)[:, None], True, axis=1)
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
