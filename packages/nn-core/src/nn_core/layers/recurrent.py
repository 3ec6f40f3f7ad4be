"""What all layers with a memory have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array, Shape
from nn_core.errors import ShapeError
from nn_core.initializers import initializer
from nn_core.layers.layer import Cache, Context, Layer, Parameter, State
from nn_core.products import product
from nn_core.registry import require
from nn_core.sequences import split_time


@dataclass(frozen=True)
class Recurrent(Layer):
    """A layer that reads a sequence step after step, and remembers.

    state[t] = f(x[t], state[t - 1]),   y[t] = h[t], the first array of state[t]

    x (N, T, D), y (N, T, units), each array of a state (N, units). The same weights act at
    every step, so the gradient of each is a sum over the steps; a state moves the loss by two
    ways, through its own y and through the state after it, so its gradient is a sum of two:

    d_h[t] = d_y[t] + (what came back from step t + 1)

    which is computed from the last step to the first: backpropagation through time. It begins
    with d_final_state, the gradient from beyond the end, and ends with d_initial_state.

    x[t] @ W_x does not depend on the state, so it is one product for all steps; so are dL/dW_x,
    dL/dW_h and d_x, once the loop has found the gradient d_z of what they sum up to. Only the
    product with W_h is made step by step.

    units                  numbers of h
    initializer            how W_x (D, gates * units) begins, gate by gate
    recurrent_initializer  how W_h (units, gates * units) begins, gate by gate; orthogonal
                           blocks neither shrink nor stretch h from step to step
    Raises ShapeError for an input whose steps are not rows of numbers.
    Source: Werbos, Backpropagation through time: what it does and how to do it (1990);
    orthogonal: Saxe, McClelland, Ganguli, Exact solutions (2014).
    """

    units: int
    initializer: str = "xavier"
    recurrent_initializer: str = "orthogonal"

    over_time: ClassVar[bool] = True
    gates: ClassVar[int]
    sigmoids: ClassVar[int] = 0  # of the gates, the first so many; the others are tanh
    state_names: ClassVar[tuple[str, ...]] = ("h",)

    def __post_init__(self) -> None:
        name = type(self).__name__
        require(self.units >= 1, f"{name} needs at least one unit, not {self.units}")
        initializer(self.initializer)
        initializer(self.recurrent_initializer)

    @abstractmethod
    def loop(
        self, sums: Array, state: State | None, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, State, Cache]:
        """y (N, T, units), the final state, and what `loop_back` needs: step after step.

        sums   (gates, T, N, units), what `sums` makes of x; may be overwritten
        state  the initial one; None for zeros
        """

    @abstractmethod
    def loop_back(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array, State]:
        """d_z (T, N, gates * units), and d_initial_state: from the last step to the first.

        Fills the gradient of W_h, and of whatever else but W_x and b the layer learns.
        d_final_state  None for zeros
        """

    def unroll(
        self, x: Array, state: State | None, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, State, Cache]:
        """y (N, T, units), the final state, and what `backward_through_time` needs.

        state  the initial one; None for zeros
        """
        steps = steps_in_order(x, context)
        T, N, D = steps.shape
        sums = context.scratch("sums", (self.gates, T * N, self.units))
        self.sums(steps.reshape(T * N, D), params, context, sums)
        y, final_state, cache = self.loop(
            sums.reshape(self.gates, T, N, self.units), state, params, context
        )
        return y, final_state, (steps, *cache)

    def backward_through_time(
        self,
        d_y: Array,
        d_final_state: State | None,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> tuple[Array | None, State]:
        """d_x, or None if nobody needs it, and d_initial_state; fills `grads`.

        d_final_state  None for zeros
        """
        steps, *rest = cache
        d_z, d_initial_state = self.loop_back(
            d_y, d_final_state, tuple(rest), params, grads, context
        )
        T, N, D = steps.shape
        d_rows = d_z.reshape(T * N, -1)
        product(steps.reshape(T * N, D).T, d_rows, grads["W_x"], context.crew)
        np.add.reduce(d_rows, axis=0, out=grads["b"])
        if not context.needs_d_x:
            return None, d_initial_state
        d_x = context.scratch("d_x", (T * N, D))
        product(d_rows, params["W_x"].T, d_x, context.crew)
        return split_time(d_x, N, T), d_initial_state

    def sums(self, rows: Array, params: Mapping[str, Array], context: Context, out: Array) -> None:
        """out = rows @ W_x + b of any rows (R, D), gate by gate: (gates, R, units)."""
        W_x, b = (self.by_gate(name, params, context) for name in ("W_x", "b"))
        np.matmul(rows, W_x, out=out)
        out += b

    def by_gate(self, name: str, params: Mapping[str, Array], context: Context) -> Array:
        """A parameter (D, gates * units) as (gates, D, units), and b as (gates, 1, units).

        Those of the gates that a sigmoid opens are negated, for `gates.open_gates`.
        """
        by_gate = params[name].reshape(-1, self.gates, self.units).swapaxes(0, 1)

        def make(copied: Array) -> None:
            np.copyto(copied, by_gate)
            np.negative(copied[: self.sigmoids], out=copied[: self.sigmoids])

        return context.of_weights(name, by_gate.shape, make)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise ShapeError(f"expected one axis of features at each step, got {input_shape}")
        return (self.units,)

    def parameters(self, input_shape: Shape) -> Mapping[str, Parameter]:
        width = self.gates * self.units
        inputs, recurrent = (self.initializer,), (self.recurrent_initializer,)
        return {
            "W_x": Parameter((input_shape[0], width), inputs * self.gates, decays=True),
            "W_h": Parameter((self.units, width), recurrent * self.gates, decays=True),
            "b": Parameter((width,), "zeros", decays=False),
        }

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.gates * self.units * (input_shape[0] + self.units)

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        y, context.final_state, cache = self.unroll(x, context.initial_state, params, context)
        return y, cache

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        d_x, context.d_initial_state = self.backward_through_time(
            d_y, context.d_final_state, cache, params, grads, context
        )
        return d_x

    def begin(self, state: State | None, *first: Array) -> None:
        """Write a state, or zeros, into the arrays (N, units) from which a loop sets out."""
        if state is None:
            for here in first:
                here.fill(0.0)
            return
        given, expected = ([array.shape for array in arrays] for arrays in (state, first))
        if given != expected:
            raise ShapeError(f"{self!r} takes a state of {expected}, not {given}")
        for here, values in zip(first, state, strict=True):
            here[...] = values


def steps_in_order(x: Array, context: Context) -> Array:
    """(T, N, D) from (N, T, D), each step in one piece; copied only if it does not lie so."""
    steps = x.swapaxes(0, 1)
    if steps.flags.c_contiguous:
        return steps
    copied = context.scratch("x", steps.shape)
    np.copyto(copied, steps)
    return copied


def gradient_of_W_h(h: Array, d_z: Array, out: Array, context: Context) -> None:
    """sum_t h[t - 1]^T @ d_z[t] as one product.

    h (T + 1, N, units) begins with the initial state, d_z (T, N, ...)
    """
    rows = d_z.shape[0] * d_z.shape[1]
    product(h[:-1].reshape(rows, -1).T, d_z.reshape(rows, -1), out, context.crew)
