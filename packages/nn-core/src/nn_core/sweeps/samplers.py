"""Points of the unit cube, drawn in rounds: random, Sobol's sequence, or those of Optuna's samplers.

A sampler is asked for a round of points, and told their losses in the order of the points before the next round. So
the points do not depend on how many workers there are, or on which is faster.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nn_core.errors import SettingError
from nn_core.extras import import_extra
from nn_core.sweeps.sobol import MOST_DIMENSIONS, sobol_points
from nn_core.sweeps.space import Choices, Range, Space

SAMPLERS = ("random", "sobol", "tpe", "gp")
"""Names; the last two are Optuna's."""


class Sampler(ABC):
    """Draws settings of a space, as texts by name."""

    @abstractmethod
    def ask(self, count: int) -> list[dict[str, str]]:
        """The settings of the next trials."""

    def tell(self, losses: Sequence[float], pruned: Sequence[bool]) -> None:
        """The losses of the trials asked for last, in their order; those of pruned ones are of less training."""
        del losses, pruned  # most samplers do not learn


class RandomSampler(Sampler):
    """Independent uniform points."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._rng = space, np.random.default_rng([seed, 0])

    def ask(self, count: int) -> list[dict[str, str]]:
        return [_at(self._space, row) for row in self._rng.random((count, len(self._space))).tolist()]


class SobolSampler(Sampler):
    """Sobol's sequence, shifted at random: more even than independent points."""

    def __init__(self, space: Space, seed: int) -> None:
        if len(space) > MOST_DIMENSIONS:
            raise SettingError(f"the sampler sobol has {MOST_DIMENSIONS} dimensions at most, not {len(space)}")
        self._space, self._seed, self._asked = space, seed, 0

    def ask(self, count: int) -> list[dict[str, str]]:
        points = sobol_points(self._asked + count, len(self._space), seed=self._seed)[self._asked :]
        self._asked += count
        return [_at(self._space, row) for row in points.tolist()]


class OptunaSampler(Sampler):
    """A sampler of Optuna, from the extra nn-core[optuna]."""

    def __init__(self, name: str, space: Space, seed: int) -> None:
        optuna = import_extra("optuna", "optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        kind = {"tpe": "TPESampler", "gp": "GPSampler"}[name]
        self._optuna, self._space = optuna, space
        self._study = optuna.create_study(sampler=getattr(optuna.samplers, kind)(seed=seed))
        self._distributions = {name: _distribution(optuna, each) for name, each in space.items()}
        self._trials: list[Any] = []

    def ask(self, count: int) -> list[dict[str, str]]:
        self._trials = [self._study.ask(self._distributions) for _ in range(count)]
        return [{name: _text(trial.params[name]) for name in self._space} for trial in self._trials]

    def tell(self, losses: Sequence[float], pruned: Sequence[bool]) -> None:
        states = self._optuna.trial.TrialState
        for trial, loss, was_pruned in zip(self._trials, losses, pruned, strict=True):
            if not math.isfinite(loss):
                self._study.tell(trial, state=states.FAIL)
            elif was_pruned:
                trial.report(loss, 1)
                self._study.tell(trial, state=states.PRUNED)
            else:
                self._study.tell(trial, loss)


def sampler(name: str, space: Space, seed: int) -> Sampler:
    """The sampler of a name in SAMPLERS. Raises MissingExtraError without Optuna."""
    if name == "random":
        return RandomSampler(space, seed)
    return SobolSampler(space, seed) if name == "sobol" else OptunaSampler(name, space, seed)


def _at(space: Space, point: Sequence[float]) -> dict[str, str]:
    return {name: dimension.at(u) for (name, dimension), u in zip(space.items(), point, strict=True)}


def _distribution(optuna: Any, dimension: Range | Choices) -> Any:
    kinds = optuna.distributions
    if isinstance(dimension, Choices):
        return kinds.CategoricalDistribution(dimension.values)
    if dimension.whole:
        return kinds.IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return kinds.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def shown(values: Mapping[str, str]) -> str:
    """Settings as text: "learning-rate=0.01 hidden=64,64"."""
    return " ".join(f"{name}={value}" for name, value in values.items())
