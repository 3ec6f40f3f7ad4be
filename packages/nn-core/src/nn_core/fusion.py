"""Which layers have a kernel that does their work, several in a row or one alone.

A learner reads the layers; a network computes with the kernels, which give the same values and
gradients in less time. Each kernel is a layer itself, with its derivation in its file, and is
given the parameters of all that it stands for, by their names.
"""

import importlib
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from nn_core.arrays import Shape
from nn_core.layers.layer import Layer


class Stage(NamedTuple):
    """A layer that a network computes with, in place of layers first, ..., stop - 1.

    home      which of them lends it its context: the one with a memory, or else the first
    is_fused  whether it is a kernel, and not the one layer itself
    """

    layer: Layer
    first: int
    stop: int
    home: int
    is_fused: bool = False

    def __str__(self) -> str:
        last = self.stop - 1
        which = f"layer {last}" if last == self.first else f"layers {self.first} to {last}"
        return f"{which} as {type(self.layer).__name__}"


KERNELS: MappingProxyType[tuple[str, ...], tuple[str, str]] = MappingProxyType(
    {
        ("Conv2D", "ReLU", "MaxPool2D"): (
            "nn_core.layers.conv_relu_max_pool",
            "ConvReLUMaxPool",
        ),
        ("BatchNorm", "ReLU", "MaxPool2D"): (
            "nn_core.layers.batch_norm_relu_max_pool",
            "BatchNormReLUMaxPool",
        ),
        ("BatchNorm", "ReLU"): ("nn_core.layers.batch_norm_relu", "BatchNormReLU"),
        **{
            ("Embedding", cell): ("nn_core.layers.embedded_recurrent", "EmbeddedRecurrent")
            for cell in ("SimpleRNN", "GRU", "LSTM")
        },
        ("Conv2D",): ("nn_core.layers.winograd_conv2d", "WinogradConv2D"),
    }
)
"""Names of layers in a row -> module and name of the kernel; its `of` may still decline."""


def stages(layers: Sequence[Layer], shapes: Sequence[Shape], *, fused: bool) -> tuple[Stage, ...]:
    """What a network computes with: kernels where there are any, and else the layers.

    shapes  what goes into each layer
    """
    found: list[Stage] = []
    first = 0
    while first < len(layers):
        stage = _fused(layers, shapes[first], first) if fused else None
        found.append(stage or Stage(layers[first], first, first + 1, first))
        first = found[-1].stop
    return tuple(found)


def _fused(layers: Sequence[Layer], shape: Shape, first: int) -> Stage | None:
    """The kernel for the longest run that begins here, with an input of this shape."""
    for names in sorted(KERNELS, key=len, reverse=True):
        run = tuple(layers[first : first + len(names)])
        if tuple(type(layer).__name__ for layer in run) == names:
            module, name = KERNELS[names]
            kernel: Layer | None = getattr(importlib.import_module(module), name).of(run, shape)
            if kernel is not None:
                home = next((i for i, layer in enumerate(run) if layer.over_time), 0)
                return Stage(kernel, first, first + len(names), first + home, is_fused=True)
    return None
