"""The camera: orientation of the hand, perspective, scale and position in the image."""

import numpy as np

from cnn_sign_digits.synthetic.capsules import ARM, PARTS, Capsules, View
from cnn_sign_digits.synthetic.poses import ALL_POSES
from nn_core.arrays import Array, Labels

_YAWS = np.radians([pose.yaw for pose in ALL_POSES])
BACK_SHARE = 0.15
"""Fraction of hands seen from the back."""
TILT_SHARE, MAX_TILT = 0.6, 60.0
"""Fraction of hands tilted in the image plane, and the largest tilt in degrees."""

_HAND = np.flatnonzero(PARTS < ARM)


def project(
    capsules: Capsules, dorsal: Array, poses: Labels, size: int, *, rng: np.random.Generator, diversity: float = 1.0
) -> View:
    """Rotate each hand at random, mirror half of them, and project them into their images.

    capsules   in palms, as `build_capsules` returns them
    dorsal     (N, 5, 3) normals of the nails, unit vectors
    poses      (N,) indices into ALL_POSES
    size       S, side of the image in pixels
    diversity  factor on the standard deviations and on the fraction of mirrored hands
    """

    def normal(mean: float, deviation: float, *shape: int) -> Array:
        return rng.normal(mean, diversity * deviation, shape)

    n = len(poses)
    yaw = _YAWS[poses] + np.radians(normal(0.0, 12.0, n).clip(-25, 25))
    yaw += np.pi * (rng.random(n) < BACK_SHARE * diversity)
    pitch = np.radians(normal(0.0, 10.0, n).clip(-25, 25))
    tilt = diversity * MAX_TILT * rng.uniform(-1, 1, n) * (rng.random(n) < TILT_SHARE)
    roll = np.radians(normal(0.0, 9.0, n).clip(-25, 25) + tilt)
    rotation = rotation_matrices(yaw, pitch, roll)
    transposed = rotation.transpose(0, 2, 1)
    start, end = capsules.start @ transposed, capsules.end @ transposed
    dorsal, palmar = dorsal @ transposed, rotation[:, :, 2]
    palmar = palmar * np.where(palmar[:, 2:] < 0, -1, 1)

    distance = rng.uniform(4.5, 12.0, (n, 1))
    scale_start = distance / (distance - start[..., 2]).clip(1.0)
    scale_end = distance / (distance - end[..., 2]).clip(1.0)
    start, end = start * scale_start[..., None], end * scale_end[..., None]

    shear = np.broadcast_to(np.eye(3), (n, 3, 3)).copy()
    shear[:, :2, :2] += normal(0.0, 0.04, n, 2, 2)
    start, end = start @ shear, end @ shear

    left = rng.random(n) < 0.5 * diversity
    flip = np.stack([np.where(left, -1.0, 1.0), -np.ones(n), np.ones(n)], axis=1)
    start, end = start * flip[:, None], end * flip[:, None]
    dorsal, palmar = dorsal * flip[:, None], palmar * flip

    points = np.concatenate([start[:, _HAND], end[:, _HAND]], axis=1)[..., :2]
    low, high = points.min(axis=1), points.max(axis=1)
    extent = (high - low).max(axis=1) + 0.2
    unit = size * np.minimum(normal(0.36, 0.07, n).clip(0.20, 0.58), 1.08 / extent)
    center = size * (np.array((0.5, 0.52)) + normal(0.0, 0.07, n, 2).clip(-0.18, 0.18))
    shift = np.concatenate([center - unit[:, None] * (low + high) / 2, np.zeros((n, 1))], axis=1)
    scale = unit[:, None, None]
    return View(
        Capsules(
            start * scale + shift[:, None],
            end * scale + shift[:, None],
            capsules.start_radius * scale_start * unit[:, None],
            capsules.end_radius * scale_end * unit[:, None],
        ),
        dorsal,
        palmar,
        unit,
    )


def rotation_matrices(yaw: Array, pitch: Array, roll: Array) -> Array:
    """R = Rz(roll) Rx(pitch) Ry(yaw), (N, 3, 3), for column vectors; angles (N,) in radians."""
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)

    def matrix(*rows: Array) -> Array:
        return np.stack(rows, axis=1).reshape(-1, 3, 3)

    c, s = np.cos(yaw), np.sin(yaw)
    about_y = matrix(c, zero, s, zero, one, zero, -s, zero, c)
    c, s = np.cos(pitch), np.sin(pitch)
    about_x = matrix(one, zero, zero, zero, c, -s, zero, s, c)
    c, s = np.cos(roll), np.sin(roll)
    about_z = matrix(c, -s, zero, s, c, zero, zero, zero, one)
    product: Array = about_z @ about_x @ about_y
    return product
