"""SOAP: Adam in the directions in which the gradients of a matrix vary."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.optim.base import Optimizer, average, average_square, ratio_to_root, require_rate
from nn_core.registry import require


@dataclass(frozen=True, kw_only=True)
class SOAP(Optimizer):
    """Shampoo with Adam in the eigenbasis of its preconditioner.

    L = beta2 L + (1 - beta2) G G',   R = beta2 R + (1 - beta2) G' G     for a matrix of (m, n)
    P, Q = orthogonal matrices near the eigenvectors of L and R
    m += (1 - beta1) (g - m)
    v = beta2 v + (1 - beta2) (P' G Q)^2
    W -= learning_rate * P ((P' M Q) / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)) Q'

    Adam scales each element on its own, which fits if gradients vary independently from element to
    element. L and R say in which directions of the rows and of the columns they vary; in the
    basis of these directions they are uncorrelated, and Adam's assumption holds. With P and Q the
    identity it is Adam, and with v from one step only it is Shampoo.

    The basis changes slowly: after the first step, where `eigh` finds it, one step of orthogonal
    iteration, P = QR(L P), every `frequency` steps keeps up. Eigenvectors are in descending order, so that
    directions without gradient come last, and cannot displace others, whose v is known. An axis of
    more than `largest` elements keeps its own basis. Biases take steps of Adam. Kernels of
    convolutions are matrices of (height width channels, filters).
    Sources: Vyas et al., SOAP: improving and stabilizing Shampoo using Adam (2024), arXiv 2409.11321,
    algorithm 3; Gupta, Koren, Singer, Shampoo (2018), arXiv 1802.09568.
    """

    state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    default_learning_rate: ClassVar[float] = 0.01
    rate_space: ClassVar[tuple[float, float]] = (1e-4, 1.0)
    elementwise: ClassVar[bool] = False

    beta1: float = 0.95
    beta2: float = 0.95
    epsilon: float = 1e-8
    frequency: int = 10
    largest: int = 1024
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta1", self.beta1)
        require_rate("beta2", self.beta2)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")
        require(self.frequency >= 1, f"frequency must be at least 1, not {self.frequency}")
        require(self.largest >= 0, f"largest cannot be negative: {self.largest}")
        require(self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}")

    def matrices(self, shape: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
        if len(shape) < 2:
            return {}
        sides = {"rows": math.prod(shape[:-1]), "columns": shape[-1]}
        kept = {name: size for name, size in sides.items() if 1 < size <= self.largest}
        return {f"{name}-{what}": (size, size) for name, size in kept.items() for what in ("covariance", "basis")}

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        m, v = state["m"], state["v"]
        average(m, g, self.beta1)
        flat = g.reshape(-1, g.shape[-1]) if g.ndim > 1 else g
        P, Q = (self._basis(name, flat, state, step) for name in ("rows", "columns"))
        rotated = _rotated(flat, P, Q)
        average_square(v, rotated.reshape(v.shape), self.beta2)
        c = math.sqrt(1.0 - self.beta2**step)
        scale = learning_rate * c / (1.0 - self.beta1**step)
        in_basis = _rotated(m.reshape(flat.shape), P, Q)
        change = ratio_to_root(in_basis, v.reshape(flat.shape), c * self.epsilon, scale)
        w -= _rotated(change, None if P is None else P.T, None if Q is None else Q.T).reshape(w.shape)

    def decay(self, weights: Array, learning_rate: float) -> None:
        weights *= 1.0 - learning_rate * self.weight_decay

    def _basis(self, name: str, g: Array, state: Arrays, step: int) -> Array | None:
        """The basis of an axis, brought up to date; None for its own one."""
        covariance = state.get(f"{name}-covariance")
        if covariance is None:
            return None
        basis = state[f"{name}-basis"]
        covariance *= self.beta2
        covariance += (1.0 - self.beta2) * (g @ g.T if name == "rows" else g.T @ g)
        if step == 1:
            basis[...] = np.linalg.eigh(covariance)[1][:, ::-1]
        elif (step - 1) % self.frequency == 0:
            basis[...] = np.linalg.qr(covariance @ basis)[0]
        return basis


def _rotated(g: Array, P: Array | None, Q: Array | None) -> Array:
    """P' g Q, without what is None."""
    if P is not None:
        g = P.T @ g
    return g if Q is None else g @ Q
