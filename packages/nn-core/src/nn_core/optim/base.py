"""The base of all optimizers, and the averages that they have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.errors import SettingError
from nn_core.hints import HelpfulErrors
from nn_core.registry import require, require_positive


@dataclass(frozen=True)
class Optimizer(HelpfulErrors, ABC):
    """An update rule and its settings.

    learning_rate          the only positional argument: Adam(0.001). The schedule scales it.
                           None: the default of the class
    state_names            names of its state vectors
    default_learning_rate  used if no learning rate is given
    rate_space             smallest and largest learning rate worth trying, for a search
    space                  further settings worth searching: the smallest and largest value of each, on a log
                           scale; "1-beta" stands for beta = 1 - value
    elementwise            whether every element is updated independently; if False, `update` is
                           called for each parameter of a network separately, in its own shape
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    default_learning_rate: ClassVar[float]
    rate_space: ClassVar[tuple[float, float]] = (1e-4, 1.0)
    space: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({})
    elementwise: ClassVar[bool] = True

    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if self.learning_rate is not None:
            given: object = self.learning_rate
            if not isinstance(given, Real | str):
                kind, name = type(given).__name__, type(self).__name__
                raise SettingError(f"{name} takes a learning rate, not a {kind}: {name}(0.001)")
            require_positive("learning_rate", self.learning_rate)

    @property
    def base_rate(self) -> float:
        """The learning rate, or the default. Raises SettingError for a class without a default."""
        if self.learning_rate is not None:
            return self.learning_rate
        name = type(self).__name__
        require(hasattr(self, "default_learning_rate"), f"{name} has no default learning rate; use {name}(0.01)")
        return self.default_learning_rate

    def init(self, w: Array) -> dict[str, Array]:
        """The state before the first step: zeros in the shape of w."""
        return {name: np.zeros_like(w) for name in self.state_names}

    def matrices(self, shape: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of further state arrays for a parameter of this shape, which begin as zeros.

        Only for optimizers that are not elementwise.
        """
        return {}

    @abstractmethod
    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        """Change w and the state in place, given the gradient g of the loss at w.

        step  step of the run: 1, 2, ...
        """

    def averaged(self, state: Arrays) -> Array | None:
        """The parameters to predict with, if they are not those at which gradients are taken: a state vector."""
        return None

    def decay(self, weights: Array, learning_rate: float) -> None:
        """Decoupled weight decay, in place, before `update`. Called for weights only, not biases."""


def average(mean: Array, x: Array, rate: float) -> None:
    """mean += (1 - rate) (x - mean).

    This and the next two functions use one temporary array at a time, which stays in cache.
    """
    change = x - mean
    change *= 1.0 - rate
    mean += change


def average_square(mean: Array, x: Array, rate: float) -> None:
    """mean = rate mean + (1 - rate) x^2, computed as a sum of products, so it is never negative."""
    square = x * x
    square *= 1.0 - rate
    mean *= rate
    mean += square


def ratio_to_root(x: Array, square: Array, epsilon: float, scale: float) -> Array:
    """scale * x / (sqrt(square) + epsilon)."""
    ratio = np.sqrt(square)
    ratio += epsilon
    np.divide(x, ratio, out=ratio)
    ratio *= scale
    return ratio


def require_rate(name: str, value: float) -> None:
    require(0 <= value < 1, f"{name} must be in [0, 1), not {value}")
