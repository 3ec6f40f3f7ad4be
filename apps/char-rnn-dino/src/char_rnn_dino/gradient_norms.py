"""How the gradient of a loss vanishes or explodes backward through time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Labels
from nn_core.errors import DataError, DivergenceError
from nn_core.layers import CELLS, Context, Dense, Embedding
from nn_core.layers.base import State
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.transforms import clip_by_global_norm

VOCABULARY_SIZE, EMBEDDING = 27, 32
"""Vocabulary and embedding size of an untrained network."""
BATCH_SIZE = 16
"""Number of sequences read."""
KEEPS = {"gru": "update gate", "lstm": "forget gate"}
"""The gate that multiplies the previous state, by cell."""


@dataclass(frozen=True)
class GradientNorms:
    """Gradient norms by steps back from the last step T, the only one with a loss.

    state    |dL/dstate[T-k]| / |dL/dh[T]|, (K + 1,), k = 0 ... K
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


def gradient_norms(network: Network, text: Labels, *, clip_norm: float) -> GradientNorms:
    """Backpropagate the gradient of the last step's loss through a network, state by state.

    state[t] = f(x[t], state[t-1]),   logits = h[T] @ W + b,   L = the loss of step T alone

    so that L depends on an earlier state only through the later ones:

    dL/dstate[t-1] = (dstate[t]/dstate[t-1])^T dL/dstate[t]

    which the layers' backward pass returns for one step, given the gradient from the next step.
    The state is h, or in an LSTM the pair (h, c), of which the loss depends only on h; of several
    recurrent layers, the states of all. For tanh, h[t] = tanh(x[t] @ W_x + h[t-1] @ W_h + b), it is

    dL/dh[t-1] = (dL/dh[t] (1 - h[t]^2)) @ W_h^T

    and k steps back multiply by k factors W_h^T: if W_h stretches more than the slopes 1 - h^2
    shrink, the gradient grows exponentially, and otherwise it vanishes exponentially. A GRU adds
    u dL/dh[t], an LSTM f dL/dc[t], neither of which involves W_h: where the gate u or f is open
    (near 1), the gradient is kept.

    The gradient of the weights is a sum over the steps. Truncated to the last k,

    g[k] = sum over t = T - k + 1 ... T of dL/dw at step t

    and clipping to |g[k]| <= clip_norm preserves its direction, but not its norm.

    network  from tokens (N, T) to logits (N, T, V), the last layer Dense
    text     (N, K + 1) tokens: K that are read, and the one to predict after them
    Raises DivergenceError if the gradient overflows, DataError for a network without a last Dense layer.
    Source: Bengio, Simard, Frasconi, Learning long-term dependencies with gradient descent is
    difficult (1994); Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks (2013), sec. 2.
    """
    if not isinstance(network.layers[-1], Dense):
        raise DataError("the last layer of the network is not Dense")
    N, steps = len(text), text.shape[1] - 1
    chain, params, context = network.chain, network.params, Context()
    state, caches = network.initial_state(N), []
    x: npt.NDArray[Any] = text
    for t in range(steps):
        logits, state, cache = chain.forward_with_state(x[:, t : t + 1], state, params, context)
        caches.append(cache)
    _, d_logits = softmax_cross_entropy(logits, text[:, -1:])

    states, weights, clipped = [_norm(d_logits[:, 0] @ network[-1].params["W"].T)], [], []
    gradients, grads = network.new_gradients()
    total = np.zeros_like(gradients)
    d_state: State = ()
    with np.errstate(all="ignore"):
        for cache in reversed(caches):
            _, d_state = chain.backward_with_state(d_logits, d_state, cache, params, grads, context)
            states.append(_norm(*(part for of_layer in d_state for part in of_layer)))
            total += gradients
            g = total.copy()
            weights.append(clip_by_global_norm(g, clip_norm))
            clipped.append(_norm(g))
            d_logits = np.zeros_like(d_logits)
    if not np.isfinite(states + weights).all():
        raise DivergenceError(f"the gradient overflows within {steps} steps; use fewer steps or smaller weights")
    return GradientNorms(np.array(states) / states[0], np.array(weights), np.array(clipped))


def untrained_network(
    cell: str, *, hidden: int, rng: np.random.Generator, scale: float = 1.0, gate_bias: float | None = None
) -> Network:
    """An embedding, a recurrent layer and a dense layer, in float64.

    scale      factor on the recurrent weights, which are initially orthogonal
    gate_bias  bias b of the gate that keeps the state, which is open by sigmoid(b) for inputs of 0:
               the update gate of a GRU; in an LSTM the forget gate, and -b of the input gate, so that
               it writes what it does not keep, like a GRU. None for the initial bias
    Source: Tallec, Ollivier, Can recurrent neural networks warp time? (2018), sec. 2.
    """
    layers = [Embedding(VOCABULARY_SIZE, EMBEDDING), CELLS[cell](hidden), Dense(VOCABULARY_SIZE, initializer="xavier")]
    network = Network(layers, input_shape=(None,), rng=rng, dtype=np.float64)
    network.params["1/W_h"][...] *= scale
    if gate_bias is not None:
        b = network.params["1/b"].reshape(-1, hidden)  # a row per gate
        if cell == "lstm":
            b[1], b[2] = -gate_bias, gate_bias
        else:
            b[1] = gate_bias
    return network


def random_text(steps: int, rng: np.random.Generator) -> Labels:
    """Random tokens for an untrained network, (BATCH_SIZE, steps + 1)."""
    text: npt.NDArray[Any] = rng.integers(VOCABULARY_SIZE, size=(BATCH_SIZE, steps + 1))
    return text


def _norm(*arrays: Array) -> float:
    """In float64, in which squares do not underflow."""
    return float(np.sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in arrays)))
