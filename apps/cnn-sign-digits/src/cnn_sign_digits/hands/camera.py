"""From a hand in space to one before a camera: turn, perspective, scale, place."""

import numpy as np

from cnn_sign_digits.hands.body import ARM, KINDS, Rods, View
from cnn_sign_digits.hands.poses import SIGNS
from nn_core.arrays import Array, Labels

_TURNS = np.radians([pose.turn for pose in SIGNS])
BACKS = 0.15
"""The share of hands whose back is seen."""
TILTED, TILT = 0.6, 60.0
"""The share of hands that are tilted in the plane of the image, and by how many degrees."""

_HAND = np.flatnonzero(KINDS < ARM)


def look(
    rods: Rods,
    dorsal: Array,
    signs: Labels,
    size: int,
    *,
    rng: np.random.Generator,
    variety: float = 1.0,
) -> View:
    """Each hand turned a little in space, mirrored for half of them, and put into its image.

    rods     in palms, as `flesh` returns them
    dorsal   (N, 5, 3) unit vectors out of the nails
    size     S, the side of the image in pixels
    variety  what the standard deviations and the share of mirrored hands are multiplied by
    """

    def normal(mean: float, deviation: float, *shape: int) -> Array:
        return rng.normal(mean, variety * deviation, shape)

    n = len(signs)
    yaw = _TURNS[signs] + np.radians(normal(0.0, 12.0, n).clip(-25, 25))
    yaw += np.pi * (rng.random(n) < BACKS * variety)
    pitch = np.radians(normal(0.0, 10.0, n).clip(-25, 25))
    tilt = variety * TILT * rng.uniform(-1, 1, n) * (rng.random(n) < TILTED)
    roll = np.radians(normal(0.0, 9.0, n).clip(-25, 25) + tilt)
    turn = rotations(yaw, pitch, roll)
    turned = turn.transpose(0, 2, 1)
    start, end = rods.start @ turned, rods.end @ turned
    dorsal, palmar = dorsal @ turned, turn[:, :, 2]
    palmar = palmar * np.where(palmar[:, 2:] < 0, -1, 1)

    distance = rng.uniform(4.5, 12.0, (n, 1))
    near_start = distance / (distance - start[..., 2]).clip(1.0)
    near_end = distance / (distance - end[..., 2]).clip(1.0)
    start, end = start * near_start[..., None], end * near_end[..., None]

    shear = np.broadcast_to(np.eye(3), (n, 3, 3)).copy()
    shear[:, :2, :2] += normal(0.0, 0.04, n, 2, 2)
    start, end = start @ shear, end @ shear

    left = rng.random(n) < 0.5 * variety
    flip = np.stack([np.where(left, -1.0, 1.0), -np.ones(n), np.ones(n)], axis=1)
    start, end = start * flip[:, None], end * flip[:, None]
    dorsal, palmar = dorsal * flip[:, None], palmar * flip

    points = np.concatenate([start[:, _HAND], end[:, _HAND]], axis=1)[..., :2]
    low, high = points.min(axis=1), points.max(axis=1)
    extent = (high - low).max(axis=1) + 0.2
    unit = size * np.minimum(normal(0.36, 0.07, n).clip(0.20, 0.58), 1.08 / extent)
    place = size * (np.array((0.5, 0.52)) + normal(0.0, 0.07, n, 2).clip(-0.18, 0.18))
    shift = np.concatenate([place - unit[:, None] * (low + high) / 2, np.zeros((n, 1))], axis=1)
    scale = unit[:, None, None]
    return View(
        Rods(
            start * scale + shift[:, None],
            end * scale + shift[:, None],
            rods.start_radius * near_start * unit[:, None],
            rods.end_radius * near_end * unit[:, None],
        ),
        dorsal,
        palmar,
        unit,
    )


def rotations(yaw: Array, pitch: Array, roll: Array) -> Array:
    """R = Rz(roll) Rx(pitch) Ry(yaw), (N, 3, 3), for columns; angles (N,) in radians."""
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
