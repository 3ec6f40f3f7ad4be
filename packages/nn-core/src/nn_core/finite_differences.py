"""Compare gradients of any function with finite differences.

The slope of f along a direction v is the limit of [f(w + h v) - f(w - h v)] / 2h; in float64
with h = 1e-5 it is accurate to about ten digits. A gradient g predicts the slope g . v. Each
argument is checked separately: element by element if the array is small, along random directions
if it is large.

At a kink, such as that of ReLU at 0, the left and right slopes differ and the gradient is
undefined. A kink is recognized by slopes that stay apart as h shrinks; it is reported, and it is a
failure only if the gradient does not lie between the two slopes.
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import GradientError

STEPS = (1e-5, 1e-6, 1e-7)
"""Step sizes h tried in turn: a nearby kink no longer matters once h is small enough."""


@dataclass(frozen=True)
class Checked:
    """An array whose gradient passed.

    name     the layer and the argument, "layer 0, Dense(units=3), W"
    numbers  number of elements or directions compared
    error    maximum relative error |expected - received| / max(|expected|, |received|, 1e-4)
    kinks    where the slope jumps, so that no comparison was possible
    """

    name: str
    shape: tuple[int, ...]
    numbers: int
    error: float
    kinks: tuple[str, ...]


@dataclass(frozen=True)
class GradientReport:
    """The arrays checked; its `str` has a line for each array.

    nearby  whether a nearby point was checked, because kinks coincide at the given point
    """

    arrays: tuple[Checked, ...]
    nearby: bool = False

    @property
    def error(self) -> float:
        """The maximum relative error over all arrays."""
        return max((array.error for array in self.arrays), default=0.0)

    def __str__(self) -> str:
        lines = []
        for array in self.arrays:
            lines.append(f"{array.name} {array.shape}: {array.numbers} compared, max relative error {array.error:.1e}")
            if array.kinks:
                lines.append(f"  {len(array.kinks)} at a kink: {', '.join(array.kinks)}")
        if self.nearby:
            lines.append("a gradient failed at this point but none failed nearby: kinks coincide at this point")
        return "\n".join(lines)


def check_function(
    function: Callable[[], float],
    arguments: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    rng: np.random.Generator,
    tolerance: float = 1e-6,
    largest: int = 200,
    directions: int = 3,
) -> GradientReport:
    """Compare gradients with finite differences of any function of float64 arrays.

    function   reads `arguments`, which are perturbed in place and restored
    gradients  the gradients to check, under the same names
    Raises GradientError at the first wrong element or direction.
    """
    report = []
    for name, values in arguments.items():
        claimed = gradients[name]
        errors: list[float] = []
        kinks: list[str] = []
        for where, direction in _probes(values, largest, directions, rng):
            on = direction != 0  # so that a NaN is reported at its location
            received = float(np.dot(claimed[on], direction[on]))
            found = _compare(function, values, direction, received, tolerance)
            if isinstance(found, _Kink):
                if not found.left <= received <= found.right:
                    raise GradientError(
                        f"{name}{where}: at a kink, expected between {found.left:.9g} and "
                        f"{found.right:.9g}, received {received:.9g}"
                    )
                kinks.append(where)
            elif not found.passes:
                raise GradientError(
                    f"{name}{where}: expected {found.expected:.9g} by finite differences, "
                    f"received {received:.9g} (relative error {found.error:.1e})"
                )
            else:
                errors.append(found.error)
        report.append(Checked(name, values.shape, len(errors), max(errors, default=0.0), tuple(kinks)))
    return GradientReport(tuple(report))


@dataclass(frozen=True)
class _Slope:
    expected: float
    error: float
    passes: bool


@dataclass(frozen=True)
class _Kink:
    left: float
    right: float


def _probes(values: Array, largest: int, directions: int, rng: np.random.Generator) -> list[tuple[str, Array]]:
    """Directions to check: all unit vectors of a small array, random ones of a large array."""
    if values.size > largest:
        drawn = [rng.normal(size=values.shape) for _ in range(directions)]
        return [(f", random direction {i}", v / np.linalg.norm(v)) for i, v in enumerate(drawn)]
    probes: list[tuple[str, Array]] = []
    for index in np.ndindex(values.shape):
        unit = np.zeros(values.shape)
        unit[index] = 1.0
        probes.append((f"[{', '.join(map(str, index))}]", unit))
    return probes


def _compare(
    function: Callable[[], float], values: Array, direction: Array, received: float, tolerance: float
) -> _Slope | _Kink:
    """The slope by finite differences and the error of `received`, or a kink."""
    start = values.copy()

    def moved(distance: float) -> float:
        values[...] = start + distance * direction
        return function()

    here = moved(0.0)
    slopes: list[_Slope] = []
    try:
        for h in STEPS:
            right, left = (moved(h) - here) / h, (here - moved(-h)) / h
            expected = (left + right) / 2.0
            scale = max(abs(expected), abs(received), 1e-4)
            rounding = 4.0 * sys.float_info.epsilon * abs(here) / h
            error = abs(expected - received)
            passes = (error - rounding) / scale <= tolerance
            slopes.append(_Slope(expected, error / scale, passes))
            if slopes[-1].passes:
                return slopes[-1]
    finally:
        values[...] = start
    if math.isfinite(right - left) and abs(right - left) > 1e-3 * scale:
        margin = tolerance * scale
        return _Kink(min(left, right) - margin, max(left, right) + margin)
    return slopes[0]
