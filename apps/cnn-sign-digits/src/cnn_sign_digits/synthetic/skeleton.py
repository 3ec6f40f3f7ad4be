"""Forward kinematics: from the joint angles of a pose to the positions of the joints.

Axes and units as in `poses`; the first axis of every array is the batch.
"""

from dataclasses import dataclass

import numpy as np

from cnn_sign_digits.synthetic.poses import ALL_POSES, FINGERS
from nn_core.arrays import Array, Labels

KNUCKLES = np.array([(0.31, 0.96, 0.02), (0.09, 1.0, 0.0), (-0.13, 0.95, 0.01), (-0.33, 0.83, 0.04)])
BONES = np.array([(0.47, 0.28, 0.19), (0.53, 0.32, 0.20), (0.50, 0.30, 0.20), (0.39, 0.22, 0.17)])
THUMB_ROOT = np.array((0.22, 0.17, 0.06))
THUMB_BONES = np.array((0.44, 0.37, 0.23))
SPREAD = np.array((1.0, 0.0, -0.9, -2.0))
"""Abduction angle of each finger in units of the spread; the middle finger has none."""

CONVERGENCE = np.array((0.0, 2.0, 6.0, 10.0))
"""Degrees by which each bent finger leans toward the root of the thumb, where they converge."""

_CURLS = np.array([pose.curls for pose in ALL_POSES])  # (signs, 4, 3)
_SPREADS = np.array([pose.spread for pose in ALL_POSES])
_THUMBS = np.array([pose.thumb for pose in ALL_POSES])
_BULGES = np.array([pose.bulge for pose in ALL_POSES])
_SCATTERS = np.array([pose.scatter for pose in ALL_POSES])
_LEANS = np.array([pose.lean for pose in ALL_POSES])
_TOUCHES = np.array([-1 if p.touches is None else FINGERS.index(p.touches) for p in ALL_POSES])


@dataclass(frozen=True)
class Skeleton:
    """The joints of N hands.

    fingers  (N, 4, 4, 3) knuckle, middle joint, last joint and tip of each finger
    thumb    (N, 4, 3)    root, knuckle, joint and tip
    dorsal   (N, 5, 3)    normals of the nails, index to little finger and thumb, unit vectors
    width    (N,)         width of the hand, 1 on average
    """

    fingers: Array
    thumb: Array
    dorsal: Array
    width: Array


def forward_kinematics(poses: Labels, *, rng: np.random.Generator, diversity: float = 1.0) -> Skeleton:
    """N hands in the given poses, with random proportions and joint angles.

    poses      (N,) indices into ALL_POSES
    diversity  factor on the standard deviations
    """

    def normal(mean: float, deviation: float, *shape: int) -> Array:
        return rng.normal(mean, diversity * deviation, shape)

    n = len(poses)
    width = normal(1.0, 0.08, n).clip(0.8, 1.25)
    long = normal(1.0, 0.06, n, 1, 1) * normal(1.0, 0.025, n, 4, 1)
    knuckles = KNUCKLES * np.stack([width, np.ones(n), np.ones(n)], axis=1)[:, None]

    curls = _CURLS[poses]
    looseness = normal(1.0, 0.12, n, 1, 1) * normal(1.0, 0.07, n, 4, 3)
    curls = curls * looseness + normal(0.0, 5.0, n, 4, 1) + normal(0.0, 3.0, n, 4, 3)
    spread = _SPREADS[poses] * normal(1.0, 0.3, n) + normal(0.0, 1.0, n)
    sideways = SPREAD * spread[:, None] + normal(0.0, 2.5, n, 4)
    touches = _TOUCHES[poses]
    lean = CONVERGENCE + normal(0.0, 5.0, n, 4)
    lean += (np.arange(4) == touches[:, None]) * (_LEANS[poses] * normal(1.0, 0.4, n))[:, None]
    fingers, dorsal = finger_chains(knuckles, np.radians(curls), np.radians(sideways), np.radians(lean), BONES * long)

    offset = _THUMBS[poses] + _SCATTERS[poses, None] * normal(0.0, 1.0, n, 3)
    on_finger = fingers[np.arange(n), touches, 3] + offset
    goal = np.where(touches[:, None] >= 0, on_finger, offset)
    bones = THUMB_BONES * long[:, 0] * normal(1.0, 0.03, n, 1)
    root = THUMB_ROOT * np.stack([width, np.ones(n), np.ones(n)], axis=1)
    bulge = _BULGES[poses] + normal(0.0, 0.15, n, 3)
    thumb = fabrik(root, goal, bones, bulge)
    return Skeleton(fingers, thumb, np.concatenate([dorsal, _thumb_nail(thumb)], axis=1), width)


def finger_chains(start: Array, flexions: Array, sideways: Array, lean: Array, bones: Array) -> tuple[Array, Array]:
    """The joints of fingers that flex in one plane each.

    With a the sum of the flexions up to a bone, s the finger's abduction angle and k its lean,
        up     = (sin s, cos s, 0)
        out    = cos(k) (0, 0, 1) + sin(k) (cos s, -sin s, 0)
        along  = cos(a) up + sin(a) out
        dorsal = sin(a) up - cos(a) out

    start     (N, 4, 3) knuckles
    flexions  (N, 4, 3) radians, positive toward the palm
    sideways  (N, 4) radians, positive toward the thumb
    lean      (N, 4) radians, rotation of the plane toward the thumb
    bones     (N, 4, 3) lengths
    Returns the joints (N, 4, 4, 3) and the dorsal direction of the last bone (N, 4, 3).
    """
    a = np.cumsum(flexions, axis=2)[..., None]
    s, k = sideways[..., None, None], lean[..., None, None]
    zero = np.zeros_like(s)
    up = np.concatenate([np.sin(s), np.cos(s), zero], axis=-1)
    out = np.concatenate([np.sin(k) * np.cos(s), -np.sin(k) * np.sin(s), np.cos(k)], axis=-1)
    along = np.cos(a) * up + np.sin(a) * out
    dorsal = np.sin(a) * up - np.cos(a) * out
    steps = np.cumsum(bones[..., None] * along, axis=2)
    joints = np.concatenate([start[:, :, None], start[:, :, None] + steps], axis=2)
    return joints, dorsal[:, :, -1]


def fabrik(root: Array, goal: Array, bones: Array, bulge: Array, sweeps: int = 12) -> Array:
    """Inverse kinematics: a chain of bones from the root that ends as close to the goal as possible.

    Forward and backward reaching: from the goal inward, then from the root outward, each joint is
    moved to its bone's length from the previous joint, in the direction of its old position. The
    chain starts as an arc on the side of the bulge, so it bends to that side.

    root, goal, bulge  (N, 3);  bones (N, 3) lengths
    Returns the joints (N, 4, 3).
    Source: Aristidou, Lasenby, FABRIK: a fast, iterative solver for the inverse kinematics
    problem, Graphical Models 73 (2011).
    """
    share = np.array((0.0, 0.45, 0.8, 1.0))[None, :, None]
    bow = np.array((0.0, 0.9, 0.7, 0.0))[None, :, None]
    out = bulge / np.linalg.norm(bulge, axis=1, keepdims=True)
    joints: Array = root[:, None] + share * (goal - root)[:, None] + 0.35 * bow * out[:, None]
    for _ in range(sweeps):
        joints[:, 3] = goal
        for j in (2, 1, 0):
            joints[:, j] = joints[:, j + 1] + _toward(joints[:, j + 1], joints[:, j], bones[:, j])
        joints[:, 0] = root
        for j in (1, 2, 3):
            joints[:, j] = joints[:, j - 1] + _toward(joints[:, j - 1], joints[:, j], bones[:, j - 1])
    return joints


def _toward(start: Array, end: Array, length: Array) -> Array:
    step = end - start
    scaled: Array = step * (length / np.linalg.norm(step, axis=1).clip(1e-9))[:, None]
    return scaled


def _thumb_nail(thumb: Array) -> Array:
    """Normal of the thumb's nail (N, 1, 3): outside its bend, perpendicular to its last bone."""
    first = _unit(thumb[:, 2] - thumb[:, 1])
    last = _unit(thumb[:, 3] - thumb[:, 2])
    back = first - last + np.array((0.15, 0.1, -0.05))
    across = _unit(back - last * np.sum(back * last, axis=1, keepdims=True))
    return across[:, None]


def _unit(v: Array) -> Array:
    unit: Array = v / np.linalg.norm(v, axis=-1, keepdims=True).clip(1e-9)
    return unit
