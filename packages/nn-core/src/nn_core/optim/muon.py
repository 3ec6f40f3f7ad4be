"""Muon: momentum, orthogonalized. The step of a matrix has the same length in all directions that it has at all."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays
from nn_core.optim.base import Optimizer, average, average_square, ratio_to_root, require_rate
from nn_core.registry import require

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""a, b, c of the quintic; chosen for a steep slope at zero, so that small singular values grow fast."""


@dataclass(frozen=True, kw_only=True)
class Muon(Optimizer):
    """Nesterov's momentum, replaced by the nearest matrix whose singular values are near 1.

    m += (1 - beta) (g - m)
    u = beta m + (1 - beta) g
    W -= learning_rate * 0.2 sqrt(max(rows, columns)) * orthogonalized(u)

    A gradient of a matrix is often nearly of low rank: a few directions dominate, and descent hardly
    moves along the others. With the singular value decomposition u = U S V', the nearest
    semi-orthogonal matrix U V' keeps the directions and gives all of them the same length. It is
    the steepest descent under the spectral norm, as the sign is under the largest element.

    A semi-orthogonal matrix of (m, n) has elements with the root mean square 1 / sqrt(max(m, n)); the
    factor 0.2 sqrt(max(m, n)) makes that 0.2, typical of Adam, so that both share a learning rate.
    Parameters with one axis (biases, scales) take steps of Adam. Kernels of convolutions are
    matrices of (height width channels, filters). All matrices are treated alike, since an optimizer
    sees shapes only; the authors leave embeddings and the output layer to Adam.

    Sources: Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024); Liu et al.,
    Muon is scalable for LLM training (2025), arXiv 2502.16982, for the factor; Bernstein, Newhouse, Old
    optimizer, new norm (2024), arXiv 2409.20325.
    """

    state_names: ClassVar[tuple[str, ...]] = ("m", "v")
    default_learning_rate: ClassVar[float] = 0.03
    rate_space: ClassVar[tuple[float, float]] = (1e-4, 1.0)
    elementwise: ClassVar[bool] = False

    beta: float = 0.95
    beta2: float = 0.95
    epsilon: float = 1e-8
    iterations: int = 5
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rate("beta", self.beta)
        require_rate("beta2", self.beta2)
        require(self.epsilon > 0, f"epsilon must be positive, not {self.epsilon}")
        require(1 <= self.iterations <= 100, f"iterations must be from 1 to 100, not {self.iterations}")
        require(self.weight_decay >= 0, f"weight_decay cannot be negative: {self.weight_decay}")

    def update(self, w: Array, g: Array, state: Arrays, *, learning_rate: float, step: int) -> None:
        m, v = state["m"], state["v"]
        average(m, g, self.beta)
        if w.ndim < 2:
            average_square(v, g, self.beta2)
            c = math.sqrt(1.0 - self.beta2**step)
            w -= ratio_to_root(m, v, c * self.epsilon, learning_rate * c / (1.0 - self.beta**step))
            return
        u = (self.beta * m + (1.0 - self.beta) * g).reshape(-1, w.shape[-1])
        scale = 0.2 * math.sqrt(max(u.shape))
        w -= (learning_rate * scale * orthogonalized(u, self.iterations)).reshape(w.shape)

    def decay(self, weights: Array, learning_rate: float) -> None:
        weights *= 1.0 - learning_rate * self.weight_decay


def orthogonalized(u: Array, iterations: int = 5) -> Array:
    """About U V' for u = U S V', by a Newton-Schulz iteration: products of matrices only.

    X_0 = u / |u|_F        so that all singular values are at most 1
    X_{k+1} = a X_k + (b A + c A^2) X_k,     A = X_k X_k'

    X X' = U S^2 U', so that each step maps every singular value s to a s + b s^3 + c s^5 and keeps U
    and V. Five steps bring those from 0.01 to 1 to between 0.68 and 1.14, near enough to 1.
    """
    a, b, c = COEFFICIENTS
    transposed = u.shape[0] > u.shape[1]  # the smaller of the two Gram matrices
    x = u.T if transposed else u
    norm = float(np.linalg.norm(x))
    x = x / (norm + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if transposed else x
