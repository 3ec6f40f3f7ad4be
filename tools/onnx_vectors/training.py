"""ONNX's losses and optimizers as calls of those of nn-core; see `operators`."""

from __future__ import annotations

import numpy as np

from nn_core.activations import log_softmax
from nn_core.losses import softmax_cross_entropy
from nn_core.optim import transforms
from nn_core.optim.optimizers import Adam, Momentum, Nesterov, Optimizer
from onnx_vectors.calls import Outputs, Settings, expect
from onnx_vectors.vectors import Values

MANY = 10**9
"""Steps after which Adam's correction for zero initialization is 1."""


def cross_entropy(given: Settings, x: Values, y: Values, weight: Values | None = None) -> Outputs:
    """Logits (N, C, ...) and labels (N, ...); ignored labels are negative here."""
    logits = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    labels = y.ravel().astype(np.int64)
    ignored = labels == given["ignore_index"] if "ignore_index" in given else np.zeros(labels.shape, np.bool_)
    labels = np.where(ignored, -1, labels)
    weights = None if weight is None else weight[np.maximum(labels, 0)]
    log_p = np.moveaxis(log_softmax(np.moveaxis(x, 1, -1)), -1, 1)
    reduction = given.get("reduction", "mean")
    if reduction == "mean":
        return [np.asarray(softmax_cross_entropy(logits, labels, weights)[0]), log_p]
    of_each = np.ones(len(labels), x.dtype) if weights is None else weights
    rows = [slice(i, i + 1) for i in range(len(labels))]
    each = [softmax_cross_entropy.total(logits[row], labels[row], of_each[row])[0] for row in rows]
    return [np.asarray(np.sum(each)) if reduction == "sum" else np.asarray(each).reshape(y.shape), log_p]


def momentum(given: Settings, rate: Values, step: Values, *arrays: Values) -> Outputs:
    """V = alpha V + g there is v = alpha v + (1 - alpha) g here, with v = (1 - alpha) V."""
    alpha = given["alpha"]
    expect(given["beta"] == 1 or int(step) == 0, "a gradient of less weight")
    kind: type[Momentum | Nesterov] = Momentum if given["mode"] == "standard" else Nesterov
    return _updated(given, kind(beta=alpha), float(rate) / (1 - alpha), arrays, {"v": 1 - alpha}, 1)


def adam(given: Settings, rate: Values, step: Values, *arrays: Values) -> Outputs:
    expect(int(step) == 0 and not given.get("norm_coefficient_post"), "a correction of other steps")
    optimizer = Adam(beta1=given["alpha"], beta2=given["beta"], epsilon=given["epsilon"])
    return _updated(given, optimizer, float(rate), arrays, {"m": 1.0, "v": 1.0}, MANY)


def _updated(
    given: Settings, optimizer: Optimizer, rate: float, arrays: tuple[Values, ...], scales: dict[str, float], step: int
) -> Outputs:
    """Weights, gradients and states of several tensors, in groups of a kind; the new weights and states."""
    groups = 2 + len(scales)
    count = len(arrays) // groups
    parts = [[values.copy() for values in arrays[i * count : (i + 1) * count]] for i in range(groups)]
    for w, g, *states in zip(*parts, strict=True):
        if given.get("norm_coefficient"):
            transforms.add_l2_gradient(g, w, given["norm_coefficient"])
        named = dict(zip(scales, states, strict=True))
        for name, scale in scales.items():
            named[name] *= np.float32(scale)
        optimizer.update(w, g, named, learning_rate=rate, step=step)
        for name, scale in scales.items():
            named[name] /= np.float32(scale)
    return [*parts[0], *(values for part in parts[2:] for values in part)]
