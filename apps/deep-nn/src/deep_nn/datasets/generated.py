"""Generated data sets: points in the plane, most of them not linearly separable.

Each is a function of its settings and a random generator. Without noise the points lie on the
curves given by the formulas; noise adds independent Gaussian deviates to both coordinates.
"""

from collections.abc import Callable, Mapping

import numpy as np

from deep_nn.datasets import RawExamples
from nn_core.arrays import Labels
from nn_core.cli.dataset import Dataset
from nn_core.registry import require

MAX_POINTS = 1_000_000
MAX_CLASSES = 100
MAX_NOISE = 1000.0


def moons(points: int = 500, noise: float = 0.2, *, rng: np.random.Generator) -> Dataset[RawExamples]:
    """Two interleaving half circles.

    upper: (cos t, sin t),   lower: (1 - cos t, 1/2 - sin t),   t evenly spaced in [0, pi]

    points  N; ceil(N / 2) in the upper moon
    noise   standard deviation of the noise, in radii
    Raises SettingError for settings out of range.
    """
    _require_points(points, 2)
    _require_noise(noise)
    y = _labels(points, 2)
    t = np.concatenate([np.linspace(0, np.pi, count) for count in np.bincount(y)])
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    x = np.where(y[:, None] == 0, upper, lower)
    return Dataset("moons", _noisy(x, noise, rng), y, ("upper", "lower"))


def circles(
    points: int = 500, noise: float = 0.1, factor: float = 0.5, *, rng: np.random.Generator
) -> Dataset[RawExamples]:
    """Two concentric circles.

    outer: (cos t, sin t),   inner: factor (cos t, sin t),   t evenly spaced in [0, 2 pi)

    points  N; ceil(N / 2) on the outer circle
    noise   standard deviation of the noise, in outer radii
    factor  the inner radius, strictly between 0 and 1
    Raises SettingError for settings out of range.
    """
    _require_points(points, 2)
    _require_noise(noise)
    require(0 < factor < 1, f"factor must be between 0 and 1, not {factor}")
    y = _labels(points, 2)
    turns = np.concatenate([np.arange(count) / count for count in np.bincount(y)])
    radius = np.where(y == 0, 1.0, factor)
    return Dataset("circles", _noisy(_polar(radius, turns), noise, rng), y, ("outer", "inner"))


def spirals(
    points: int = 500, noise: float = 0.03, classes: int = 2, turns: float = 1.5, *, rng: np.random.Generator
) -> Dataset[RawExamples]:
    """Interleaving spiral arms, one class each.

    arm k of C: r (cos a, sin a),   r = 0.1 + 0.9 s,   a = 2 pi (turns s + k / C),
    s evenly spaced in [0, 1]

    points   N, divided evenly among the arms
    noise    standard deviation of the noise, in outer radii
    classes  C, the number of arms
    turns    number of turns of each arm about the center, more than 0
    Raises SettingError for settings out of range.
    """
    _require_classes(classes)
    _require_points(points, classes)
    _require_noise(noise)
    require(0 < turns <= 100, f"turns must be more than 0 and at most 100, not {turns}")
    y = _labels(points, classes)
    s = np.concatenate([np.linspace(0, 1, count) for count in np.bincount(y)])
    x = _polar(0.1 + 0.9 * s, turns * s + y / classes)
    return Dataset("spirals", _noisy(x, noise, rng), y, _numbered(classes))


def blobs(
    points: int = 500, classes: int = 3, spread: float = 0.25, *, rng: np.random.Generator
) -> Dataset[RawExamples]:
    """Gaussian clusters around points on the unit circle, one class each.

    cluster k of C: Normal(mean = (cos(2 pi k / C), sin(2 pi k / C)), covariance = spread^2 I)

    points   N, divided evenly among the clusters
    classes  C, the number of clusters
    spread   standard deviation along each axis
    Raises SettingError for settings out of range.
    """
    _require_classes(classes)
    _require_points(points, classes)
    _require_noise(spread, "spread")
    y = _labels(points, classes)
    x = _polar(np.ones(points), y / classes)
    return Dataset("blobs", _noisy(x, spread, rng), y, _numbered(classes))


GENERATED: Mapping[str, Callable[..., Dataset[RawExamples]]] = {
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "blobs": blobs,
}


def _labels(points: int, classes: int) -> Labels:
    """Labels 0..0 1..1 ..., divided as evenly as possible; the first classes get the remainder."""
    return np.sort(np.arange(points) % classes)


def _polar(radius: RawExamples, turns: RawExamples) -> RawExamples:
    angle = 2 * np.pi * turns
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _noisy(x: RawExamples, noise: float, rng: np.random.Generator) -> RawExamples:
    return x + noise * rng.standard_normal(x.shape)


def _numbered(classes: int) -> tuple[str, ...]:
    return tuple(str(k) for k in range(classes))


def _require_points(points: int, classes: int) -> None:
    require(
        2 * classes <= points <= MAX_POINTS,
        f"points must be {2 * classes} to {MAX_POINTS}, at least two per class, not {points}",
    )


def _require_classes(classes: int) -> None:
    require(2 <= classes <= MAX_CLASSES, f"classes must be 2 to {MAX_CLASSES}, not {classes}")


def _require_noise(noise: float, name: str = "noise") -> None:
    require(0 <= noise <= MAX_NOISE, f"{name} must be 0 to {MAX_NOISE:g}, not {noise}")
