"""Surfaces of two variables with their gradients: classic test functions, and the loss in two weights of a network.

Source of the test functions: Jamil, Yang, A literature survey of benchmark functions for global optimization problems
(2013).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.training.trainer import Trainer

Value = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Surface:
    """A function of two variables.

    name      for titles
    value     f(x, y), for arrays of any shape
    gradient  df/dx, df/dy at a point (2,)
    start     where paths begin
    window    smallest and largest x, smallest and largest y that are drawn
    axes      names of the variables
    lowest    the lowest value, for the scale of the contour
    """

    name: str
    value: Value
    gradient: Callable[[Array], Array]
    start: tuple[float, float]
    window: tuple[float, float, float, float]
    axes: tuple[str, str] = ("x", "y")
    lowest: float = 0.0


def rosenbrock() -> Surface:
    """(1 - x)^2 + 100 (y - x^2)^2: a curved valley, lowest at (1, 1)."""

    def gradient(p: Array) -> Array:
        x, y = p
        return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])

    return Surface(
        "Rosenbrock's function",
        lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
        gradient,
        start=(-1.2, 1.0),
        window=(-1.8, 1.8, -0.6, 2.6),
    )


def beale() -> Surface:
    """(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2: flat, with steep walls; lowest at (3, 0.5)."""
    constants = (1.5, 2.25, 2.625)

    def value(x: Array, y: Array) -> Array:
        first, second, third = ((c - x + x * y**k) ** 2 for k, c in enumerate(constants, start=1))
        return first + second + third

    def gradient(p: Array) -> Array:
        x, y = p
        terms = [(c - x + x * y**k, k) for k, c in enumerate(constants, start=1)]
        return np.array(
            [sum(2 * term * (y**k - 1) for term, k in terms), sum(2 * term * x * k * y ** (k - 1) for term, k in terms)]
        )

    return Surface("Beale's function", value, gradient, start=(1.0, 1.5), window=(-0.5, 4.5, -1.5, 2.0))


def himmelblau() -> Surface:
    """(x^2 + y - 11)^2 + (x + y^2 - 7)^2: four lowest points."""

    def gradient(p: Array) -> Array:
        x, y = p
        a, b = x * x + y - 11, x + y * y - 7
        return np.array([4 * x * a + 2 * b, 2 * a + 4 * y * b])

    return Surface(
        "Himmelblau's function",
        lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
        gradient,
        start=(-0.5, -1.0),
        window=(-5.0, 5.0, -5.0, 5.0),
    )


def valley() -> Surface:
    """(x^2 + 50 y^2) / 2: a straight valley, 50 times as steep across as along."""
    return Surface(
        "a narrow valley",
        lambda x, y: (x * x + 50 * y * y) / 2,
        lambda p: np.array([p[0], 50 * p[1]]),
        start=(-9.0, 1.2),
        window=(-10.0, 4.0, -2.0, 2.0),
    )


def saddle() -> Surface:
    """x^2 - y^2 + y^4 / 4: a saddle at the origin, lowest at y = +-sqrt(2)."""
    return Surface(
        "a saddle",
        lambda x, y: x * x - y * y + y**4 / 4,
        lambda p: np.array([2 * p[0], -2 * p[1] + p[1] ** 3]),
        start=(-1.5, 0.001),
        window=(-2.0, 2.0, -2.2, 2.2),
        lowest=-1.0,
    )


SURFACES: dict[str, Callable[[], Surface]] = {
    "rosenbrock": rosenbrock,
    "beale": beale,
    "himmelblau": himmelblau,
    "valley": valley,
    "saddle": saddle,
}
"""The test functions by name."""


def loss_surface(trainer: Trainer, reach: float = 2.5) -> Surface:
    """The training loss of a trained network in two weights of its first hidden unit, all others fixed.

    reach  how far the drawn window extends from the trained weights, in each direction, in units of the distance of
           the start
    Paths begin on the other side of zero, where the unit looks the opposite way.
    """
    network, loss = trainer.network, trainer.recipe.loss
    x, y = np.asarray(trainer.examples[0][:]), trainer.examples[1]
    name = next(each for each in network.params if each.endswith("/W"))
    W = network.params[name]
    here = W[:2, 0].astype(np.float64)
    others = W[:2, 0].copy()

    def at(point: npt.ArrayLike) -> None:
        W[:2, 0] = np.asarray(point, W.dtype)

    def value(first: Array, second: Array) -> Array:
        points = np.stack(np.broadcast_arrays(first, second), axis=-1).reshape(-1, 2)
        losses = []
        for point in points:
            at(point)
            losses.append(loss(trainer.backend.predict(x)[0], y)[0])
        at(others)
        return np.array(losses).reshape(np.broadcast(first, second).shape)

    def gradient(point: Array) -> Array:
        at(point)
        found = trainer.backend.loss_and_gradients(x, y, loss)
        named = network.named(found.gradients[: network.trained_count])
        gradients: Array = named[name][:2, 0].astype(np.float64)
        at(others)
        return gradients

    start = -1.2 * here + np.array([0.3, -0.3]) * np.abs(here).max()
    middle, half = (here + start) / 2, reach * max(np.abs(here - start).max() / 2, 0.5) / 1.5
    window = (middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half)
    return Surface(
        "the training loss in two weights",
        value,
        gradient,
        start=(float(start[0]), float(start[1])),
        window=tuple(map(float, window)),  # type: ignore[arg-type]
        axes=(f"{name}[0, 0]", f"{name}[1, 0]"),
    )
