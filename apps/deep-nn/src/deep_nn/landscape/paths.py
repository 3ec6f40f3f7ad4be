"""Paths of optimizers over a surface, each at the best of several learning rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deep_nn.landscape.surfaces import Surface
from nn_core.arrays import Array
from nn_core.optim.optimizers import optimizer

FAR = 1e6
"""A path that goes further than this has diverged."""


@dataclass(frozen=True)
class OptimizerPath:
    """The path of an optimizer.

    rate    the learning rate, the best of those tried: the lowest mean of log values over the path
    points  (steps + 1, 2)
    values  f at each of them
    """

    name: str
    rate: float
    points: Array
    values: Array

    def steps_to(self, target: float) -> int | None:
        """The first step with at most this value; None if there is none."""
        reached = np.flatnonzero(self.values <= target)
        return int(reached[0]) if len(reached) else None


def follow(surface: Surface, name: str, rate: float, steps: int) -> Array | None:
    """The points (steps + 1, 2) of an optimizer; None if it diverges."""
    made = optimizer(name)
    w = np.array(surface.start, np.float64)
    state = made.init(w)
    points = [w.copy()]
    for t in range(1, steps + 1):
        made.decay(w, rate)
        made.update(w, surface.gradient(w), state, learning_rate=rate, step=t)
        if not np.isfinite(w).all() or np.abs(w).max() > FAR:
            return None
        averaged = made.averaged(state)
        points.append(np.array(w if averaged is None else averaged, np.float64))
    return np.array(points)


def best_path(surface: Surface, name: str, rates: Sequence[float], steps: int) -> OptimizerPath | None:
    """The path at the rate with the lowest mean of log(f - lowest), for fast and far descent; None if all diverge."""
    best: OptimizerPath | None = None
    lowest_score = math.inf
    for rate in rates:
        with np.errstate(over="ignore", invalid="ignore"):
            points = follow(surface, name, rate, steps)
        if points is None:
            continue
        values = surface.value(points[:, 0], points[:, 1])
        score = float(np.log(np.maximum(values - surface.lowest, 1e-12)).mean())
        if score < lowest_score:
            best, lowest_score = OptimizerPath(name, rate, points, values), score
    return best
