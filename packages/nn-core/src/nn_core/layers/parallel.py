"""Parallel branches, for several inputs, several paths, or mixed features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer, State, features
from nn_core.layers.chain import Chain, Nested, below
from nn_core.layers.context import Context
from nn_core.layers.items import as_layers
from nn_core.registry import require

MERGES = ("concat", "add", "mean")


@dataclass(frozen=True)
class Parallel(Nested):
    """Pass the input to every branch and merge their outputs.

    concat   y = [f_1(x), ..., f_B(x)] along the last axis
    add      y = f_1(x) + ... + f_B(x)
    mean     y = (f_1(x) + ... + f_B(x)) / B

    The gradient of the output of branch b is its columns of d_y for concat, d_y for add, and
    d_y / B for mean. All branches read the same x, so by the chain rule d_x is a sum over them:

    d_x = J_1^T d_y_1 + ... + J_B^T d_y_B

    A branch that starts with `Select` reads only some of the features. So a network can take
    several concatenated inputs, or combine an embedding with numeric features:

    Parallel([[Select(0), Embedding(5, 3)], Select([1, 2])])

    Parameters and states are those of the branches, by position: "0/1/W" is W of layer 1 of
    branch 0, and "1/W" is W of branch 1, a single layer.

    branches  each a layer or a list of layers; an empty list is the identity
    merge     "concat", "add" or "mean"
    Raises ShapeError if the output shapes differ; for concat, the last axis may differ.
    Source: Szegedy et al., Going deeper with convolutions (2015), sec. 4.
    """

    branches: tuple[Layer, ...]
    _: KW_ONLY
    merge: str = "concat"

    if TYPE_CHECKING:

        def __init__(
            self,
            branches: Iterable[Layer | str | Sequence[Layer | str]],
            *,
            merge: str = "concat",
            trainable: bool = True,
        ) -> None: ...

    def __post_init__(self) -> None:
        branches = self.branches
        if isinstance(branches, list | tuple):
            branches = tuple(Chain(branch) if isinstance(branch, list | tuple) else branch for branch in branches)
        branches = as_layers(branches, "Parallel", "branch")
        require(len(branches) > 0, "Parallel needs at least one branch")
        require(self.merge in MERGES, f"merge must be one of {', '.join(MERGES)}, not {self.merge!r}")
        object.__setattr__(self, "branches", branches)
        object.__setattr__(self, "takes_integers", all(branch.takes_integers for branch in branches))

    @property
    def children(self) -> tuple[Layer, ...]:
        return self.branches

    def with_children(self, children: tuple[Layer, ...]) -> Self:
        return replace(self, branches=children)

    def child_shapes(self, input_shape: Shape) -> list[Shape]:
        return [input_shape] * len(self.branches)

    def output_shape(self, input_shape: Shape) -> Shape:
        shapes = []
        for index, branch in enumerate(self.branches):
            try:
                shapes.append(branch.output_shape(input_shape))
            except ShapeError as error:
                raise ShapeError(f"branch {index}, {branch!r}: {error}") from None
        first = shapes[0]
        if self.merge != "concat":
            if any(shape != first for shape in shapes):
                raise ShapeError(f"merge={self.merge!r} needs branches of equal output shapes, not {shapes}")
            return first
        if any(len(shape) != len(first) or shape[:-1] != first[:-1] for shape in shapes):
            raise ShapeError(f"merge='concat' needs branches whose shapes differ in the last axis only, not {shapes}")
        return (*first[:-1], sum(map(features, shapes)))

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        outputs, states, caches = [], [], []
        for index, branch in enumerate(self.branches):
            child = self._context(index, context)
            y, left, cache = branch.forward_with_state(x, state[index], below(params, index), child)
            outputs.append(y)
            states.append(left)
            caches.append(cache)
        if self.merge == "concat":
            merged = np.concatenate(outputs, axis=-1)
        else:
            merged = sum(outputs[1:], outputs[0])
            if self.merge == "mean":
                merged = merged / len(outputs)
        return merged, tuple(states), (caches, [y.shape[-1:] for y in outputs], x.shape)

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        caches, widths, input_shape = cache
        if self.merge == "concat":
            d_outputs = np.split(d_y, np.cumsum([width for (width,) in widths[:-1]], dtype=np.intp), axis=-1)
        else:
            d_outputs = [d_y / len(self.branches) if self.merge == "mean" else d_y] * len(self.branches)
        d_x: Array | None = None
        d_initial: list[State] = []
        for index, branch in enumerate(self.branches):
            d_branch, d_of_branch = branch.backward_with_state(
                d_outputs[index],
                d_state[index] if d_state else (),
                caches[index],
                below(params, index),
                below(grads, index),
                self._context(index, context),
            )
            d_initial.append(d_of_branch)
            if d_branch is not None and context.needs_d_x:
                d_x = d_branch if d_x is None else d_x + d_branch
        if d_x is None and context.needs_d_x and not self.takes_integers:
            d_x = np.zeros(input_shape, d_y.dtype)  # every branch takes tokens
        return d_x, tuple(d_initial)

    def _context(self, index: int, context: Context) -> Context:
        return context.child(index, trainable=self.branches[index].trainable, needs_d_x=context.needs_d_x)
