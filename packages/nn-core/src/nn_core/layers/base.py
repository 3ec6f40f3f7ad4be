"""The layer: a value that names its hyperparameters and knows its own derivative."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.initializers import initializer
from nn_core.layers.context import Context

Cache: TypeAlias = Any
"""What `backward` needs of the forward pass; each layer says in its file what is in it."""

State: TypeAlias = tuple[Any, ...]
"""What a layer remembers between two calls: arrays with a row per example; () for nothing."""


@dataclass(frozen=True)
class Parameter:
    """Declaration of an array that a layer learns or keeps.

    shape         its shape
    initializer   its first values, as in "he"; several for equal blocks of the last axis, each
                  drawn by itself
    weight_decay  whether L2 and decoupled weight decay act on it
    trainable     whether an optimizer changes it; False in a frozen layer
    momentum      of a running statistic, r <- momentum r + (1 - momentum) batch value, which
                  is not trained: `backward` writes the batch's value under its name
    """

    shape: tuple[int, ...]
    initializer: str | tuple[str, ...]
    weight_decay: bool = True
    trainable: bool = True
    momentum: float | None = None

    @property
    def region(self) -> int:
        """Where it lies in the vector: 0 weights, 1 biases, 2 running statistics, 3 frozen."""
        if self.momentum is not None:
            return 2
        if not self.trainable:
            return 3
        return 0 if self.weight_decay else 1

    def draw(self, rng: np.random.Generator) -> Array:
        """Its first values."""
        if isinstance(self.initializer, str):
            return initializer(self.initializer)(self.shape, rng=rng)
        *rest, width = self.shape
        shape = *rest, width // len(self.initializer)
        blocks = [initializer(each)(shape, rng=rng) for each in self.initializer]
        return np.concatenate(blocks, axis=-1)


@dataclass(frozen=True)
class Layer(ABC):
    """A frozen dataclass of hyperparameters that owns no arrays.

    Shapes are those of one example, without the batch axis N, except in the arrays of `forward`
    and `backward`; None is a number of steps. A layer without a state writes `forward` and
    `backward` only. Shapes are checked in `output_shape`, once, not per call.

    trainable       False freezes it: its parameters stay, and it runs as in prediction
    takes_integers  whether its input is integers, which have no gradient: d_x is None
    """

    _: KW_ONLY
    trainable: bool = field(default=True, repr=False)

    takes_integers: ClassVar[bool] = False

    @property
    def batch_dependent(self) -> bool:
        """Whether in training the output of an example depends on the others of its batch."""
        return False

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one output. Raises ShapeError if the layer cannot take the input."""
        return input_shape

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        """What the layer learns or keeps, by name."""
        return {}

    def macs(self, input_shape: Shape) -> int:
        """Multiply-accumulates of one forward pass of one example; of a sequence, of one step."""
        return 0

    def initial_state(self, N: int, input_shape: Shape, dtype: npt.DTypeLike) -> State:
        """The state with which N sequences begin."""
        return ()

    @abstractmethod
    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        """y, and what `backward` needs of this pass."""

    @abstractmethod
    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        """Write the parameters' gradients into `grads`; d_x, or None where it is not needed.

        `grads` are this part's share of the batch's sum. Never changes the parameters or d_y.
        """

    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        """y, the state after the last step, and what `backward_with_state` needs."""
        y, cache = self.forward(x, params, context)
        return y, (), cache

    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        """d_x and the gradient of the initial state.

        d_state  the gradient of the state after the last step; () stands for zero
        """
        return self.backward(d_y, cache, params, grads, context), ()


def features(shape: Shape) -> int:
    """The size of the last axis. Raises ShapeError if there is none, or if it is time."""
    if not shape or shape[-1] is None:
        raise ShapeError(f"expected features on the last axis, got shape {shape}")
    return shape[-1]


def as_rows(x: Array) -> Array:
    """(rows, D) from (..., D): every example and step is a row."""
    return x.reshape(-1, x.shape[-1])


def has_arrays(state: State) -> bool:
    """Whether there is anything in a state."""
    return any(not isinstance(part, tuple) or has_arrays(part) for part in state)


def state_rows(state: State, rows: slice | npt.NDArray[np.intp]) -> State:
    """The state of some of the examples: a slice of them, or those at these indices."""
    return tuple(state_rows(part, rows) if isinstance(part, tuple) else part[rows] for part in state)


def join_states(states: Sequence[State]) -> State:
    """The states of consecutive examples as one."""
    return tuple(
        join_states(parts) if isinstance(parts[0], tuple) else np.concatenate(parts)
        for parts in zip(*states, strict=True)
    )
