"""A monotone activation followed by MaxPool2D, in prediction: pool first."""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.activation import BufferedActivation
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.max_pool import BlockedMaxPool2D
from nn_core.engine.workspace import Workspace
from nn_core.layers.activation import LeakyReLU, ReLU, Sigmoid, Tanh
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context

MONOTONE = (ReLU, LeakyReLU, Sigmoid, Tanh)
"""Nondecreasing activations."""


class PoolBeforeActivation(Fused):
    """y = f(max_pool(x)), since max_k f(x_k) = f(max_k x_k) if f is nondecreasing."""

    mode: ClassVar[str] = "inference"

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], MONOTONE) and BlockedMaxPool2D.accepts(layers[1:], input_shape)

    @cached_property
    def pool(self) -> BlockedMaxPool2D:
        """The pool."""
        return BlockedMaxPool2D(self.layers[1:])

    @cached_property
    def activation(self) -> BufferedActivation:
        """The activation."""
        return BufferedActivation(self.layers[:1])

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        pooled, _ = self.pool.forward_fused(x, {}, context, workspace)
        return self.activation.forward_fused(pooled, {}, context, workspace)
