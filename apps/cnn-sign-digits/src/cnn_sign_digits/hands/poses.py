"""How each digit is signed, as data: what every finger does and where the thumb goes.

The hand stands upright with its palm towards the viewer and its thumb on the viewer's right:
x points to the thumb's side, y along the fingers, z out of the palm. Lengths are in palms,
the distance from the wrist to the knuckle of the middle finger; angles are in degrees.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from nn_core.arrays import Labels

FINGERS = ("index", "middle", "ring", "little")

Triple: TypeAlias = tuple[float, float, float]

STRAIGHT: Triple = (2.0, 8.0, 5.0)
"""Flexion at the knuckle, the middle joint and the last joint of an extended finger."""

FOLDED: Triple = (72.0, 100.0, 50.0)
TUCKED: Triple = (56.0, 95.0, 45.0)
RINGED: Triple = (50.0, 88.0, 38.0)
HOOKED: Triple = (52.0, 78.0, 32.0)
ROUNDED: Triple = (56.0, 68.0, 36.0)


@dataclass(frozen=True)
class Pose:
    """One sign.

    extended  the fingers that stand up, "thumb" among them if it does
    curls     flexion of the three joints of index, middle, ring and little finger
    fan       angle between neighbouring fingers
    meets     the finger whose tip the thumb goes to, or None if it goes to a place in the palm
    thumb     where the thumb's tip goes: from that fingertip on, or from the wrist on
    bulge     the direction in which the thumb bends outwards on its way
    scatter   standard deviation of where the thumb's tip goes, in each direction
    lean      how far the finger that it meets bends to the thumb's side, not straight to the palm
    turn      how far the hand turns about its own length, towards its outer edge
    """

    extended: tuple[str, ...]
    curls: tuple[Triple, Triple, Triple, Triple]
    fan: float
    meets: str | None
    thumb: Triple
    bulge: Triple
    scatter: float = 0.04
    lean: float = 0.0
    turn: float = 0.0


POSES: tuple[Pose, ...] = (
    Pose((), (ROUNDED,) * 4, 2.0, "index", (0.04, -0.12, 0.04), (0.2, -0.4, 0.9), turn=62.0),
    Pose(
        ("index",),
        (STRAIGHT, FOLDED, FOLDED, FOLDED),
        5.0,
        None,
        (0.04, 0.70, 0.56),
        (1.0, 0.2, 0.7),
        scatter=0.08,
    ),
    Pose(
        ("index", "middle"),
        (STRAIGHT, STRAIGHT, FOLDED, FOLDED),
        10.0,
        None,
        (-0.06, 0.72, 0.57),
        (1.0, 0.2, 0.7),
        scatter=0.08,
    ),
    Pose(
        ("thumb", "index", "middle"),
        (STRAIGHT, STRAIGHT, FOLDED, FOLDED),
        10.0,
        None,
        (1.05, 0.92, 0.12),
        (0.6, -0.8, 0.0),
        scatter=0.18,
    ),
    Pose(
        ("index", "middle", "ring", "little"),
        (STRAIGHT,) * 4,
        9.0,
        None,
        (-0.09, 0.68, 0.23),
        (0.8, 0.9, 0.5),
        scatter=0.10,
    ),
    Pose(
        ("thumb", *FINGERS),
        (STRAIGHT,) * 4,
        10.0,
        None,
        (1.05, 0.88, 0.12),
        (0.6, -0.8, 0.0),
        scatter=0.18,
    ),
    Pose(
        ("index", "middle", "ring"),
        (STRAIGHT, STRAIGHT, STRAIGHT, TUCKED),
        9.0,
        "little",
        (0.08, 0.04, 0.16),
        (1.0, 0.1, 0.6),
    ),
    Pose(
        ("index", "middle", "little"),
        (STRAIGHT, STRAIGHT, HOOKED, STRAIGHT),
        11.5,
        "ring",
        (0.06, -0.05, 0.14),
        (1.0, -0.2, 0.5),
        lean=6.0,
    ),
    Pose(
        ("index", "ring", "little"),
        (STRAIGHT, HOOKED, STRAIGHT, STRAIGHT),
        11.5,
        "middle",
        (0.05, -0.06, 0.14),
        (1.0, -0.2, 0.4),
        lean=12.0,
    ),
    Pose(
        ("middle", "ring", "little"),
        (RINGED, STRAIGHT, STRAIGHT, STRAIGHT),
        10.0,
        "index",
        (0.05, -0.06, 0.12),
        (1.0, -0.3, 0.2),
        lean=18.0,
    ),
)
"""The ten signs by digit."""

_FIST = replace(
    POSES[0], curls=(FOLDED,) * 4, meets=None, thumb=(-0.06, 0.70, 0.57), bulge=(1.0, 0.2, 0.7)
)
VARIANTS: tuple[tuple[int, Pose], ...] = (
    (0, replace(_FIST, scatter=0.10, turn=0.0)),
    (0, replace(_FIST, scatter=0.10, turn=45.0)),
    (0, replace(_FIST, thumb=(0.24, 0.80, 0.40), scatter=0.08, turn=20.0)),
    (0, replace(POSES[0], turn=20.0)),
    (0, replace(POSES[0], turn=90.0)),
    (1, replace(POSES[1], thumb=(0.26, 0.80, 0.36))),
    (1, replace(POSES[1], turn=40.0)),
    (2, replace(POSES[2], fan=3.0)),
    (2, replace(POSES[2], fan=16.0)),
    (3, replace(POSES[3], fan=3.0, thumb=(0.90, 1.05, 0.15))),
    (3, replace(POSES[3], fan=16.0, thumb=(1.10, 0.70, 0.10))),
    (4, replace(POSES[4], fan=1.5)),
    (4, replace(POSES[4], fan=4.0, thumb=(-0.15, 0.55, 0.25))),
    (4, replace(POSES[4], fan=13.0)),
    (5, replace(POSES[5], fan=2.0, thumb=(0.85, 0.95, 0.10))),
    (5, replace(POSES[5], fan=4.0)),
    (5, replace(POSES[5], fan=14.0, thumb=(1.10, 0.75, 0.08))),
    (6, replace(POSES[6], fan=3.0)),
    (6, replace(POSES[6], fan=14.0)),
    (7, replace(POSES[7], fan=6.0)),
    (8, replace(POSES[8], fan=6.0)),
    (9, replace(POSES[9], fan=3.0)),
    (9, replace(POSES[9], turn=30.0)),
)
"""Other ways to sign a digit: fists, other views, fingers closer together or further apart."""

SIGNS: tuple[Pose, ...] = POSES + tuple(pose for _, pose in VARIANTS)
"""The ten signs, and after them the variants."""

_OTHER_SHARE = 0.5
_OF_DIGIT = [
    np.array([len(POSES) + i for i, (digit, _) in enumerate(VARIANTS) if digit == d])
    for d in range(len(POSES))
]


def choose(digits: Labels, *, rng: np.random.Generator, variety: float = 1.0) -> Labels:
    """A way to sign each digit (N,), as a position among SIGNS.

    variety  what the share of variants is multiplied by; 0 leaves the ten signs
    """
    other, which = rng.random((2, len(digits)))
    signs = digits.copy()
    for digit, variants in enumerate(_OF_DIGIT):
        here = (digits == digit) & (other < _OTHER_SHARE * variety)
        signs[here] = variants[(which[here] * len(variants)).astype(np.int64)]
    return signs
