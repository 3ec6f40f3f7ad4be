"""Recurrent layers as their formulas say: one example, one step, one number at a time."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from oracles import sigmoid

Numbers = npt.NDArray[Any]
Params = dict[str, Numbers]


def weighted_sum(v: Numbers, W: Numbers, j: int) -> float:
    return math.fsum(v[i] * W[i, j] for i in range(len(v)))


def simple_rnn_step(x: Numbers, h: Numbers, params: Params) -> tuple[Numbers]:
    units = len(h)
    now = np.empty(units)
    for j in range(units):
        z = weighted_sum(x, params["W_x"], j) + weighted_sum(h, params["W_h"], j) + params["b"][j]
        now[j] = math.tanh(z)
    return (now,)


def gru_step(x: Numbers, h: Numbers, params: Params) -> tuple[Numbers]:
    """Columns of the weights: r, u, n."""
    units = len(h)
    W_x, W_h, b = params["W_x"], params["W_h"], params["b"]
    now = np.empty(units)
    for j in range(units):
        r_j, u_j, n_j = j, units + j, 2 * units + j
        r = sigmoid(weighted_sum(x, W_x, r_j) + weighted_sum(h, W_h, r_j) + b[r_j])
        u = sigmoid(weighted_sum(x, W_x, u_j) + weighted_sum(h, W_h, u_j) + b[u_j])
        a = weighted_sum(h, W_h, n_j) + params["b_h"][j]
        n = math.tanh(weighted_sum(x, W_x, n_j) + r * a + b[n_j])
        now[j] = (1 - u) * n + u * h[j]
    return (now,)


def reset_before_gru_step(x: Numbers, h: Numbers, params: Params) -> tuple[Numbers]:
    """The paper's form: the reset gate acts on the state before the product."""
    units = len(h)
    W_x, W_h, b = params["W_x"], params["W_h"], params["b"]

    def gate(k: int, j: int, state: Numbers) -> float:
        column = k * units + j
        total = weighted_sum(x, W_x, column) + weighted_sum(state, W_h, column)
        return total + float(b[column])

    r = np.array([sigmoid(gate(0, j, h)) for j in range(units)])
    u = np.array([sigmoid(gate(1, j, h)) for j in range(units)])
    n = np.array([math.tanh(gate(2, j, r * h)) for j in range(units)])
    return (np.array([(1 - u[j]) * n[j] + u[j] * h[j] for j in range(units)]),)


def lstm_step(x: Numbers, h: Numbers, c: Numbers, params: Params) -> tuple[Numbers, Numbers]:
    """Columns of the weights: o, i, f, g."""
    units = len(h)
    h_now, c_now = np.empty(units), np.empty(units)
    for j in range(units):
        o, i, f, g = (
            weighted_sum(x, params["W_x"], k * units + j)
            + weighted_sum(h, params["W_h"], k * units + j)
            + params["b"][k * units + j]
            for k in range(4)
        )
        c_now[j] = sigmoid(f) * c[j] + sigmoid(i) * math.tanh(g)
        h_now[j] = sigmoid(o) * math.tanh(c_now[j])
    return h_now, c_now


STEPS: dict[str, Any] = {
    "SimpleRNN": simple_rnn_step,
    "GRU": gru_step,
    "GRU, reset before": reset_before_gru_step,
    "LSTM": lstm_step,
}


def unroll(cell: str, x: Numbers, state: tuple[Numbers, ...], params: Params) -> tuple[Numbers, tuple[Numbers, ...]]:
    """y and the final state, each example by itself; a cell is a key of STEPS."""
    N, T, _ = x.shape
    y = np.empty((N, T, state[0].shape[1]))
    final = tuple(array.copy() for array in state)
    for n in range(N):
        now = tuple(array[n] for array in state)
        for t in range(T):
            now = STEPS[cell](x[n, t], *now, params)
            y[n, t] = now[0]
        for array, values in zip(final, now, strict=True):
            array[n] = values
    return y, final


def sequence_cross_entropy(logits: Numbers, targets: Numbers) -> tuple[float, Numbers]:
    """Over the positions with a target, -mean log p, and (p - 1 at the target) / their number."""
    N, T, V = logits.shape
    positions = [(n, t) for n in range(N) for t in range(T) if targets[n, t] != -1]
    terms = []
    d_logits = np.zeros(logits.shape)
    for n, t in positions:
        total = math.fsum(math.exp(z) for z in logits[n, t])
        for v in range(V):
            p = math.exp(logits[n, t, v]) / total
            d_logits[n, t, v] = (p - (1 if v == targets[n, t] else 0)) / len(positions)
            if v == targets[n, t]:
                terms.append(math.log(p))
    return -math.fsum(terms) / len(positions), d_logits


def embedding_backward(x: Numbers, d_y: Numbers, vocabulary_size: int) -> Numbers:
    """d_W: each row of d_y is added to the row of its token."""
    d_W = np.zeros((vocabulary_size, d_y.shape[-1]))
    for index in np.ndindex(x.shape):
        for d in range(d_y.shape[-1]):
            d_W[x[index], d] += d_y[(*index, d)]
    return d_W
