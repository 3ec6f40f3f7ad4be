"""How the gradient of a loss shrinks or grows on its way back through time."""

from dataclasses import dataclass

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import DivergenceError
from nn_core.layers import CELLS, Dense, Embedding
from nn_core.losses import sequence_cross_entropy
from nn_core.network import Network
from nn_core.optim.transforms import clip_by_global_norm

LETTERS, DIMENSIONS, TEXTS = 27, 32, 16
"""Of the network that is looked at, its embedding, and the random texts that it reads."""


@dataclass(frozen=True)
class GradientsBack:
    """Norms of gradients at 0, 1, ... K steps back from the last step, whose loss it is.

    state    |dL/dstate[T-k]| / |dL/dstate[T]|, (K + 1,), of k = 0 to K
    weights  |g[k]|, (K,), of k = 1 to K: the gradient of all weights, from the last k steps
    clipped  the same, each clipped by its norm
    """

    state: Array
    weights: Array
    clipped: Array

    @property
    def growth(self) -> float:
        """By how much the gradient of the state is multiplied at a step, in the geometric mean."""
        steps = len(self.state) - 1
        return float(self.state[-1] ** (1 / steps))


def gradients_back(
    cell: str, *, hidden: int, steps: int, scale: float, clip_norm: float, rng: np.random.Generator
) -> GradientsBack:
    """The gradient of the last step's loss, followed back through a network nobody has trained.

    Letters drawn at random are read, embedded, by a recurrent layer of one state after the other,

    state[t] = f(x[t], state[t-1]),   logits = h[T] @ W + b,   L = the loss of the last step alone

    so that L depends on an earlier state only through those after it:

    dL/dstate[t-1] = (dstate[t]/dstate[t-1])^T dL/dstate[t]

    which is what the layer's own backward_through_time hands back for one step, given what came
    from the step after it. The state is h, and in an LSTM h and c together, (h, c), of which the
    loss reads h alone. For tanh,
    h[t] = tanh(x[t] @ W_x + h[t-1] @ W_h + b), it is

    dL/dh[t-1] = (dL/dh[t] (1 - h[t]^2)) @ W_h^T

    and k steps back are k factors W_h^T: where W_h stretches more than the slopes 1 - h^2 shrink
    they grow like a power, and otherwise they vanish like one. A GRU adds u dL/dh[t], an LSTM
    f dL/dc[t], which needs no W_h.

    The gradient of the weights is a sum over the steps. Cut off after the last k,

    g[k] = sum over t = T - k + 1 ... T of dL/dw at step t

    and clipped to |g[k]| <= clip_norm it keeps its direction, but not its length.

    steps  K: as many letters are read, and so far the gradient is followed
    scale  what the recurrent weights, orthogonal as they begin, are multiplied by
    Raises DivergenceError if the gradient grows past all numbers.
    Source: Bengio, Simard, Frasconi, Learning long-term dependencies with gradient descent is
    difficult (1994); Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
    networks (2013), sec. 2.
    """
    chain = [Embedding(DIMENSIONS, LETTERS), CELLS[cell](hidden), Dense(LETTERS, "xavier")]
    network = Network(chain, input_shape=(), rng=rng, dtype=np.float64, over_time=True)
    network.parameter_views[1]["W_h"] *= scale
    text = rng.integers(LETTERS, size=(TEXTS, steps + 1))
    contexts = network.contexts(frozen=True)
    passes = []
    for t in range(steps):
        logits, caches = network.forward(text[:, t : t + 1], contexts)
        passes.append([tuple(array.copy() for array in cache) for cache in caches])
        contexts[1].carry()
    _, d_logits = sequence_cross_entropy(logits, text[:, -1:])

    total = np.zeros_like(network.gradients)
    states, weights, clipped = [], [], []
    d_state = None
    with np.errstate(all="ignore"):
        for caches in reversed(passes):
            contexts[1].d_final_state = d_state
            network.backward(d_logits, caches, contexts)
            if d_state is None:
                W = network.parameter_views[2]["W"]
                states.append(_norm(d_logits[:, 0] @ W.T))
            d_state = contexts[1].d_initial_state or ()
            states.append(_norm(*d_state))
            total += network.gradients
            g = total.copy()
            weights.append(clip_by_global_norm(g, clip_norm))
            clipped.append(_norm(g))
            d_logits = np.zeros_like(d_logits)
    if not np.isfinite(states + weights).all():
        raise DivergenceError(
            f"the gradient of {cell} with recurrent weights x {scale:g} grows past all numbers"
            f" within {steps} steps; look at fewer, or at smaller weights"
        )
    return GradientsBack(np.array(states) / states[0], np.array(weights), np.array(clipped))


def _norm(*arrays: Array) -> float:
    return float(np.sqrt(sum(float((array * array).sum()) for array in arrays)))
