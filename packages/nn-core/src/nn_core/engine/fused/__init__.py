"""Fused layers: faster implementations of one or more layers, tested against the originals."""

import importlib
from collections.abc import Sequence

from nn_core.arrays import Shape
from nn_core.engine.fused.base import Fused
from nn_core.layers.base import Layer

MODULES: tuple[tuple[str, str, str], ...] = (
    # consecutive layers, module, class; among patterns of the same length, the first match wins
    ("Conv2D BatchNorm ReLU MaxPool2D", "folded_conv2d", "FoldedConv2D"),
    ("Conv2D BatchNorm ReLU", "folded_conv2d", "FoldedConv2D"),
    ("Conv2D ReLU MaxPool2D", "folded_conv2d", "FoldedConv2D"),
    ("Conv2D ReLU MaxPool2D", "conv_relu_max_pool", "ConvReLUMaxPool"),
    ("BatchNorm ReLU MaxPool2D", "batch_norm_relu_max_pool", "BatchNormReLUMaxPool"),
    ("Conv2D BatchNorm", "folded_conv2d", "FoldedConv2D"),
    ("Dense BatchNorm", "folded_dense", "FoldedDense"),
    ("ReLU MaxPool2D", "pool_before_activation", "PoolBeforeActivation"),
    ("LeakyReLU MaxPool2D", "pool_before_activation", "PoolBeforeActivation"),
    ("Sigmoid MaxPool2D", "pool_before_activation", "PoolBeforeActivation"),
    ("Tanh MaxPool2D", "pool_before_activation", "PoolBeforeActivation"),
    ("Conv2D", "winograd_conv2d", "WinogradConv2D"),
    ("Conv2D", "toeplitz_conv2d", "ToeplitzConv2D"),
    ("BatchNorm", "batch_norm", "BlockedBatchNorm"),
    ("InstanceNorm", "instance_norm", "BlockedInstanceNorm"),
    ("MaxPool2D", "max_pool", "BlockedMaxPool2D"),
    ("AveragePool2D", "average_pool", "BlockedAveragePool2D"),
    ("Dense ReLU", "dense", "DenseActivation"),
    ("Dense Sigmoid", "dense", "DenseActivation"),
    ("Dense Tanh", "dense", "DenseActivation"),
    ("Dense", "dense", "DenseActivation"),
    ("ReLU", "activation", "BufferedActivation"),
    ("LeakyReLU", "activation", "BufferedActivation"),
    ("Sigmoid", "activation", "BufferedActivation"),
    ("Tanh", "activation", "BufferedActivation"),
    ("GELU", "activation", "BufferedActivation"),
    ("Embedding SimpleRNN", "embedded_recurrent", "EmbeddedRecurrent"),
    ("Embedding GRU", "embedded_recurrent", "EmbeddedRecurrent"),
    ("Embedding LSTM", "embedded_recurrent", "EmbeddedRecurrent"),
    ("Embedding", "embedding", "FusedEmbedding"),
    ("SimpleRNN", "simple_rnn_scan", "SimpleRNNScan"),
    ("GRU", "gru_scan", "GRUScan"),
    ("LSTM", "lstm_scan", "LSTMScan"),
)
"""The fused layers by the classes they replace; imported on demand."""


def try_fuse(layers: Sequence[Layer], first: int, input_shape: Shape, mode: str) -> Fused | None:
    """The fused layer for the longest pattern that starts at `first`, or None.

    mode  "training" or "inference". In training, a frozen layer is not fused with others, since it
          runs in inference mode.
    """
    names = [_name(layer) for layer in layers[first:]]
    for pattern, module, name in sorted(MODULES, key=lambda row: -len(row[0].split())):
        length = len(pattern.split())
        if names[:length] != pattern.split():
            continue
        run = tuple(layers[first : first + length])
        if mode == "training" and length > 1 and not all(layer.trainable for layer in run):
            continue
        kind: type[Fused] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        fused = kind.try_fuse(run, input_shape) if kind.mode in (mode, "always") else None
        if fused is not None:
            return fused
    return None


def is_inference_noop(layer: Layer) -> bool:
    """Whether a layer does nothing in inference."""
    return _name(layer) == "Dropout"


def _name(layer: Layer) -> str:
    """The class name of a built-in layer; user-defined layers and subclasses are not fused."""
    kind = type(layer)
    return kind.__name__ if kind.__module__.startswith("nn_core.layers.") else ""
