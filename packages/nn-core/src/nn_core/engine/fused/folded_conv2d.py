"""Conv2D fused with the following BatchNorm, ReLU and MaxPool2D, for prediction."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache, partial
from typing import ClassVar, TypeVar

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.activation import relu
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.engine.fused.folded_batch_norm import folded_parameters
from nn_core.engine.fused.max_pool import BlockedMaxPool2D
from nn_core.engine.fused.toeplitz_conv2d import ToeplitzConv2D
from nn_core.engine.fused.winograd_conv2d import WinogradConv2D
from nn_core.engine.workspace import Workspace
from nn_core.layers.activation import ReLU
from nn_core.layers.base import Cache, Layer
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.context import Context
from nn_core.layers.pooling import MaxPool2D

Kind = TypeVar("Kind", bound=Layer)

POOL_FIRST = 16
"""Pixels per window from which `ConvReLUMaxPool` is faster than pooling the convolution."""


class FoldedConv2D(Fused):
    """y = relu(max_pool(conv'(x))), where ReLU and pool are optional.

    conv' is the convolution with the BatchNorm folded into it; see `folded_batch_norm`. ReLU is
    nondecreasing, so max_k relu(z_k) = relu(max_k z_k): it is applied in place after the pool, to
    one value per window. Pools with large windows are computed with the convolution, by
    `ConvReLUMaxPool`.
    """

    mode: ClassVar[str] = "inference"

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        norm, pool = _find(layers, BatchNorm), _find(layers, MaxPool2D)
        if not ToeplitzConv2D.accepts(layers[:1], input_shape):
            return False
        if pool is None:
            return True
        shape = layers[0].output_shape(input_shape)
        if math.prod(pool.window.size) < POOL_FIRST:
            return BlockedMaxPool2D.accepts([pool], shape)
        return norm is not None and ConvReLUMaxPool.accepts([layers[0], ReLU(), pool], input_shape)

    @cached_property
    def norm(self) -> BatchNorm | None:
        """The batch normalization."""
        return _find(self.layers, BatchNorm)

    @cached_property
    def pooled(self) -> ConvReLUMaxPool | None:
        """Fused convolution, ReLU and pool, if the pool has large windows."""
        pool = _find(self.layers, MaxPool2D)
        if pool is None or math.prod(pool.window.size) < POOL_FIRST:
            return None
        return ConvReLUMaxPool((self.layers[0], ReLU(), pool))

    @cached_property
    def pool(self) -> BlockedMaxPool2D | None:
        """The pool, if it has small windows."""
        pool = _find(self.layers, MaxPool2D)
        return None if pool is None or self.pooled is not None else BlockedMaxPool2D((pool,))

    @cached_property
    def convolution(self) -> Callable[[Shape], Fused]:
        """The convolution alone, by Winograd if it is faster for the shape of x."""
        return lru_cache(partial(_convolution, self.layers[0]))

    @cached_property
    def clips(self) -> bool:
        """Whether it has a ReLU."""
        return _find(self.layers, ReLU) is not None

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        if self.norm is not None:
            params = folded_parameters(self.norm, params, workspace)
        if self.pooled is not None:
            return self.pooled.forward_fused(x, params, context, workspace)
        conv = self.convolution(x.shape[1:])
        y, _ = conv.forward_fused(x, params, context, workspace)
        if self.pool is not None:
            y, _ = self.pool.forward_fused(y, {}, context, workspace)
        if self.clips:
            relu(y, y)
        return y, None


def _find(layers: Sequence[Layer], kind: type[Kind]) -> Kind | None:
    return next((layer for layer in layers if isinstance(layer, kind)), None)


def _convolution(conv: Layer, input_shape: Shape) -> Fused:
    winograd = WinogradConv2D.try_fuse([conv], input_shape)
    return ToeplitzConv2D((conv,)) if winograd is None else winograd
