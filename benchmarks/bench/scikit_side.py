"""The side of scikit-learn: MLPClassifier, one batch at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.ours import LEARNING_RATE, Task
from bench.parity import Outcome
from nn_core import Network
from nn_core.layers import Dense

LONG_STEP = 1024.0
"""A learning rate at which the weights after a step of plain descent are little but gradient."""


def outcome(task: Task, network: Network) -> Outcome:
    """Loss and gradients, the latter from one step of plain gradient descent."""
    classifier = _classifier(task, network, LONG_STEP, solver="sgd", momentum=0.0)
    before = [array.copy() for array in (*classifier.coefs_, *classifier.intercepts_)]
    classifier.partial_fit(task.x, task.y)
    after = [*classifier.coefs_, *classifier.intercepts_]
    gradients = [(a - b) / LONG_STEP for a, b in zip(before, after, strict=True)]
    names = [f"{i}/{name}" for name in ("W", "b") for i in _dense(network)]
    return Outcome(float(classifier.loss_), dict(zip(names, gradients, strict=True)))


def training_step(task: Task, network: Network) -> Callable[[], object]:
    """`partial_fit` on the batch."""
    classifier = _classifier(task, network, LEARNING_RATE, solver="adam")

    def step() -> object:
        return classifier.partial_fit(task.x, task.y)

    return step


def _classifier(task: Task, network: Network, rate: float, **options: Any) -> Any:
    """With the weights of `network`; the first call makes the arrays that then are overwritten."""
    from sklearn.neural_network import MLPClassifier

    layers = _dense(network)
    hidden = tuple(network.shapes[i + 1][0] for i in layers[:-1])
    classifier = MLPClassifier(hidden, alpha=0.0, batch_size=len(task.x), learning_rate_init=rate, **options)
    outputs = network.output_shape[0]
    classifier.partial_fit(task.x, task.y, classes=np.arange(max(2, outputs)))
    for place, i in enumerate(layers):
        classifier.coefs_[place][...] = network.params[f"{i}/W"]
        classifier.intercepts_[place][...] = network.params[f"{i}/b"]
    return classifier


def _dense(network: Network) -> list[int]:
    return [i for i, layer in enumerate(network.layers) if isinstance(layer, Dense)]
