"""Base class of recurrent layers."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import ShapeError
from nn_core.initializers import initializer
from nn_core.layers.base import Cache, Layer, Parameter, State, as_rows, features
from nn_core.layers.context import Context
from nn_core.registry import require


@dataclass(frozen=True)
class Recurrent(Layer):
    """A layer that reads a sequence step by step and carries a state.

    state[t] = f(x[t], state[t-1]),   y[t] = h[t], the first array of state[t]

    x (N, T, D), y (N, T, units), each array of a state (N, units). state[0] is the initial state,
    zeros by default, and t runs from 1 to T.

    The weights are shared by all steps, so the gradient of each is a sum over the steps. A state
    affects the loss in two ways, through its output y and through the next state, so its gradient
    is a sum of two terms:

    d_h[t] = d_y[t] + (gradient from step t + 1)

    which is computed from the last step to the first: backpropagation through time. It starts with
    d_state, the gradient of the final state, and ends with the gradient of the initial state.

    z[t] is the argument of the nonlinearities at step t: gates * units columns, one block of
    `units` for each gate.

    z[t] = x[t] @ W_x + b + (a term of the previous state)

    The first part does not depend on the state, so it is computed for all steps at once, as are its
    gradients, once d_z is known for all steps:

    dL/dW_x = sum_t x[t]^T @ d_z[t]
    dL/db   = sum_t sum_n d_z[t, n]
    d_x[t]  = d_z[t] @ W_x^T

    units                  size of h
    initializer            initializer of W_x (D, gates * units), block by block
    recurrent_initializer  initializer of W_h (units, gates * units), block by block; orthogonal
                           blocks preserve the norm of h from step to step
    Raises ShapeError for an input that is not (T, D), or a state of another shape.
    Source: Werbos, Backpropagation through time: what it does and how to do it (1990);
    orthogonal: Saxe, McClelland, Ganguli, Exact solutions (2014).
    """

    units: int
    _: KW_ONLY
    initializer: str = "xavier"
    recurrent_initializer: str = "orthogonal"

    gates: ClassVar[int]
    state_names: ClassVar[tuple[str, ...]] = ("h",)

    def __post_init__(self) -> None:
        name = type(self).__name__
        require(self.units >= 1, f"{name} needs at least one unit, not {self.units}")
        initializer(self.initializer)
        initializer(self.recurrent_initializer)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2:
            raise ShapeError(f"expected sequences, shape (T, features), got {input_shape}")
        features(input_shape)
        return (input_shape[0], self.units)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        width = self.gates * self.units
        return {
            "W_x": Parameter((features(input_shape), width), (self.initializer,) * self.gates),
            "W_h": Parameter((self.units, width), (self.recurrent_initializer,) * self.gates),
            "b": Parameter((width,), "zeros", weight_decay=False),
        }

    def macs(self, input_shape: Shape) -> int:
        return self.gates * self.units * (features(input_shape) + self.units)

    def initial_state(self, N: int, input_shape: Shape, dtype: npt.DTypeLike) -> State:
        return tuple(np.zeros((N, self.units), dtype) for _ in self.state_names)

    @abstractmethod
    def forward_with_state(
        self, x: Array, state: State, params: Arrays, context: Context
    ) -> tuple[Array, State, Cache]:
        """y (N, T, units), the final state, and the cache for the backward pass."""

    @abstractmethod
    def backward_with_state(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, context: Context
    ) -> tuple[Array | None, State]:
        """d_x and the gradient of the initial state, from the last step to the first."""

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        """Like `forward_with_state`, from a zero state."""
        state = self.initial_state(len(x), x.shape[1:], params["W_x"].dtype)
        y, _, cache = self.forward_with_state(x, state, params, context)
        return y, cache

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return self.backward_with_state(d_y, (), cache, params, grads, context)[0]

    def check_state(self, state: State, N: int) -> None:
        """Raise ShapeError unless `state` has the shapes of a state of N sequences."""
        given, expected = [part.shape for part in state], [(N, self.units)] * len(self.state_names)
        if given != expected:
            raise ShapeError(f"{self!r} takes a state of shapes {expected}, not {given}")

    def gradient_of_state(self, d_state: State, d_y: Array) -> State:
        """The gradient of the final state, where () means zero."""
        if d_state:
            self.check_state(d_state, len(d_y))
            return d_state
        return self.initial_state(len(d_y), d_y.shape[1:], d_y.dtype)

    def backward_input(self, x: Array, d_z: Array, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        """Backward pass of x @ W_x + b, for all steps at once; x (N, T, D), d_z (N, T, ...)."""
        grads["W_x"][...] = as_rows(x).T @ as_rows(d_z)
        grads["b"][...] = as_rows(d_z).sum(axis=0)
        return d_z @ params["W_x"].T if context.needs_d_x else None
