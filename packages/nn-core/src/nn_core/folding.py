"""What a network predicts with: its layers, less the work that using it does not need.

A network that is used and not trained has constants where it had statistics of a batch, keeps
nothing for the way back, and makes no noise. So, in this order:

    Dropout             does nothing, and is left out
    Conv2D, BatchNorm   is a Conv2D with other parameters, and Dense, BatchNorm a Dense
    ReLU, MaxPool2D     is MaxPool2D, ReLU: pool first, and clip what is left
    Conv2D, ReLU        are one: ReLU writes over what nobody else reads (`Activated`)

What is left is a chain of layers again, and `nn_core.fusion` looks for its kernels in it.

With mean, variance, gamma and beta of the BatchNorm and g = gamma / sqrt(variance + epsilon), all
of them one number for each filter f, and `...` for the axes of the window or of the features,

    z = sum x W[..., f] + b[f]
    y = g[f] (z - mean[f]) + beta[f] = sum x (W[..., f] g[f]) + (b[f] - mean[f]) g[f] + beta[f]

which is the layer with W' = W g and b' = (b - mean) g + beta. And a function f that never falls
keeps the order of numbers, so that max_k f(z_k) = f(max_k z_k).

Source: Jacob et al., Quantization and training of neural networks for efficient
integer-arithmetic-only inference (2018), sec. 3.2; Ioffe, Szegedy, Batch normalization (2015),
algorithm 2.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.fusion import stages
from nn_core.layers.layer import Context, Layer

if TYPE_CHECKING:
    from nn_core.layers.batch_norm import BatchNorm
    from nn_core.layers.pooling import MaxPool2D

POOL_FIRST = 16
"""Pixels of a window from which on a kernel that pools while it convolves has it quicker."""

IDLE = ("Dropout",)
"""Layers that do nothing when a network is used."""

FOLDING = ("Conv2D", "Dense")
"""Layers that take a BatchNorm in."""

RISING = ("ReLU", "LeakyReLU", "Sigmoid", "Tanh")
"""Activations that never fall."""

OVERWRITING = ("ReLU", "Sigmoid", "Tanh")
"""Activations that can write over their argument."""

OWNING = ("Conv2D", "Dense", "BatchNorm", "MaxPool2D", "AveragePool2D")
"""Layers that put out memory of their own."""


class Link(NamedTuple):
    """A layer of the chain that predicts.

    number  which of the network's layers it is
    norm    the BatchNorm that is folded into it, if any, and which layer that was
    """

    layer: Layer
    number: int
    norm: "tuple[BatchNorm, int] | None" = None

    @property
    def name(self) -> str:
        """The class of the layer."""
        return type(self.layer).__name__

    @property
    def memory(self) -> int:
        """The layer whose context it has.

        That of the BatchNorm, where there is one: what a layer has made of its plain parameters,
        and keeps, stays as it is.
        """
        return self.number if self.norm is None else self.norm[1]

    def parameters(
        self, views: Sequence[Mapping[str, Array]], contexts: Sequence[Context]
    ) -> Mapping[str, Array]:
        """Those of the layer, or W' and b' in the context's memory.

        These are made anew at each call, unless the context says that the weights stay.
        """
        params = views[self.number]
        if self.norm is None:
            return params
        norm, number = self.norm

        def make_W(W: Array) -> None:
            *_, g = norm.agree([], views[number])
            np.multiply(params["W"], g, out=W)

        def make_b(b: Array) -> None:
            _, mean, *_, g = norm.agree([], views[number])
            np.subtract(params["b"], mean, out=b)
            b *= g
            b += views[number]["beta"]

        return {
            name: contexts[number].of_weights(f"folded {name}", params[name].shape, make)
            for name, make in (("W", make_W), ("b", make_b))
        }


class Use(NamedTuple):
    """A layer that a network predicts with, and the links that it stands for.

    memory  the layer whose context it has: the one that remembers, or else the first
    """

    layer: Layer
    links: tuple[Link, ...]
    memory: int

    @classmethod
    def of(cls, layer: Layer, links: tuple[Link, ...]) -> "Use":
        """A layer in place of these links."""
        home = next((link for link in links if link.layer.over_time), links[0])
        return cls(layer, links, home.memory)

    def parameters(
        self, views: Sequence[Mapping[str, Array]], contexts: Sequence[Context]
    ) -> Mapping[str, Array]:
        """Those of its links."""
        if len(self.links) == 1:
            return self.links[0].parameters(views, contexts)
        return {
            name: values
            for link in self.links
            for name, values in link.parameters(views, contexts).items()
        }

    @property
    def folded(self) -> tuple[str, ...]:
        """What is folded into it, in words."""
        return tuple(
            f"layer {link.norm[1]}, BatchNorm, is part of layer {link.number}, {link.name}"
            for link in self.links
            if link.norm is not None
        )


def uses(layers: Sequence[Layer], input_shape: Shape, *, fused: bool) -> tuple[Use, ...]:
    """What a network of these layers predicts with; without `fused`, the layers themselves."""
    links = [Link(layer, number) for number, layer in enumerate(layers)]
    if not fused:
        return tuple(Use.of(link.layer, (link,)) for link in links)
    links = _pooled_first(_folded([link for link in links if link.name not in IDLE]))
    chain, shapes = [link.layer for link in links], [input_shape]
    for layer in chain:
        shapes.append(layer.output_shape(shapes[-1]))
    found: list[Use] = []
    for stage in stages(chain, shapes, fused=True):
        use = Use.of(stage.layer, tuple(links[stage.first : stage.stop]))
        if found and use.links[0].name in OVERWRITING and found[-1].links[-1].name in OWNING:
            before = found.pop()
            use = Use.of(_activated(before.layer, use.layer), before.links + use.links)
        found.append(use)
    return tuple(found)


def _folded(links: Sequence[Link]) -> list[Link]:
    """Each BatchNorm in the layer before it, where that takes it in."""
    found: list[Link] = []
    for link in links:
        if found and link.name == "BatchNorm":
            last = found[-1]
            if last.name in FOLDING and last.norm is None:
                found[-1] = last._replace(norm=(cast("BatchNorm", link.layer), link.number))
                continue
        found.append(link)
    return found


def _pooled_first(links: Sequence[Link]) -> list[Link]:
    """Each function that never falls behind the MaxPool2D that follows it.

    Not where a BatchNorm is left before it: there is a kernel for the three of them.
    """
    found = list(links)
    for i, (one, two) in enumerate(pairwise(links)):
        after_norm = i > 0 and found[i - 1].name == "BatchNorm" and one.name == "ReLU"
        if one.name in RISING and two.name == "MaxPool2D" and not after_norm:
            window = cast("tuple[int, int]", cast("MaxPool2D", two.layer).window)
            if math.prod(window) < POOL_FIRST:
                found[i], found[i + 1] = two, one
    return found


def _activated(layer: Layer, activation: Layer) -> Layer:
    """Both in one."""
    from nn_core.layers.activated import Activated

    return Activated.of((layer, activation))
