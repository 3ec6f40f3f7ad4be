"""Learning-rate schedules: the factor that multiplies the learning rate at each step.

Time is measured in epochs, including fractions. With `warmup`, the factor first rises linearly
over that many epochs, from 1 / (number of warmup steps) to 1, and the schedule starts after that.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from nn_core.hints import HelpfulErrors
from nn_core.registry import Registry, require


@dataclass(frozen=True, kw_only=True)
class Schedule(HelpfulErrors, ABC):
    """A factor for the learning rate over time.

    warmup  epochs of linear warmup before the schedule starts
    """

    warmup: float = 0.0

    def __post_init__(self) -> None:
        require(self.warmup >= 0, f"warmup cannot be negative: {self.warmup}")

    def __call__(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        """The factor at step 0, 1, ... of a run of `epochs` epochs."""
        rising = self.warmup * steps_per_epoch
        if step + 1 < rising:
            return (step + 1) / rising
        return self.factor(max(0.0, step - rising) / steps_per_epoch, max(epochs - self.warmup, 0.0))

    @abstractmethod
    def factor(self, epoch: float, epochs: float) -> float:
        """The factor at a time; times are in epochs since the end of the warmup."""


class Constant(Schedule):
    """factor = 1."""

    def factor(self, epoch: float, epochs: float) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class InverseTime(Schedule):
    """factor = 1 / (1 + rate * floor(epoch / interval))."""

    rate: float = 1.0
    interval: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.rate >= 0, f"rate cannot be negative: {self.rate}")
        require(self.interval >= 1e-6, f"interval must be at least 1e-6, not {self.interval}")

    def factor(self, epoch: float, epochs: float) -> float:
        return 1.0 / (1.0 + self.rate * _whole(epoch / self.interval))


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """factor = gamma^floor(epoch / interval)."""

    gamma: float = 0.5
    interval: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.gamma <= 1, f"gamma must be in (0, 1], not {self.gamma}")
        require(self.interval >= 1e-6, f"interval must be at least 1e-6, not {self.interval}")

    def factor(self, epoch: float, epochs: float) -> float:
        return self.gamma ** _whole(epoch / self.interval)


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """factor = exp(-rate * epoch)."""

    rate: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.rate >= 0, f"rate cannot be negative: {self.rate}")

    def factor(self, epoch: float, epochs: float) -> float:
        return math.exp(-self.rate * epoch)


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """factor = final + (1 - final) (1 + cos(pi epoch / epochs)) / 2: from 1 to `final`.

    `epochs` is the length of the run, so a longer run anneals later.
    Source: Loshchilov, Hutter, SGDR: stochastic gradient descent with warm restarts (2017).
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.final <= 1, f"final must be in [0, 1], not {self.final}")

    def factor(self, epoch: float, epochs: float) -> float:
        done = min(epoch / epochs, 1.0) if epochs > 0 else 1.0
        return self.final + (1.0 - self.final) * (1.0 + math.cos(math.pi * done)) / 2.0


def _whole(intervals: float) -> int:
    """floor, treating 2.9999999999 as 3, since decimals such as 0.1 are not exact floats."""
    return math.floor(intervals + 1e-9)


SCHEDULES: Registry[type[Schedule]] = Registry(
    "schedule",
    {"constant": Constant, "inverse-time": InverseTime, "step": Step, "exponential": Exponential, "cosine": Cosine},
    group="nn_core.schedules",
    kebab_case=True,
    foreign={
        "cosine-annealing": "cosine",
        "cosineannealinglr": "cosine",
        "steplr": "step",
        "exponentiallr": "exponential",
        "none": "constant",
        "linear": "inverse-time",
    },
)
"""All schedules by name."""


def schedule(given: str | Schedule) -> Schedule:
    """The schedule for a spec such as "cosine:warmup=5"; a Schedule is returned unchanged.

    Raises SettingError for an unknown name or setting, and for a class (`Cosine` instead of `Cosine()`).
    """
    made: Schedule = SCHEDULES.create(given, Schedule)
    return made
