"""The definitions, as a textbook writes them: one loop per index, plain Python floats.

Nothing here is fast, and nothing here is shared with what it judges.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]


def finite_differences(function: Callable[[], float], values: Numbers, h: float = 1e-5) -> Numbers:
    """[f(v + h) - f(v - h)] / 2h for each number v of `values`, which are put back."""
    slopes = np.empty(values.shape)
    for index in np.ndindex(values.shape):
        kept = values[index]
        values[index] = kept + h
        above = function()
        values[index] = kept - h
        below = function()
        values[index] = kept
        slopes[index] = (above - below) / (2 * h)
    return slopes


def assert_close(received: Any, expected: Any, relative: float = 1e-6) -> None:
    """|received - expected| <= relative * |expected|, with a floor for numbers below 1e-3."""
    received = np.asarray(received, np.float64)
    assert received.shape == np.shape(expected)
    np.testing.assert_allclose(received, expected, rtol=relative, atol=relative * 1e-3)


def dense_forward(x: Numbers, W: Numbers, b: Numbers) -> Numbers:
    """y[n, j] = sum_i x[n, i] W[i, j] + b[j]."""
    y = np.empty((x.shape[0], W.shape[1]))
    for n in range(x.shape[0]):
        for j in range(W.shape[1]):
            y[n, j] = math.fsum(x[n, i] * W[i, j] for i in range(W.shape[0])) + b[j]
    return y


def dense_backward(x: Numbers, W: Numbers, d_y: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """d_x, d_W and d_b: each moved y is counted once."""
    d_x, d_W, d_b = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for n in range(x.shape[0]):
        for j in range(W.shape[1]):
            d_b[j] += d_y[n, j]
            for i in range(W.shape[0]):
                d_W[i, j] += d_y[n, j] * x[n, i]
                d_x[n, i] += d_y[n, j] * W[i, j]
    return d_x, d_W, d_b


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def gelu(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def exact_gelu(x: float) -> float:
    """x times the probability that a standard normal number is below x."""
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def softmax(logits: Numbers) -> Numbers:
    """p[n, c] = exp(z[n, c]) / sum_k exp(z[n, k])."""
    p = np.empty(logits.shape)
    for n in range(logits.shape[0]):
        total = math.fsum(math.exp(z) for z in logits[n])
        for c in range(logits.shape[1]):
            p[n, c] = math.exp(logits[n, c]) / total
    return p


def softmax_cross_entropy(logits: Numbers, labels: npt.NDArray[Any]) -> tuple[float, Numbers]:
    """-1/N sum_n log p[n, labels[n]], and (p - 1 at the label) / N."""
    p = softmax(logits)
    N, C = p.shape
    value = -math.fsum(math.log(p[n, labels[n]]) for n in range(N)) / N
    d_logits = np.empty(p.shape)
    for n in range(N):
        for c in range(C):
            d_logits[n, c] = (p[n, c] - (1 if c == labels[n] else 0)) / N
    return value, d_logits


def binary_cross_entropy(logits: Numbers, labels: npt.NDArray[Any]) -> tuple[float, Numbers]:
    """-1/N sum_n [y log p + (1 - y) log(1 - p)], and (p - y) / N; logits (N, 1)."""
    N = len(labels)
    terms = []
    d_logits = np.empty((N, 1))
    for n in range(N):
        p, y = sigmoid(logits[n, 0]), int(labels[n])
        terms.append(y * math.log(p) + (1 - y) * math.log(1 - p))
        d_logits[n, 0] = (p - y) / N
    return -math.fsum(terms) / N, d_logits


def mean_squared_error(predictions: Numbers, targets: Numbers) -> tuple[float, Numbers]:
    """1/(N D) sum_n sum_d (y - t)^2, and 2 (y - t) / (N D)."""
    N, D = predictions.shape
    total = 0.0
    d_predictions = np.empty((N, D))
    for n in range(N):
        for d in range(D):
            difference = predictions[n, d] - targets[n, d]
            total += difference**2
            d_predictions[n, d] = 2 * difference / (N * D)
    return total / (N * D), d_predictions


def confusion_matrix(predicted: npt.NDArray[Any], labels: npt.NDArray[Any], classes: int) -> npt.NDArray[np.int64]:
    """Row: the true class. Column: the predicted class."""
    counts = np.zeros((classes, classes), np.int64)
    for n in range(len(labels)):
        counts[int(labels[n]), int(predicted[n])] += 1
    return counts
