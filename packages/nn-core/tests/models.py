"""Small models and data sets, one per kind of task."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.layers import Conv2D, Dense, Embedding, Flatten, GlobalAveragePool2D, LastStep, Layer, ReLU, SimpleRNN
from nn_core.model import Model
from nn_core.network import Network


class Task(NamedTuple):
    """Data, and a network for it.

    outputs  shape of the answers of `predict`
    """

    loss: str
    layers: list[Layer]
    input_shape: tuple[int | None, ...]
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    outputs: tuple[int, ...]

    def model(self, *, network_seed: int = 1, **settings: Any) -> Model:
        network = Network(self.layers, input_shape=self.input_shape, rng=np.random.default_rng(network_seed))
        return Model(network, self.loss, **({"learning_rate": 0.03} | settings))


_rng = np.random.default_rng(0)
N = 90
_X = _rng.normal(size=(N, 4)).astype(np.float32)
_IMAGES = _rng.normal(size=(N, 6, 6, 1)).astype(np.float32)
_IMAGES += 2.0 * (np.arange(N) % 2)[:, None, None, None]
_TOKENS = _rng.integers(0, 5, size=(N, 7))
_SUM = _X.sum(axis=1)

TASKS = {
    "binary": Task("binary-cross-entropy", [Dense(8), ReLU(), Dense(1)], (4,), _X, (_SUM > 0).astype(np.int64), (N,)),
    "classes": Task("softmax-cross-entropy", [Dense(8), ReLU(), Dense(3)], (4,), _X, np.digitize(_SUM, [-1, 1]), (N,)),
    "decisions": Task("binary-cross-entropy", [Dense(2)], (4,), _X, (_X[:, :2] > 0).astype(np.int64), (N, 2)),
    "number": Task("mean-squared-error", [Dense(8), ReLU(), Dense(1)], (4,), _X, _SUM, (N,)),
    "numbers": Task("mean-squared-error", [Dense(2)], (4,), _X, _X[:, :2] * 3, (N, 2)),
    "images": Task(
        "softmax-cross-entropy",
        [Conv2D(4, 3), ReLU(), GlobalAveragePool2D(), Flatten(), Dense(2)],
        (6, 6, 1),
        _IMAGES,
        np.arange(N) % 2,
        (N,),
    ),
    "many to one": Task(
        "softmax-cross-entropy",
        [Embedding(5, 6), SimpleRNN(12), LastStep(), Dense(5)],
        (None,),
        _TOKENS,
        _TOKENS[:, -1],
        (N,),
    ),
    "many to many": Task(
        "softmax-cross-entropy", [Embedding(5, 6), SimpleRNN(12), Dense(5)], (None,), _TOKENS, _TOKENS, (N, 7)
    ),
}
