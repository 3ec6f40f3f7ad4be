"""A sequence of layers as a single layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache, Layer, Parameter, State
from nn_core.layers.context import Context
from nn_core.layers.items import as_layers
from nn_core.registry import require

T = TypeVar("T")


@dataclass(frozen=True)
class Chain(Layer):
    """y = f_k( ... f_2( f_1(x) ) ).

    By the chain rule d_x = J_1^T ( ... J_k^T d_y), computed from the last layer to the first.
    Parameters and states are those of its layers, by position: "0/W", "2/gamma".

    layers  first to last; a text such as "relu" is an activation
    Raises ShapeError if a layer does not fit the one before it, naming the layer; SettingError for
    what is not a layer, or for one that takes integers after layers that compute.
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

    @property
    def reads_tokens(self) -> bool:
        return any(layer.reads_tokens for layer in self.layers)

    @property
    def batch_dependent(self) -> bool:
        return any(layer.trainable and layer.batch_dependent for layer in self.layers)

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

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        declared = {}
        shapes = self.shapes(input_shape)
        for index, (layer, shape) in enumerate(zip(self.layers, shapes, strict=False)):
            for name, parameter in layer.parameters(shape).items():
                frozen = replace(parameter, trainable=False, momentum=None)
                declared[f"{index}/{name}"] = parameter if layer.trainable else frozen
        return declared

    def macs(self, input_shape: Shape) -> int:
        shapes = self.shapes(input_shape)
        return sum(layer.macs(shape) for layer, shape in zip(self.layers, shapes, strict=False))

    def initial_state(self, N: int, input_shape: Shape, dtype: npt.DTypeLike) -> State:
        shapes = self.shapes(input_shape)
        return tuple(layer.initial_state(N, shape, dtype) for layer, shape in zip(self.layers, shapes, strict=False))

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        """Like `forward_with_state`, from the initial state."""
        dtype = next((array.dtype for array in params.values()), x.dtype)
        state = self.initial_state(len(x), x.shape[1:], dtype)
        y, _, cache = self.forward_with_state(x, state, params, context)
        return y, cache

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return self.backward_with_state(d_y, (), cache, params, grads, context)[0]

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
    return {name[len(prefix) :]: value for name, value in named.items() if name.startswith(prefix)}
