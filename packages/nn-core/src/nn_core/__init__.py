"""Neural networks from first principles in NumPy, every gradient written by hand."""

from typing import TYPE_CHECKING

from nn_core.lazy_import import lazy_attributes, lazy_names

if TYPE_CHECKING:
    from nn_core.layers import (
        GELU,
        GRU,
        LSTM,
        AveragePool2D,
        BatchNorm,
        Conv2D,
        Dense,
        Dropout,
        Embedding,
        Flatten,
        GlobalAveragePool2D,
        InstanceNorm,
        LeakyReLU,
        MaxPool2D,
        ReLU,
        Sigmoid,
        SimpleRNN,
        Tanh,
    )
    from nn_core.network import Network
    from nn_core.training.callbacks import Callback, EarlyStopping, RestoreBestWeights
    from nn_core.training.history import History
    from nn_core.training.trainer import Recipe, Trainer

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "AveragePool2D",
    "BatchNorm",
    "Callback",
    "Conv2D",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Flatten",
    "GlobalAveragePool2D",
    "History",
    "InstanceNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Network",
    "ReLU",
    "Recipe",
    "RestoreBestWeights",
    "Sigmoid",
    "SimpleRNN",
    "Tanh",
    "Trainer",
]

_NAMES = lazy_names(
    __name__,
    {
        "training.callbacks": "RestoreBestWeights Callback EarlyStopping",
        "training.history": "History",
        "layers": """GELU GRU LSTM AveragePool2D BatchNorm Conv2D Dense Dropout Embedding Flatten
            GlobalAveragePool2D InstanceNorm LeakyReLU MaxPool2D ReLU Sigmoid SimpleRNN Tanh""",
        "network": "Network",
        "training.trainer": "Recipe Trainer",
    },
)

__getattr__, __dir__ = lazy_attributes(__name__, _NAMES)
