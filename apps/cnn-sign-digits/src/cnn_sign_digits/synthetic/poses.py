"""The signs of the digits as joint angles of the fingers and goals of the thumb.

The hand is upright, palm toward the viewer, thumb on the viewer's right: x points to the thumb's
side, y along the fingers, z out of the palm. Lengths are in palms, the distance from the wrist to
the knuckle of the middle finger; angles are in degrees.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from nn_core.arrays import Labels

FINGERS = ("index", "middle", "ring", "little")

Triple: TypeAlias = tuple[float, float, float]

STRAIGHT: Triple = (2.0, 8.0, 5.0)
"""Flexion at the knuckle, middle joint and last joint of an extended finger; folded ones below."""

FOLDED: Triple = (72.0, 100.0, 50.0)
TUCKED: Triple = (56.0, 95.0, 45.0)
RINGED: Triple = (50.0, 88.0, 38.0)
HOOKED: Triple = (52.0, 78.0, 32.0)
ROUNDED: Triple = (56.0, 68.0, 36.0)


@dataclass(frozen=True)
class Pose:
    """One sign.

    extended  the extended fingers, "thumb" among them if it is extended
    folded    flexion of the three joints of each other finger
    spread    angle between neighboring fingers
    thumb     goal of the thumb's tip, relative to the wrist, or to the fingertip it touches
    bulge     direction in which the thumb bends outward
    touches   the finger whose tip the thumb touches, or None
    scatter   standard deviation of the goal, per axis
    lean      how far the touched finger leans toward the thumb
    yaw       rotation of the hand about its own length, toward its outer edge
    """

    extended: tuple[str, ...]
    folded: Triple
    spread: float
    thumb: Triple
    bulge: Triple
    touches: str | None = None
    scatter: float = 0.04
    lean: float = 0.0
    yaw: float = 0.0

    @property
    def curls(self) -> list[Triple]:
        """Flexion of the three joints of index, middle, ring and little finger."""
        return [STRAIGHT if finger in self.extended else self.folded for finger in FINGERS]


_IN_FRONT = (1.0, 0.2, 0.7)
_ASIDE = (0.6, -0.8, 0.0)
POSES: tuple[Pose, ...] = (
    Pose((), ROUNDED, 2.0, (0.04, -0.12, 0.04), (0.2, -0.4, 0.9), "index", yaw=62.0),
    Pose(("index",), FOLDED, 5.0, (0.04, 0.70, 0.56), _IN_FRONT, scatter=0.08),
    Pose(("index", "middle"), FOLDED, 10.0, (-0.06, 0.72, 0.57), _IN_FRONT, scatter=0.08),
    Pose(("thumb", "index", "middle"), FOLDED, 10.0, (1.05, 0.92, 0.12), _ASIDE, scatter=0.18),
    Pose(FINGERS, FOLDED, 9.0, (-0.09, 0.68, 0.23), (0.8, 0.9, 0.5), scatter=0.10),
    Pose(("thumb", *FINGERS), FOLDED, 10.0, (1.05, 0.88, 0.12), _ASIDE, scatter=0.18),
    Pose(("index", "middle", "ring"), TUCKED, 9.0, (0.08, 0.04, 0.16), (1.0, 0.1, 0.6), "little"),
    Pose(
        ("index", "middle", "little"),
        HOOKED, 11.5, (0.06, -0.05, 0.14), (1.0, -0.2, 0.5), "ring", lean=6.0,
    ),
    Pose(
        ("index", "ring", "little"),
        HOOKED, 11.5, (0.05, -0.06, 0.14), (1.0, -0.2, 0.4), "middle", lean=12.0,
    ),
    Pose(
        ("middle", "ring", "little"),
        RINGED, 10.0, (0.05, -0.06, 0.12), (1.0, -0.3, 0.2), "index", lean=18.0,
    ),
)  # fmt: skip
"""The standard sign of each digit, 0 to 9."""

_FIST = replace(POSES[0], folded=FOLDED, touches=None, thumb=(-0.06, 0.70, 0.57), bulge=_IN_FRONT)
VARIANTS: tuple[tuple[int, Pose], ...] = (
    (0, replace(_FIST, scatter=0.10, yaw=0.0)),
    (0, replace(_FIST, scatter=0.10, yaw=45.0)),
    (0, replace(_FIST, thumb=(0.24, 0.80, 0.40), scatter=0.08, yaw=20.0)),
    (0, replace(POSES[0], yaw=20.0)),
    (0, replace(POSES[0], yaw=90.0)),
    (1, replace(POSES[1], thumb=(0.26, 0.80, 0.36))),
    (1, replace(POSES[1], yaw=40.0)),
    (2, replace(POSES[2], spread=3.0)),
    (2, replace(POSES[2], spread=16.0)),
    (3, replace(POSES[3], spread=3.0, thumb=(0.90, 1.05, 0.15))),
    (3, replace(POSES[3], spread=16.0, thumb=(1.10, 0.70, 0.10))),
    (4, replace(POSES[4], spread=1.5)),
    (4, replace(POSES[4], spread=4.0, thumb=(-0.15, 0.55, 0.25))),
    (4, replace(POSES[4], spread=13.0)),
    (5, replace(POSES[5], spread=2.0, thumb=(0.85, 0.95, 0.10))),
    (5, replace(POSES[5], spread=4.0)),
    (5, replace(POSES[5], spread=14.0, thumb=(1.10, 0.75, 0.08))),
    (6, replace(POSES[6], spread=3.0)),
    (6, replace(POSES[6], spread=14.0)),
    (7, replace(POSES[7], spread=6.0)),
    (8, replace(POSES[8], spread=6.0)),
    (9, replace(POSES[9], spread=3.0)),
    (9, replace(POSES[9], yaw=30.0)),
)
"""Other signs of a digit: fists, other views, fingers closer together or farther apart."""

ALL_POSES: tuple[Pose, ...] = POSES + tuple(pose for _, pose in VARIANTS)
"""POSES, then the poses of VARIANTS."""

_VARIANT_SHARE = 0.5
_OF_DIGIT = [
    np.array([len(POSES) + i for i, (digit, _) in enumerate(VARIANTS) if digit == d]) for d in range(len(POSES))
]


def choose_poses(digits: Labels, *, rng: np.random.Generator, diversity: float = 1.0) -> Labels:
    """A random sign of each digit (N,), as an index into ALL_POSES.

    diversity  factor on the fraction of variants; 0 gives the standard signs only
    """
    is_variant, which = rng.random((2, len(digits)))
    poses = digits.copy()
    for digit, variants in enumerate(_OF_DIGIT):
        here = (digits == digit) & (is_variant < _VARIANT_SHARE * diversity)
        poses[here] = variants[(which[here] * len(variants)).astype(np.int64)]
    return poses
