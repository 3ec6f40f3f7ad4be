"""Layers for which the examples of a batch are one whole."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from nn_core.arrays import Array
from nn_core.layers.layer import Cache, Context, Layer

Share: TypeAlias = tuple[Any, ...]
"""What one part of a batch contributes to what the layer must know of all of it."""


@dataclass(frozen=True)
class Coupled(Layer):
    """A layer that must look at the whole batch before it can do any part of it.

    Both ways it goes in three steps: `look` at each part of the batch alone, `agree` on what
    they saw, in the order of the parts, and then do each part alone, knowing that. So parts can
    be worked on side by side; in one part, the steps are `forward` and `backward`.
    """

    couples_examples: ClassVar[bool] = True

    @abstractmethod
    def look(self, x: Array, context: Context) -> Share:
        """What a part of the batch contributes."""

    @abstractmethod
    def agree(self, shares: Sequence[Share], params: Mapping[str, Array]) -> Share:
        """What is to be known of the whole batch."""

    @abstractmethod
    def forward_part(
        self, x: Array, whole: Share, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        """y of a part, and what the way back needs of it, `whole` last."""

    @abstractmethod
    def look_back(self, d_y: Array, cache: Cache, context: Context) -> Share:
        """What a part of d_y contributes."""

    @abstractmethod
    def agree_back(
        self,
        shares: Sequence[Share],
        whole: Share,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
    ) -> Share:
        """Write the parameters' gradients into `grads`; what the way back must know."""

    @abstractmethod
    def backward_part(self, d_y: Array, cache: Cache, back: Share, context: Context) -> Array:
        """d_x of a part."""

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        whole = self.agree([self.look(x, context)] if context.training else [], params)
        return self.forward_part(x, whole, params, context)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        shares = [self.look_back(d_y, cache, context)]
        back = self.agree_back(shares, cache[-1], params, grads)
        return self.backward_part(d_y, cache, back, context) if context.needs_d_x else None
