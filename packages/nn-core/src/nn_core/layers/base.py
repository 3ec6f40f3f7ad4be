"""Base class of layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, MISSING, dataclass, field, fields
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.hints import HelpfulErrors
from nn_core.initializers import initializer
from nn_core.layers.context import Context

Cache: TypeAlias = Any
"""Values cached by the forward pass for `backward`; its contents depend on the layer."""

State: TypeAlias = tuple[Any, ...]
"""State carried between calls: arrays with a row per example; () for a stateless layer."""


@dataclass(frozen=True)
class Parameter:
    """Declaration of a trainable array or running statistic of a layer.

    shape         shape of the array
    initializer   initializer, such as "he"; a tuple initializes equal blocks of the last axis
                  independently
    weight_decay  whether L2 and decoupled weight decay apply to it
    trainable     whether optimizers update it; False in a frozen layer
    momentum      for a running statistic, r <- momentum r + (1 - momentum) batch value, which is
                  not trained: `backward` writes the batch value under its name
    """

    shape: tuple[int, ...]
    initializer: str | tuple[str, ...]
    weight_decay: bool = True
    trainable: bool = True
    momentum: float | None = None

    @property
    def region(self) -> int:
        """Its region in the vector: 0 weights, 1 biases, 2 running statistics, 3 frozen."""
        if self.momentum is not None:
            return 2
        if not self.trainable:
            return 3
        return 0 if self.weight_decay else 1

    def draw(self, rng: np.random.Generator) -> Array:
        """Sample its initial values."""
        if isinstance(self.initializer, str):
            return initializer(self.initializer)(self.shape, rng=rng)
        *rest, width = self.shape
        shape = *rest, width // len(self.initializer)
        blocks = [initializer(each)(shape, rng=rng) for each in self.initializer]
        return np.concatenate(blocks, axis=-1)


@dataclass(frozen=True)
class Layer(HelpfulErrors, ABC):
    """A frozen dataclass of hyperparameters that owns no arrays.

    Shapes are those of one example, without the batch axis N, except in the arrays of `forward`
    and `backward`; None is a variable number of steps. A stateless layer implements only `forward`
    and `backward`. Shapes are checked once in `output_shape`, not per call. Arguments with a
    default are given by name.

    trainable       False freezes it: its parameters are fixed, and it runs in inference mode
    takes_integers  whether its input is integers, which have no gradient: d_x is None
    rearranges      whether its outputs are a subset of its inputs, unchanged
    """

    _: KW_ONLY
    trainable: bool = field(default=True, repr=False)

    takes_integers: ClassVar[bool] = False
    rearranges: ClassVar[bool] = False

    @property
    def children(self) -> tuple[Layer, ...]:
        """The layers inside it; parameter paths use their indices."""
        return ()

    @property
    def reads_tokens(self) -> bool:
        """Whether some of its inputs are tokens (integers)."""
        return self.takes_integers

    @property
    def batch_dependent(self) -> bool:
        """Whether the output for an example in training depends on other examples in the batch."""
        return False

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one output. Raises ShapeError for an invalid input shape."""
        return input_shape

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        """The parameters and running statistics, by name."""
        return {}

    def macs(self, input_shape: Shape) -> int:
        """Multiply-accumulates of a forward pass, per example, or per step for sequences."""
        return 0

    def initial_state(self, N: int, input_shape: Shape, dtype: npt.DTypeLike) -> State:
        """The initial state of N sequences."""
        return ()

    def __call__(self, x: npt.ArrayLike) -> Array:
        """The output for a batch x, in prediction; only for a layer without parameters.

        Raises SettingError for a layer with parameters, whose weights belong to a network.
        """
        x = np.asarray(x)
        if x.ndim and self.parameters(x.shape[1:]):
            line = f"Network([{self.as_code()}], input_shape={x.shape[1:]})(x)"
            raise SettingError(f"{self.as_code()} has no weights of its own; add it to a network: {line}")
        return predict(self, x, {}, x.dtype if x.dtype.kind == "f" else np.float32)

    def as_code(self) -> str:
        """The constructor call without default arguments: Dense(8)."""
        given = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.default is MISSING and each.init:
                given.append(repr(value))
            elif value != each.default and each.init:
                given.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(given)})"

    @abstractmethod
    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        """y, and the cache for `backward`."""

    @abstractmethod
    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        """Write parameter gradients into `grads`; returns d_x, or None if not needed.

        `grads` is the contribution of this part of the batch. Never modifies parameters or d_y.
        """

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        """y, the final state, and the cache for `backward_with_state`."""
        y, cache = self.forward(x, params, context)
        return y, (), cache

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        """d_x and the gradient of the initial state.

        d_state  gradient of the final state; () means zero
        """
        return self.backward(d_y, cache, params, grads, context), ()


def predict(layer: Layer, x: npt.NDArray[Any], params: Arrays, dtype: npt.DTypeLike) -> Array:
    """The output of a layer for a batch x, in prediction and from the initial state.

    dtype  of the state, and of x if it is not floating-point
    Raises ShapeError if x does not fit the layer or its parameters, DataError if x is not numeric.
    """
    if x.ndim == 0:
        raise ShapeError(f"{layer!r} takes a batch of examples (N, ...), not a single number")
    if x.dtype.kind not in ("iu" if layer.takes_integers else "biuf"):
        raise DataError(f"{layer!r} does not take {x.dtype}")
    if not layer.takes_integers and x.dtype.kind != "f":
        x = x.astype(dtype)
    shape = x.shape[1:]
    layer.output_shape(shape)
    for name, parameter in layer.parameters(shape).items():
        if parameter.shape != params[name].shape:
            raise ShapeError(f"{layer!r} does not take examples of shape {shape} in this network")
    y, _, _ = layer.forward_with_state(x, layer.initial_state(len(x), shape, dtype), params, Context(training=False))
    return y


def features(shape: Shape) -> int:
    """The size of the last axis. Raises ShapeError if there is none, or if it is the time axis."""
    if not shape or shape[-1] is None:
        raise ShapeError(f"expected features on the last axis, got shape {shape}")
    return shape[-1]


def as_rows(x: Array) -> Array:
    """Reshape (..., D) to (rows, D): every example and step is a row."""
    return x.reshape(-1, x.shape[-1])


def has_arrays(state: State) -> bool:
    """Whether a state has any arrays."""
    return any(not isinstance(part, tuple) or has_arrays(part) for part in state)


def state_rows(state: State, rows: slice | npt.NDArray[np.intp]) -> State:
    """The state of some examples, given as a slice or as indices."""
    return tuple(state_rows(part, rows) if isinstance(part, tuple) else part[rows] for part in state)


def join_states(states: Sequence[State]) -> State:
    """Concatenate the states of consecutive examples."""
    return tuple(
        join_states(parts) if isinstance(parts[0], tuple) else np.concatenate(parts)
        for parts in zip(*states, strict=True)
    )


def state_arrays(state: State, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """The arrays of a state, by their position in the nested tuples: "1/0"."""
    for index, part in enumerate(state):
        if isinstance(part, tuple):
            yield from state_arrays(part, f"{prefix}{index}/")
        else:
            yield f"{prefix}{index}", part
