"""Layers that contain layers, and a chain of layers as one layer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, TypeVar

import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.layers.base import Cache, Layer, Parameter, State
from nn_core.layers.context import Context
from nn_core.layers.items import as_layers
from nn_core.registry import require

T = TypeVar("T")


class Gradients(dict[str, T]):
    """Gradient arrays by name, which layers fill in place; assigning another array is an error.

    They are views of the network's gradient vector, so a replacement would be lost and its parameter
    would not be trained.
    """

    def __setitem__(self, name: str, value: T) -> None:
        if self.get(name) is not value:  # grads["W"] += d_W updates in place, then assigns the same array
            raise SettingError(f"grads[{name!r}] = ... replaces the array; fill it: grads[{name!r}][...] = ...")


class Nested(Layer):
    """A layer that contains other layers, its children.

    It has the parameters and states of its children, by position: "0/W", "2/gamma".
    """

    @property
    @abstractmethod
    def children(self) -> tuple[Layer, ...]:
        """The layers inside it."""

    @abstractmethod
    def with_children(self, children: tuple[Layer, ...]) -> Self:
        """A copy with other children."""

    @abstractmethod
    def child_shapes(self, input_shape: Shape) -> list[Shape]:
        """The input shape of every child."""

    @property
    def reads_tokens(self) -> bool:
        return any(child.reads_tokens for child in self.children)

    @property
    def batch_dependent(self) -> bool:
        return any(child.trainable and child.batch_dependent for child in self.children)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        declared = {}
        for index, (child, shape) in enumerate(self._with_shapes(input_shape)):
            for name, parameter in child.parameters(shape).items():
                frozen = replace(parameter, trainable=False, momentum=None)
                declared[f"{index}/{name}"] = parameter if child.trainable else frozen
        return declared

    def macs(self, input_shape: Shape) -> int:
        return sum(child.macs(shape) for child, shape in self._with_shapes(input_shape))

    def initial_state(self, N: int, input_shape: Shape, dtype: npt.DTypeLike) -> State:
        return tuple(child.initial_state(N, shape, dtype) for child, shape in self._with_shapes(input_shape))

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        """Like `forward_with_state`, from the initial state."""
        dtype = next((array.dtype for array in params.values()), x.dtype)
        state = self.initial_state(len(x), x.shape[1:], dtype)
        y, _, cache = self.forward_with_state(x, state, params, context)
        return y, cache

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return self.backward_with_state(d_y, (), cache, params, grads, context)[0]

    @abstractmethod
    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]: ...

    @abstractmethod
    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]: ...

    def _with_shapes(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        return zip(self.children, self.child_shapes(input_shape), strict=True)


@dataclass(frozen=True)
class Chain(Nested):
    """y = f_k( ... f_2( f_1(x) ) ).

    By the chain rule d_x = J_1^T ( ... J_k^T d_y), computed from the last layer to the first.
    Parameters and states are those of its layers, by position: "0/W", "2/gamma".

    layers  first to last; a string such as "relu" is an activation
    Raises ShapeError if a layer does not fit the one before it, naming the layer; SettingError for
    an item that is not a layer, or a layer that takes integers after one that computes.
    """

    layers: tuple[Layer, ...]

    if TYPE_CHECKING:

        def __init__(self, layers: Iterable[Layer | str], *, trainable: bool = True) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", as_layers(self.layers, type(self).__name__))
        if self.layers:
            object.__setattr__(self, "takes_integers", self.layers[0].takes_integers)
        first = True
        for layer in self.layers:
            require(first or not layer.reads_tokens, f"{layer!r} takes integers: it must come first")
            first = first and layer.rearranges

    @property
    def children(self) -> tuple[Layer, ...]:
        return self.layers

    def shapes(self, input_shape: Shape) -> list[Shape]:
        """The input shape of every layer, then the output shape of the chain."""
        shapes = [input_shape]
        for index, layer in enumerate(self.layers):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ShapeError as error:
                raise ShapeError(f"layer {index}, {layer!r}: {error}") from None
        return shapes

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.shapes(input_shape)[-1]

    def with_children(self, children: tuple[Layer, ...]) -> Self:
        return replace(self, layers=children)

    def child_shapes(self, input_shape: Shape) -> list[Shape]:
        return self.shapes(input_shape)[:-1]

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        caches, states = [], []
        for index, child in enumerate(self.contexts(params, context)):
            x, left, cache = self.layers[index].forward_with_state(x, state[index], below(params, index), child)
            states.append(left)
            caches.append(cache)
        return x, tuple(states), caches

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        d: Array | None = d_y
        d_initial: list[State] = [()] * len(self.layers)
        for index, child in reversed(list(enumerate(self.contexts(params, context)))):
            if d is None:  # no earlier layer is trainable, and d_x is not needed
                break
            d, d_initial[index] = self.layers[index].backward_with_state(
                d, d_state[index] if d_state else (), cache[index], below(params, index), below(grads, index), child
            )
        return d, tuple(d_initial)

    def contexts(self, params: Arrays, context: Context) -> Iterator[Context]:
        """The context of each layer; d_x is needed after the first trainable layer."""
        needs_d_x = context.needs_d_x
        for index, layer in enumerate(self.layers):
            yield context.child(index, trainable=layer.trainable, needs_d_x=needs_d_x)
            needs_d_x = needs_d_x or (layer.trainable and bool(below(params, index)))


def below(named: Mapping[str, T], index: int) -> dict[str, T]:
    """The arrays named "index/...", without this prefix."""
    prefix = f"{index}/"
    start = len(prefix)
    found = {name[start:]: value for name, value in named.items() if name.startswith(prefix)}
    return Gradients(found) if type(named) is Gradients else found
