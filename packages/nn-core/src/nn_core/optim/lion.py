"""Lion: steps of the same size in every direction, along the sign of a momentum."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.optim.base import Optimizer, average, require_rate
from nn_core.registry import require


@dataclass(frozen=True, kw_only=True)
class Lion(Optimizer):
    """Sign descent with two momenta, which keeps one state vector instead of Adam's two.

    W -= learning_rate * weight_decay * W          weights only, not biases
    w -= learning_rate * sign(beta1 m + (1 - beta1) g)
    m += (1 - beta2) (g - m)

    The step weighs the newest gradient by 1 - beta1 = 0.1, the memory by 1 - beta2 = 0.01: it reacts
    faster than it forgets. Each element moves by exactly the learning rate, so that the norm of a
    step is learning_rate sqrt(size), larger than Adam's: use a third to a tenth of Adam's rate, and a
    weight decay that is larger by the same factor.
    Source: Chen et al., Symbolic discovery of optimization algorithms (2023), arXiv 2302.06675, algorithm 2.
    """

    state_names: ClassVar[tuple[str, ...]] = ("m",)
    default_learning_rate: ClassVar[float] = 0.003
    rate_space: ClassVar[tuple[float, float]] = (1e-5, 0.1)

    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta1", self.beta1)
        require_rate("beta2", self.beta2)
        require(self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}")

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        m = state["m"]
        direction = self.beta1 * m
        direction += (1.0 - self.beta1) * g
        np.sign(direction, out=direction)
        direction *= learning_rate
        w -= direction
        average(m, g, self.beta2)

    def decay(self, weights: Array, learning_rate: float) -> None:
        weights *= 1.0 - learning_rate * self.weight_decay
