"""Shading: skin, nails, creases and cloth, under a lamp and ambient light."""

from dataclasses import dataclass

import numpy as np

from cnn_sign_digits.synthetic.capsules import CLOTH, CREASES, NAILS, PALM, PARTS, View
from cnn_sign_digits.synthetic.image_ops import box_blur, downsample, shift, smooth_noise
from cnn_sign_digits.synthetic.rasterizer import Fragments
from nn_core.arrays import Array, Labels

SKINS = np.array([(0.96, 0.80, 0.70), (0.86, 0.66, 0.52), (0.66, 0.47, 0.35), (0.36, 0.24, 0.19)])
"""Skin tones from light to dark, RGB in [0, 1]."""

FLATNESS = np.where(PARTS == PALM, 0.6, np.where(PARTS >= CLOTH, 0.2, 0.0)).astype(np.float32)
"""How far a capsule's normals are blended into the palm's, to flatten the palm: (K,)."""


@dataclass(frozen=True)
class Light:
    """A lamp and ambient light for each of N images.

    toward   (N, 3) unit vectors to the lamp, x right, y down, z toward the viewer
    ambient  (N,) ambient fraction of the light
    """

    toward: Array
    ambient: Array


def sample_light(n: int, *, rng: np.random.Generator) -> Light:
    """Random lamps, mostly above and in front of the hand."""
    toward = np.stack([rng.normal(0.0, 0.45, n), rng.normal(-0.4, 0.4, n), rng.uniform(0.5, 1.3, n)], axis=1)
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    return Light(toward, rng.uniform(0.3, 0.6, n))


def shade(fragments: Fragments, view: View, light: Light, *, rng: np.random.Generator) -> Array:
    """RGB of each fragment (M, 3), 1 is white."""
    n, size = len(fragments.depth), fragments.depth.shape[1]
    image, capsule = np.divmod(fragments.capsule, len(PARTS))
    half = _half_size_index(fragments.pixel, size)

    def per_fragment(values: Array) -> Array:
        """A value or row per image, repeated for each of its fragments."""
        rows: Array = values.astype(np.float32)[image]
        return rows

    albedo = per_fragment(_skin(n, rng))
    albedo *= 1 + np.float32(0.04) * smooth_noise(n, size // 2, 7, 1, rng).reshape(-1, 1)[half]
    tip = (NAILS >= 0)[capsule] * fragments.along * per_fragment(rng.uniform(0.0, 0.15, n))
    albedo *= 1 - tip[:, None] * np.array((0.2, 1.0, 0.8), np.float32)
    _draw_nails(albedo, fragments, view, image, capsule, rng)
    worn = np.flatnonzero(PARTS[capsule] == CLOTH)
    albedo[worn] = rng.uniform(0.05, 0.9, (n, 3))[image[worn]]

    normal = fragments.normal.T
    normal = normal + FLATNESS[capsule, None] * (per_fragment(view.palmar) - normal)
    normal /= np.sqrt(np.einsum("mi,mi->m", normal, normal))[:, None].clip(1e-6)
    facing = np.einsum("mi,mi->m", normal, per_fragment(light.toward))
    lit = ((facing + np.float32(0.25)) / np.float32(1.25)).clip(0, 1)
    ambient_visibility, direct = (part.ravel()[half] for part in _occlusion(fragments.depth, view, light, rng))
    ambient = per_fragment(light.ambient)
    brightness = ambient * ambient_visibility + (1 - ambient) * lit * direct
    brightness *= 1 - per_fragment(rng.uniform(0.0, 0.5, n)) * (1 - normal[:, 2]) ** 2
    brightness *= 1 - per_fragment(rng.uniform(0.0, 0.25, n)) * _creases(fragments, view, capsule, image)
    brightness *= per_fragment(rng.normal(1.05, 0.12, n))
    painted: Array = albedo * brightness[:, None]
    return painted


def _skin(n: int, rng: np.random.Generator) -> Array:
    tone = 3 * rng.beta(1.1, 1.3, n)
    skin = np.stack([np.interp(tone, range(4), SKINS[:, c]) for c in range(3)], axis=1)
    return (skin * rng.normal(1.0, 0.04, (n, 3))).astype(np.float32)


def _draw_nails(
    albedo: Array, fragments: Fragments, view: View, image: Labels, capsule: Labels, rng: np.random.Generator
) -> None:
    """Nails: paler than the skin, or painted; where the normal of a fingertip is dorsal."""
    n = len(view.unit)
    painted = rng.random((n, 1)) < 0.12
    nail = np.where(painted, rng.uniform(0.05, 0.8, (n, 3)), 0.0).astype(np.float32)
    share = np.where(painted, 0.95, rng.uniform(0.2, 0.6, (n, 1))).astype(np.float32)
    pale = np.array((1.0, 0.86, 0.82), np.float32)
    where = np.flatnonzero(NAILS[capsule] >= 0)
    out = view.dorsal.astype(np.float32)[image[where], NAILS[capsule[where]]]
    facing = np.einsum("im,mi->m", fragments.normal[:, where], out)
    strength = ((facing - 0.55) * 6).clip(0, 1) * ((fragments.along[where] - 0.25) * 6).clip(0, 1)
    where, strength = where[strength > 0], strength[strength > 0][:, None]
    of = image[where]
    color = np.where(painted[of], nail[of], pale * (0.4 + 0.6 * albedo[where]))
    albedo[where] += strength * share[of] * (color - albedo[where])


def _creases(fragments: Fragments, view: View, capsule: Labels, image: Labels) -> Array:
    """Strength of the flexion creases across the fingers, in [0, 1]."""
    length = np.linalg.norm(view.capsules.end - view.capsules.start, axis=2).ravel()
    span = (length[fragments.capsule] / (0.035 * view.unit[image])).astype(np.float32)
    ends = CREASES.astype(np.float32)[capsule]
    at_start = ends[:, 0] * np.exp(-((fragments.along * span) ** 2))
    at_end = ends[:, 1] * np.exp(-(((1 - fragments.along) * span) ** 2))
    creases: Array = np.maximum(at_start, at_end)
    return creases


def _occlusion(depth: Array, view: View, light: Light, rng: np.random.Generator) -> tuple[Array, Array]:
    """Ambient occlusion and cast shadows: ambient and direct visibility, both in [0, 1].

    A pixel is occluded from ambient light if the surface around it is closer to the viewer, and in
    shadow if the surface rises above the ray to the lamp.
    depth  (N, 2S, 2S);  the results are (N, S, S)
    """
    n = len(depth)
    covered = np.isfinite(depth)
    weight = downsample(covered.astype(np.float32))
    z = downsample(np.where(covered, depth, 0)) / weight.clip(0.25)
    scale = view.unit[:, None, None].astype(np.float32)
    fold = np.zeros_like(z)
    for radius, strength in ((1, 3.0), (4, 1.2)):
        around = box_blur(z * weight, radius) / box_blur(weight, radius).clip(1e-3)
        fold += np.float32(strength) * (around - z).clip(0) / scale
    visibility = np.exp(-fold * rng.uniform(0.6, 1.6, (n, 1, 1)).astype(np.float32))

    across = np.hypot(light.toward[:, 0], light.toward[:, 1]).clip(0.05)
    ground = np.where(weight > 0, z, np.float32(-1e3))
    dark = np.zeros_like(z)
    for step in (0.06, 0.14, 0.26, 0.42):
        away = step * view.unit  # in pixels of the full depth map
        x, y = away * light.toward[:, 0] / across, away * light.toward[:, 1] / across
        rise = (away * light.toward[:, 2] / across)[:, None, None].astype(np.float32)
        above = shift(ground, x / 2, y / 2) - z - rise
        dark = np.maximum(dark, (above / (0.08 * scale)).clip(0, 1))
    return visibility, 1 - np.float32(0.8) * box_blur(dark, 1)


def _half_size_index(pixel: Labels, size: int) -> Labels:
    """Index of each pixel in the images of half the size."""
    x, y, image = pixel % size, pixel // size % size, pixel // (size * size)
    half = size // 2
    return (image * half + y // 2) * half + x // 2
