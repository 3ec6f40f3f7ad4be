"""The colours of a hand that is seen: skin, nails, creases and cloth, lit and shaded."""

from dataclasses import dataclass

import numpy as np

from cnn_sign_digits.hands.body import CLOTH, CREASES, KINDS, NAILS, PALM, View
from cnn_sign_digits.hands.pixels import box_blur, halved, shifted, smooth_noise
from cnn_sign_digits.hands.raster import Seen
from nn_core.arrays import Array, Labels

SKINS = np.array([(0.96, 0.80, 0.70), (0.86, 0.66, 0.52), (0.66, 0.47, 0.35), (0.36, 0.24, 0.19)])
"""Skin from light to dark, red, green and blue in [0, 1]."""

FLATNESS = np.where(KINDS == PALM, 0.6, np.where(KINDS >= CLOTH, 0.2, 0.0)).astype(np.float32)
"""How far a rod's normals are turned to the palm's: a palm is no row of rods."""


@dataclass(frozen=True)
class Light:
    """toward (N, 3) unit vectors to the lamp, x right, y down, z to the viewer;
    ambient (N,) the share of the light that comes from everywhere.
    """

    toward: Array
    ambient: Array


def lamp(n: int, *, rng: np.random.Generator) -> Light:
    """Mostly from above and before the hand."""
    toward = np.stack(
        [rng.normal(0.0, 0.45, n), rng.normal(-0.4, 0.4, n), rng.uniform(0.5, 1.3, n)], axis=1
    )
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    return Light(toward, rng.uniform(0.3, 0.6, n))


def colours(seen: Seen, view: View, light: Light, *, rng: np.random.Generator) -> Array:
    """Red, green and blue of every pixel that sees a hand (M, 3), 1 is white."""
    n, size = len(seen.depth), seen.depth.shape[1]
    image, rod = np.divmod(seen.rod, len(KINDS))
    small = _small(seen.pixel, size)

    def drawn(values: Array) -> Array:
        """One value for each image, or one row: the same for each pixel that sees a hand."""
        rows: Array = values.astype(np.float32)[image]
        return rows

    albedo = drawn(_skin(n, rng))
    albedo *= 1 + np.float32(0.04) * smooth_noise(n, size // 2, 7, 1, rng).reshape(-1, 1)[small]
    tip = (NAILS >= 0)[rod] * seen.along * drawn(rng.uniform(0.0, 0.15, n))
    albedo *= 1 - tip[:, None] * np.array((0.2, 1.0, 0.8), np.float32)
    _draw_nails(albedo, seen, view, image, rod, rng)
    worn = np.flatnonzero(KINDS[rod] == CLOTH)
    albedo[worn] = rng.uniform(0.05, 0.9, (n, 3))[image[worn]]

    normal = seen.normal.T
    normal = normal + FLATNESS[rod, None] * (drawn(view.palmar) - normal)
    normal /= np.sqrt(np.einsum("mi,mi->m", normal, normal))[:, None].clip(1e-6)
    facing = np.einsum("mi,mi->m", normal, drawn(light.toward))
    lit = ((facing + np.float32(0.25)) / np.float32(1.25)).clip(0, 1)
    open_, unshaded = (part.ravel()[small] for part in _occlusion(seen.depth, view, light, rng))
    ambient = drawn(light.ambient)
    shade = ambient * open_ + (1 - ambient) * lit * unshaded
    shade *= 1 - drawn(rng.uniform(0.0, 0.5, n)) * (1 - normal[:, 2]) ** 2
    shade *= 1 - drawn(rng.uniform(0.0, 0.25, n)) * _creases(seen, view, rod, image)
    shade *= drawn(rng.normal(1.05, 0.12, n))
    painted: Array = albedo * shade[:, None]
    return painted


def _skin(n: int, rng: np.random.Generator) -> Array:
    tone = 3 * rng.beta(1.1, 1.3, n)
    skin = np.stack([np.interp(tone, range(4), SKINS[:, c]) for c in range(3)], axis=1)
    return (skin * rng.normal(1.0, 0.04, (n, 3))).astype(np.float32)


def _draw_nails(
    albedo: Array, seen: Seen, view: View, image: Labels, rod: Labels, rng: np.random.Generator
) -> None:
    """Paler than the skin, or for some painted: where the tip's surface faces out of its back."""
    n = len(view.unit)
    painted = rng.random((n, 1)) < 0.12
    nail = np.where(painted, rng.uniform(0.05, 0.8, (n, 3)), 0.0).astype(np.float32)
    share = np.where(painted, 0.95, rng.uniform(0.2, 0.6, (n, 1))).astype(np.float32)
    pale = np.array((1.0, 0.86, 0.82), np.float32)
    where = np.flatnonzero(NAILS[rod] >= 0)
    out = view.dorsal.astype(np.float32)[image[where], NAILS[rod[where]]]
    facing = np.einsum("im,mi->m", seen.normal[:, where], out)
    strength = ((facing - 0.55) * 6).clip(0, 1) * ((seen.along[where] - 0.25) * 6).clip(0, 1)
    where, strength = where[strength > 0], strength[strength > 0][:, None]
    of = image[where]
    colour = np.where(painted[of], nail[of], pale * (0.4 + 0.6 * albedo[where]))
    albedo[where] += strength * share[of] * (colour - albedo[where])


def _creases(seen: Seen, view: View, rod: Labels, image: Labels) -> Array:
    """In [0, 1]: the lines across the inside of the fingers where they bend."""
    length = np.linalg.norm(view.rods.end - view.rods.start, axis=2).ravel()
    span = (length[seen.rod] / (0.035 * view.unit[image])).astype(np.float32)
    ends = CREASES.astype(np.float32)[rod]
    at_start = ends[:, 0] * np.exp(-((seen.along * span) ** 2))
    at_end = ends[:, 1] * np.exp(-(((1 - seen.along) * span) ** 2))
    creases: Array = np.maximum(at_start, at_end)
    return creases


def _occlusion(
    depth: Array, view: View, light: Light, rng: np.random.Generator
) -> tuple[Array, Array]:
    """How open to its surroundings and how free of cast shadow each place is, both in [0, 1].

    A place lies in a fold if the hand about it stands nearer than itself; it lies in shadow
    if on the way to the lamp the hand rises above the ray.
    depth  (N, 2S, 2S);  the results (N, S, S)
    """
    n = len(depth)
    seen = np.isfinite(depth)
    weight = halved(seen.astype(np.float32))
    z = halved(np.where(seen, depth, 0)) / weight.clip(0.25)
    scale = view.unit[:, None, None].astype(np.float32)
    fold = np.zeros_like(z)
    for radius, strength in ((1, 3.0), (4, 1.2)):
        about = box_blur(z * weight, radius) / box_blur(weight, radius).clip(1e-3)
        fold += np.float32(strength) * (about - z).clip(0) / scale
    open_ = np.exp(-fold * rng.uniform(0.6, 1.6, (n, 1, 1)).astype(np.float32))

    across = np.hypot(light.toward[:, 0], light.toward[:, 1]).clip(0.05)
    ground = np.where(weight > 0, z, np.float32(-1e3))
    dark = np.zeros_like(z)
    for step in (0.06, 0.14, 0.26, 0.42):
        away = step * view.unit  # in pixels of the full depth map
        x, y = away * light.toward[:, 0] / across, away * light.toward[:, 1] / across
        rise = (away * light.toward[:, 2] / across)[:, None, None].astype(np.float32)
        above = shifted(ground, x / 2, y / 2) - z - rise
        dark = np.maximum(dark, (above / (0.08 * scale)).clip(0, 1))
    return open_, 1 - np.float32(0.8) * box_blur(dark, 1)


def _small(pixel: Labels, size: int) -> Labels:
    """The index of the pixel of half the size in which a pixel lies."""
    x, y, image = pixel % size, pixel // size % size, pixel // (size * size)
    half = size // 2
    return (image * half + y // 2) * half + x // 2
