"""Neural networks from first principles in NumPy, every gradient written by hand."""

from typing import TYPE_CHECKING, Any

from nn_core.on_demand import OnDemand, getter

if TYPE_CHECKING:
    from nn_core.callbacks import BestWeights, Callback, EarlyStopping
    from nn_core.history import History
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
    from nn_core.training import Recipe, Trainer

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "AveragePool2D",
    "BatchNorm",
    "BestWeights",
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
    "Sigmoid",
    "SimpleRNN",
    "Tanh",
    "Trainer",
]

_HOMES: OnDemand[Any] = OnDemand(
    __name__,
    {
        "callbacks": "BestWeights Callback EarlyStopping",
        "history": "History",
        "layers": """GELU GRU LSTM AveragePool2D BatchNorm Conv2D Dense Dropout Embedding Flatten
            GlobalAveragePool2D InstanceNorm LeakyReLU MaxPool2D ReLU Sigmoid SimpleRNN Tanh""",
        "network": "Network",
        "training": "Recipe Trainer",
    },
)

__getattr__ = getter(__name__, _HOMES)
