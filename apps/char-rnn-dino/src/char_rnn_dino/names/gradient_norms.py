"""How the gradient of a loss vanishes or explodes backward through time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import DivergenceError
from nn_core.layers import CELLS, Context, Dense, Embedding
from nn_core.layers.base import State
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.transforms import clip_by_global_norm

VOCABULARY_SIZE, EMBEDDING, BATCH_SIZE = 27, 32, 16
"""Vocabulary and embedding size of the network, and the number of random sequences it reads."""


@dataclass(frozen=True)
class GradientNorms:
    """Gradient norms by steps back from the last step T, the only one with a loss.

    state    |dL/dstate[T-k]| / |dL/dstate[T]|, (K + 1,), k = 0 ... K
    weights  |g[k]|, (K,), k = 1 ... K: the gradient of all weights from the last k steps
    clipped  the same, each clipped to the maximum norm
    """

    state: Array
    weights: Array
    clipped: Array

    @property
    def growth(self) -> float:
        """The factor by which the state's gradient changes per step (geometric mean)."""
        steps = len(self.state) - 1
        return float(self.state[-1] ** (1 / steps))


def gradient_norms(
    cell: str, *, hidden: int, steps: int, scale: float, clip_norm: float, rng: np.random.Generator
) -> GradientNorms:
    """Backpropagate the gradient of the last step's loss through an untrained network.

    Random letters are embedded and read by a recurrent layer, state by state:

    state[t] = f(x[t], state[t-1]),   logits = h[T] @ W + b,   L = the loss of step T alone

    so that L depends on an earlier state only through the later ones:

    dL/dstate[t-1] = (dstate[t]/dstate[t-1])^T dL/dstate[t]

    which the layer's backward pass returns for one step, given the gradient from the next step.
    The state is h, or in an LSTM the pair (h, c), of which the loss depends only on h. For tanh,
    h[t] = tanh(x[t] @ W_x + h[t-1] @ W_h + b), it is

    dL/dh[t-1] = (dL/dh[t] (1 - h[t]^2)) @ W_h^T

    and k steps back multiply by k factors W_h^T: if W_h stretches more than the slopes 1 - h^2
    shrink, the gradient grows exponentially, and otherwise it vanishes exponentially. A GRU adds
    u dL/dh[t], an LSTM f dL/dc[t], neither of which involves W_h.

    The gradient of the weights is a sum over the steps. Truncated to the last k,

    g[k] = sum over t = T - k + 1 ... T of dL/dw at step t

    and clipping to |g[k]| <= clip_norm preserves its direction, but not its norm.

    steps  K, the number of letters read, and of steps to backpropagate
    scale  factor on the recurrent weights, which are initially orthogonal
    Raises DivergenceError if the gradient overflows.
    Source: Bengio, Simard, Frasconi, Learning long-term dependencies with gradient descent is
    difficult (1994); Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks (2013), sec. 2.
    """
    V = VOCABULARY_SIZE
    layers = [Embedding(V, EMBEDDING), CELLS[cell](hidden), Dense(V, initializer="xavier")]
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)
    chain, params, context = network.chain, network.params, Context()
    params["1/W_h"][...] *= scale
    text: npt.NDArray[Any] = rng.integers(V, size=(BATCH_SIZE, steps + 1))
    state, caches = network.initial_state(BATCH_SIZE), []
    for t in range(steps):
        logits, state, cache = chain.forward_with_state(text[:, t : t + 1], state, params, context)
        caches.append(cache)
    _, d_logits = softmax_cross_entropy(logits, text[:, -1:])

    states, weights, clipped = [_norm(d_logits[:, 0] @ params["2/W"].T)], [], []
    gradients, grads = network.new_gradients()
    total = np.zeros_like(gradients)
    d_state: State = ()
    with np.errstate(all="ignore"):
        for cache in reversed(caches):
            _, d_state = chain.backward_with_state(d_logits, d_state, cache, params, grads, context)
            states.append(_norm(*d_state[1]))
            total += gradients
            g = total.copy()
            weights.append(clip_by_global_norm(g, clip_norm))
            clipped.append(_norm(g))
            d_logits = np.zeros_like(d_logits)
    if not np.isfinite(states + weights).all():
        raise DivergenceError(
            f"the gradient of {cell} overflows with recurrent weights x {scale:g} within {steps}"
            " steps; use fewer steps or a smaller scale"
        )
    return GradientNorms(np.array(states) / states[0], np.array(weights), np.array(clipped))


def _norm(*arrays: Array) -> float:
    return float(np.sqrt(sum(float((array * array).sum()) for array in arrays)))
