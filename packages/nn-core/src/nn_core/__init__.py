"""Neural networks from first principles in NumPy, every gradient written by hand."""

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
