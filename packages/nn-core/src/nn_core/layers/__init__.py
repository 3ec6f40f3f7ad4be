"""Layers: one idea per file, its derivation above its code."""

from types import MappingProxyType

from nn_core.layers.activation import GELU, Activation, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.conv2d import Conv2D
from nn_core.layers.dense import Dense
from nn_core.layers.dropout import Dropout
from nn_core.layers.embedding import Embedding
from nn_core.layers.flatten import Flatten
from nn_core.layers.global_average_pool import GlobalAveragePool2D
from nn_core.layers.gru import GRU
from nn_core.layers.instance_norm import InstanceNorm
from nn_core.layers.layer import Cache, Context, Layer, Parameter, State
from nn_core.layers.lstm import LSTM
from nn_core.layers.pooling import AveragePool2D, MaxPool2D, Pooling
from nn_core.layers.recurrent import Recurrent
from nn_core.layers.simple_rnn import SimpleRNN

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "GELU",
    "GRU",
    "LAYERS",
    "LSTM",
    "Activation",
    "AveragePool2D",
    "BatchNorm",
    "Cache",
    "Context",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePool2D",
    "InstanceNorm",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "Parameter",
    "Pooling",
    "ReLU",
    "Recurrent",
    "Sigmoid",
    "SimpleRNN",
    "State",
    "Tanh",
]

ACTIVATIONS: MappingProxyType[str, type[Activation]] = MappingProxyType(
    {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "leaky-relu": LeakyReLU, "gelu": GELU}
)
"""Every activation by the name that a command line takes."""

LAYERS: MappingProxyType[str, type[Layer]] = MappingProxyType(
    {
        layer.__name__: layer
        for layer in (
            AveragePool2D,
            BatchNorm,
            Conv2D,
            Dense,
            Dropout,
            Embedding,
            Flatten,
            GELU,
            GRU,
            GlobalAveragePool2D,
            InstanceNorm,
            LSTM,
            LeakyReLU,
            MaxPool2D,
            ReLU,
            Sigmoid,
            SimpleRNN,
            Tanh,
        )
    }
)
"""Every layer by the name that a checkpoint keeps."""

CELLS: MappingProxyType[str, type[Recurrent]] = MappingProxyType(
    {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
)
"""Every recurrent layer by the name that a command line takes."""
