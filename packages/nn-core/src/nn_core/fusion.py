"""Which runs of layers have one kernel that does the work of them all.

A learner reads the layers; a network computes with the kernels, which give the same values and
gradients in less time. Each kernel is a layer itself, with its derivation in its file, and is
given the parameters of all that it stands for, by their names.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nn_core.layers.layer import Layer


@dataclass(frozen=True)
class Stage:
    """A layer that a network computes with, in place of layers first, ..., stop - 1.

    home  which of them lends it its context: the one with a memory, or else the first
    """

    layer: Layer
    first: int
    stop: int
    home: int

    @property
    def is_fused(self) -> bool:
        return self.stop - self.first > 1

    def __str__(self) -> str:
        return f"layers {self.first} to {self.stop - 1} as {type(self.layer).__name__}"


KERNELS: MappingProxyType[tuple[str, ...], tuple[str, str]] = MappingProxyType(
    {
        ("Conv2D", "ReLU", "MaxPool2D"): (
            "nn_core.layers.conv_relu_max_pool",
            "ConvReLUMaxPool",
        ),
        ("BatchNorm", "ReLU"): ("nn_core.layers.batch_norm_relu", "BatchNormReLU"),
        **{
            ("Embedding", cell): ("nn_core.layers.embedded_recurrent", "EmbeddedRecurrent")
            for cell in ("SimpleRNN", "GRU", "LSTM")
        },
    }
)
"""Names of layers in a row -> module and name of the kernel; its `of` may still decline."""


def stages(layers: Sequence[Layer], *, fused: bool) -> tuple[Stage, ...]:
    """What a network computes with: kernels where there are any, and else the layers."""
    found: list[Stage] = []
    first = 0
    while first < len(layers):
        alone = Stage(layers[first], first, first + 1, home=first)
        stage = (_fused(layers, first) if fused else None) or alone
        found.append(stage)
        first = stage.stop
    return tuple(found)


def _fused(layers: Sequence[Layer], first: int) -> Stage | None:
    """The kernel for the longest run that begins here."""
    for names in sorted(KERNELS, key=len, reverse=True):
        run = tuple(layers[first : first + len(names)])
        if tuple(type(layer).__name__ for layer in run) == names:
            module, name = KERNELS[names]
            kernel: Layer | None = getattr(importlib.import_module(module), name).of(run)
            if kernel is not None:
                home = next((i for i, layer in enumerate(run) if layer.over_time), 0)
                return Stage(kernel, first, first + len(names), first + home)
    return None
