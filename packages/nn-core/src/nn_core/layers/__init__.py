"""Layers: one idea per file, its derivation above its code."""

from types import MappingProxyType

from nn_core.layers.activation import GELU, Activation, LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.dense import Dense
from nn_core.layers.dropout import Dropout
from nn_core.layers.flatten import Flatten
from nn_core.layers.layer import Cache, Context, Layer, Parameter

__all__ = [
    "ACTIVATIONS",
    "GELU",
    "LAYERS",
    "Activation",
    "Cache",
    "Context",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "Parameter",
    "ReLU",
    "Sigmoid",
    "Tanh",
]

ACTIVATIONS: MappingProxyType[str, type[Activation]] = MappingProxyType(
    {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "leaky-relu": LeakyReLU, "gelu": GELU}
)
"""Every activation by the name that a command line takes."""

LAYERS: MappingProxyType[str, type[Layer]] = MappingProxyType(
    {
        layer.__name__: layer
        for layer in (Dense, Dropout, Flatten, GELU, LeakyReLU, ReLU, Sigmoid, Tanh)
    }
)
"""Every layer by the name that a checkpoint keeps."""
