"""Schedule-Free AdamW: an average of the iterates in place of a decreasing learning rate."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.optim.base import Optimizer, average_square, ratio_to_root, require_rate
from nn_core.registry import require


@dataclass(frozen=True, kw_only=True)
class ScheduleFreeAdamW(Optimizer):
    """AdamW on a sequence z, while gradients are taken between z and its average x, with which one predicts.

    v = beta2 v + (1 - beta2) g^2,     g the gradient at y
    z -= r_t * (g / (sqrt(v) + epsilon) + weight_decay * y)
    x += c_t (z - x),                  c_t = r_t^2 / sum_{i <= t} r_i^2
    y = (1 - beta) z + beta x

    A decreasing rate ends near the average of the iterates; here that average is at hand at
    every step, with no length of the run to be known before. beta = 0.9 sets how far y follows x: 0 would
    average the iterates of plain AdamW (Polyak), 1 would take gradients at the average alone.
    The parameters of the network are y in training, and x for evaluation, predictions and checkpoints.

    r_t = learning_rate sqrt(1 - beta2^t) corrects for the zeros that v begins with; the sum in c_t is then that
    of 1 - beta2^i, i = 1, ..., t. Schedules scale the steps, not the weights of the
    average: none is needed. Running statistics of BatchNorm are those at y.
    Source: Defazio et al., The road less scheduled (2024), arXiv 2405.15682, algorithm 1. (Later versions of the
    authors' code leave the correction out of c_t, which is 1 / t then, and out of the decay.)
    """

    state_names: ClassVar[tuple[str, ...]] = ("x", "z", "v")
    default_learning_rate: ClassVar[float] = 0.03
    rate_space: ClassVar[tuple[float, float]] = (1e-4, 1.0)

    beta: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta", self.beta)
        require_rate("beta2", self.beta2)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")
        require(self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}")

    def init(self, w: Array) -> dict[str, Array]:
        return {"x": w.copy(), "z": w.copy(), "v": np.zeros_like(w)}

    def averaged(self, state: Arrays) -> Array | None:
        return state["x"]

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        x, z, v = state["x"], state["z"], state["v"]
        average_square(v, g, self.beta2)
        correction = 1.0 - self.beta2**step
        rate = learning_rate * math.sqrt(correction)
        z -= ratio_to_root(g, v, self.epsilon, rate)
        if self.weight_decay:
            z -= rate * self.weight_decay * w
        total = step - self.beta2 * correction / (1.0 - self.beta2)
        x += (correction / total) * (z - x)
        w[...] = (1.0 - self.beta) * z + self.beta * x
