"""Layers, each in a file with the derivation of its gradients."""

from typing import TYPE_CHECKING

from nn_core.layers.base import Cache, Layer, Parameter, State
from nn_core.layers.chain import Chain
from nn_core.layers.context import Context
from nn_core.layers.residual import Residual
from nn_core.lazy_import import lazy_attributes, lazy_names
from nn_core.registry import Registry

if TYPE_CHECKING:
    from nn_core.layers.activation import ACTIVATIONS, GELU, Activation, LeakyReLU, ReLU, Sigmoid, Tanh
    from nn_core.layers.batch_norm import BatchNorm
    from nn_core.layers.cells import CELLS
    from nn_core.layers.conv2d import Conv2D
    from nn_core.layers.dense import Dense
    from nn_core.layers.dropout import Dropout
    from nn_core.layers.embedding import Embedding
    from nn_core.layers.flatten import Flatten
    from nn_core.layers.global_average_pool import GlobalAveragePool2D
    from nn_core.layers.gru import GRU
    from nn_core.layers.instance_norm import InstanceNorm
    from nn_core.layers.last_step import LastStep
    from nn_core.layers.lstm import LSTM
    from nn_core.layers.mean_over_time import MeanOverTime
    from nn_core.layers.parallel import Parallel
    from nn_core.layers.pooling import AveragePool2D, MaxPool2D, Pooling
    from nn_core.layers.recurrent import Recurrent
    from nn_core.layers.reshape import Reshape
    from nn_core.layers.select import Select
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
    "Chain",
    "Context",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAveragePool2D",
    "InstanceNorm",
    "LastStep",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "MeanOverTime",
    "Parallel",
    "Parameter",
    "Pooling",
    "ReLU",
    "Recurrent",
    "Reshape",
    "Residual",
    "Select",
    "Sigmoid",
    "SimpleRNN",
    "State",
    "Tanh",
]

_LAYERS = lazy_names(
    __name__,
    {
        "activation": "GELU LeakyReLU ReLU Sigmoid Tanh",
        "batch_norm": "BatchNorm",
        "chain": "Chain",
        "conv2d": "Conv2D",
        "dense": "Dense",
        "dropout": "Dropout",
        "embedding": "Embedding",
        "flatten": "Flatten",
        "global_average_pool": "GlobalAveragePool2D",
        "gru": "GRU",
        "instance_norm": "InstanceNorm",
        "last_step": "LastStep",
        "lstm": "LSTM",
        "mean_over_time": "MeanOverTime",
        "parallel": "Parallel",
        "pooling": "AveragePool2D MaxPool2D",
        "reshape": "Reshape",
        "residual": "Residual",
        "select": "Select",
        "simple_rnn": "SimpleRNN",
    },
)
LAYERS: Registry[type[Layer]] = Registry("layer", _LAYERS, group="nn_core.layers")
"""All layers by their name in checkpoints."""

_OTHERS = lazy_names(
    __name__, {"activation": "ACTIVATIONS Activation", "cells": "CELLS", "pooling": "Pooling", "recurrent": "Recurrent"}
)

__getattr__, __dir__ = lazy_attributes(__name__, _LAYERS | _OTHERS)
