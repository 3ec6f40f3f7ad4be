"""Whether two sides do the same, which is checked before anything is timed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array

TOLERANCE = 1e-4
NOISE = 1e-2
"""Of the norm of the whole gradient: below it an array counts as that large. The gradient of a
bias before batch normalization, for one, is zero, and what is computed is rounding alone."""


class ParityError(Exception):
    """Two sides that should do the same do not."""


@dataclass(frozen=True)
class Outcome:
    """What a side makes of one batch: the loss, if any, and arrays: gradients or logits."""

    loss: float | None
    arrays: Mapping[str, Array]


def check_same(case: str, side: str, ours: Outcome, theirs: Outcome) -> float:
    """The largest relative difference of the loss and of each array.

    |a - b| / |b|, in the Euclidean norm.
    Raises ParityError, naming the case, the side and what differs, if it is above TOLERANCE.
    """
    differences = {}
    if ours.loss is not None and theirs.loss is not None:
        differences["the loss"] = abs(ours.loss - theirs.loss) / abs(theirs.loss)
    if ours.arrays.keys() != theirs.arrays.keys():
        raise ParityError(f"{case}: {side} has {sorted(theirs.arrays)}, not {sorted(ours.arrays)}")
    norms = {name: float(np.linalg.norm(array)) for name, array in theirs.arrays.items()}
    least = NOISE * float(np.linalg.norm(list(norms.values())))
    for name, array in theirs.arrays.items():
        if ours.arrays[name].shape != array.shape:
            raise ParityError(f"{case}: {name} of {side} is {array.shape}, ours {ours.arrays[name].shape}")
        apart = float(np.linalg.norm(ours.arrays[name] - array))
        differences[name] = apart / max(norms[name], least)
    worst = max(differences, key=lambda name: _or_infinite(differences[name]))
    if not differences[worst] <= TOLERANCE:
        raise ParityError(
            f"{case}: nn-core and {side} differ in {worst} by {differences[worst]:.1e} "
            f"of its size, more than {TOLERANCE:.0e}"
        )
    return differences[worst]


def _or_infinite(value: float) -> float:
    return value if np.isfinite(value) else float("inf")
