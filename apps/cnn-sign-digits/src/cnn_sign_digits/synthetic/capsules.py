"""The surface of a hand: tapered capsules along the bones, in palm and forearm, and clothing."""

from dataclasses import dataclass

import numpy as np

from cnn_sign_digits.synthetic.skeleton import Skeleton
from nn_core.arrays import Array

FINGER_RADII = np.array(
    [
        (0.115, 0.103, 0.090, 0.074),
        (0.118, 0.105, 0.091, 0.075),
        (0.112, 0.099, 0.086, 0.071),
        (0.098, 0.085, 0.074, 0.062),
    ]
)
THUMB_RADII = np.array((0.175, 0.125, 0.108, 0.085))
WRIST = np.array([(0.17, 0.0, 0.0), (0.06, 0.0, 0.02), (-0.06, 0.0, 0.02), (-0.17, 0.0, 0.0)])

FINGER, THUMB, PALM, ARM, CLOTH = range(5)
_PARTS = [FINGER] * 12 + [THUMB] * 3 + [PALM] * 10 + [ARM] * 2 + [CLOTH] * 2
PARTS = np.array(_PARTS)
"""The body part of each of the K capsules: (K,)."""

BLENDS = np.array((0.02, 0.04, 0.09, 0.09, 0.05))[PARTS]
"""Depth below the surface within which a capsule still blends into it, in palms: (K,)."""

NAILS = np.full(len(PARTS), -1)
NAILS[[2, 5, 8, 11, 14]] = range(5)
"""The nail on each capsule, -1 for none: (K,)."""

CREASES = np.zeros((len(PARTS), 2))
CREASES[:12] = np.tile([(0.4, 1.0), (1.0, 1.0), (1.0, 0.0)], (4, 1))
CREASES[12:15] = [(0.0, 0.6), (0.6, 1.0), (1.0, 0.0)]
"""Depth of the crease at each end of a capsule: (K, 2)."""


@dataclass(frozen=True)
class Capsules:
    """K tapered capsules for each of N hands: start and end (N, K, 3), their radii (N, K)."""

    start: Array
    end: Array
    start_radius: Array
    end_radius: Array


def build_capsules(skeleton: Skeleton, *, rng: np.random.Generator) -> Capsules:
    """The capsules of fingers, thumb, palm, forearm and, on some hands, a sleeve or a bracelet."""
    n = len(skeleton.width)
    thick = (skeleton.width * rng.normal(1.0, 0.05, n))[:, None]
    starts, ends, first, second = [], [], [], []

    def add(start: Array, end: Array, start_radius: Array, end_radius: Array) -> None:
        shape = np.broadcast_shapes(start.shape, end.shape)
        starts.append(np.broadcast_to(start, (n, *shape[-2:])))
        ends.append(np.broadcast_to(end, (n, *shape[-2:])))
        first.append(np.broadcast_to(start_radius * thick, (n, shape[-2])))
        second.append(np.broadcast_to(end_radius * thick, (n, shape[-2])))

    fingers, thumb = skeleton.fingers, skeleton.thumb
    add(
        fingers[:, :, :-1].reshape(n, 12, 3),
        fingers[:, :, 1:].reshape(n, 12, 3),
        FINGER_RADII[:, :-1].ravel(),
        FINGER_RADII[:, 1:].ravel(),
    )
    add(thumb[:, :-1], thumb[:, 1:], THUMB_RADII[:-1], THUMB_RADII[1:])

    broad = np.stack([skeleton.width, np.ones(n), np.ones(n)], axis=1)[:, None]
    wrist = WRIST * broad
    knuckles = fingers[:, :, 0]
    add(wrist, knuckles, np.full(4, 0.20), np.array((0.145, 0.145, 0.14, 0.13)))
    webs = knuckles + 0.3 * (fingers[:, :, 1] - knuckles)
    add(webs[:, :-1], webs[:, 1:], np.array((0.11, 0.11, 0.10)), np.array((0.11, 0.10, 0.09)))
    heel = np.array([(-0.18, 0.15, 0.06)]) * broad
    edge = np.array([(-0.30, 0.60, 0.05)]) * broad
    add(heel, edge, np.array([0.21]), np.array([0.15]))
    ball = np.array([(0.08, 0.24, 0.05)]) * broad
    add(ball, thumb[:, 1:2], np.array([0.23]), np.array([0.14]))
    fold = 0.35 * thumb[:, :1] + 0.65 * thumb[:, 1:2]
    add(fold, 0.4 * wrist[:, :1] + 0.6 * knuckles[:, :1], np.array([0.12]), np.array([0.12]))

    swing = rng.normal(0.0, 0.25, (n, 2))
    down = np.stack([swing[:, 0], -np.ones(n), swing[:, 1]], axis=1)[:, None]
    sides = np.array([(0.11, 0.0, 0.0), (-0.11, 0.0, 0.0)]) * broad
    elbow = sides * 1.5 + 3.0 * down
    add(sides, elbow, np.full(2, 0.215), np.full(2, 0.30))

    worn = rng.random(n)
    top = np.where(worn < 0.25, rng.uniform(0.25, 1.0, n), rng.uniform(0.2, 0.4, n))
    bottom = np.where(worn < 0.25, 3.0, top + 0.05)
    shown = np.where(worn < 0.35, 1.0, 0.0)[:, None]
    loose = np.where(worn < 0.25, rng.uniform(1.1, 1.5, n), 1.06)[:, None]
    add(
        sides + top[:, None, None] * down,
        sides + bottom[:, None, None] * down,
        0.23 * loose * shown,
        0.31 * loose * shown,
    )
    return Capsules(
        np.concatenate(starts, axis=1),
        np.concatenate(ends, axis=1),
        np.concatenate(first, axis=1),
        np.concatenate(second, axis=1),
    )


@dataclass(frozen=True)
class View:
    """Hands in camera coordinates: x right and y down in pixels, z toward the camera.

    capsules  in pixels
    dorsal    (N, 5, 3) normals of the nails, unit vectors
    palmar    (N, 3)    normal of the palm, or of the back of the hand if that is visible
    unit      (N,)      pixels per palm length
    """

    capsules: Capsules
    dorsal: Array
    palmar: Array
    unit: Array
