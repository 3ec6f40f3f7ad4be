"""Base class of fused layers: a chain of layers computed as one, with equal outputs and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer, State
from nn_core.layers.chain import Chain
from nn_core.layers.context import Context


class Fused(Chain):
    """A chain computed as one layer.

    Shapes, parameters ("0/W", "1/gamma": by position in the chain), costs and states are those
    of the layers it replaces. A stateless subclass implements `forward_fused` and
    `backward_fused`; the arrays they return may be in the workspace, valid until its next use.

    The layers that each subclass replaces are listed in `nn_core.engine.fused`.

    mode  "training", "inference" or "always": which plans may use it
    """

    mode: ClassVar[str] = "always"

    @classmethod
    def try_fuse(cls, layers: Sequence[Layer], input_shape: Shape) -> Self | None:
        """The fused layer for these layers, whose classes match a pattern, or None."""
        return cls(tuple(layers)) if cls.accepts(layers, input_shape) else None

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        """Whether it can replace these layers for this input shape."""
        return True

    def saved_activations(self, input_shape: Shape) -> int:
        """Elements cached per example for `backward`, in addition to the output."""
        return 0

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        """y, and the cache for `backward_fused`."""
        raise TypeError(f"{type(self).__name__} is called with its state")

    def backward_fused(
        self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context, workspace: Workspace
    ) -> Array | None:
        """Fill `grads`; returns d_x, or None if not needed. Never modifies d_y."""
        raise TypeError(f"{type(self).__name__} has no backward pass")

    def forward_fused_with_state(
        self, x: Array, state: State, params: Arrays, context: Context, workspace: Workspace
    ) -> tuple[Array, State, Cache]:
        """y, the final state of each of its layers, and the cache."""
        y, cache = self.forward_fused(x, params, context, workspace)
        return y, ((),) * len(self.layers), cache

    def backward_fused_with_state(
        self,
        d_y: Array,
        d_state: State,
        cache: Cache,
        params: Arrays,
        grads: Arrays,
        context: Context,
        workspace: Workspace,
    ) -> tuple[Array | None, State]:
        """d_x and the gradients of the initial states; d_state () means zero."""
        d_x = self.backward_fused(d_y, cache, params, grads, context, workspace)
        return d_x, ((),) * len(self.layers)

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        """As for any chain, in its own memory."""
        workspace = Workspace()
        y, left, cache = self.forward_fused_with_state(x, state, params, context, workspace)
        return y, left, (cache, workspace)

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        of_forward, workspace = cache
        return self.backward_fused_with_state(d_y, d_state, of_forward, params, grads, context, workspace)

    def child(self, index: int, context: Context) -> Context:
        """The context of layer `index` of its chain, with its position in the network.

        The context of a fused layer has the path of the first layer it replaces.
        """
        *parents, first = context.path or (0,)
        return Context(
            context.training and self.layers[index].trainable, context.part, (*parents, first + index), needs_d_x=True
        )
