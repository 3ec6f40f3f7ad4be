"""How each digit is signed, as data: what every finger does and where the thumb goes.

The hand stands upright with its palm towards the viewer and its thumb on the viewer's right:
x points to the thumb's side, y along the fingers, z out of the palm. Lengths are in palms,
the distance from the wrist to the knuckle of the middle finger; angles are in degrees.
"""

from dataclasses import dataclass
from typing import TypeAlias

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
