"""Base class of fused recurrent layers: a scan over the steps.

The weights hold the gates side by side, (D, gates * units), so that a gradient is one product.
The arrays of the scan are gate by gate, (gates, ..., units), so that each gate is contiguous in
memory: elementwise operations are twice as fast as on columns of longer rows.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np

from nn_core.arrays import Array, Arrays, Shape, element_count
from nn_core.engine.fused.base import Fused
from nn_core.engine.products import product
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer, State
from nn_core.layers.chain import below
from nn_core.layers.context import Context
from nn_core.layers.recurrent import Recurrent
from nn_core.sequences import split_time


class RecurrentScan(Fused):
    """A recurrent layer computed with few, large operations.

    Arrays are time-major in memory, (T, N, ...). x @ W_x + b for all steps is one product; so are
    dL/dW_x, dL/dW_h and d_x, once the scan has computed d_z. Only the product with W_h is computed
    step by step, for all gates at once.

    A sigmoid is computed as 1 / (1 + exp(-z)), where -z comes from negated copies of the gate
    weights; see `apply_gates`.
    """

    sigmoids: ClassVar[int] = 0  # number of leading gates that are sigmoids; the others are tanh
    saved_per_unit: ClassVar[int] = 0

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], Recurrent)

    @property
    def cell(self) -> Recurrent:
        """The recurrent layer."""
        return cast(Recurrent, self.layers[0])

    def saved_activations(self, input_shape: Shape) -> int:
        return self.saved_per_unit * element_count(self.cell.output_shape(input_shape))

    @abstractmethod
    def scan(self, sums: Array, state: State, params: Arrays, workspace: Workspace) -> tuple[Array, State, Cache]:
        """h[1], ..., h[T] as (T, N, units), the final state, and the cache for `scan_backward`.

        sums   (gates, T, N, units), the `input_projection` of x; may be overwritten
        state  initial state
        """

    @abstractmethod
    def scan_backward(
        self, d_y: Array, d_state: State, cache: Cache, params: Arrays, grads: Arrays, workspace: Workspace
    ) -> tuple[Array, State]:
        """d_z (T * N, gates * units) and the gradient of the initial state.

        Fills the gradients of W_h and all other parameters except W_x and b.
        """

    def forward_fused_with_state(
        self, x: Array, state: State, params: Arrays, context: Context, workspace: Workspace
    ) -> tuple[Array, State, Cache]:
        params = below(params, 0)
        (N, T, D), cell = x.shape, self.cell
        rows = steps_first(x, workspace).reshape(T * N, D)
        sums = workspace.array("sums", (cell.gates, T * N, cell.units), x.dtype)
        self.input_projection(rows, params, workspace, sums)
        h, left, cache = self.scan(sums.reshape(cell.gates, T, N, cell.units), state[0], params, workspace)
        return h.swapaxes(0, 1), (left,), (rows, cache)

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
        params, grads = below(params, 0), below(grads, 0)
        rows, of_scan = cache
        d_z, d_initial = self.scan_backward(d_y, d_state[0] if d_state else (), of_scan, params, grads, workspace)
        product(rows.T, d_z, grads["W_x"], workspace.pool)
        np.add.reduce(d_z, axis=0, out=grads["b"])
        if not context.needs_d_x:
            return None, (d_initial,)
        d_x = workspace.array("d_x", rows.shape, rows.dtype)
        product(d_z, params["W_x"].T, d_x, workspace.pool)
        return split_time(d_x, *d_y.shape[:2]), (d_initial,)

    def input_projection(self, rows: Array, params: Arrays, workspace: Workspace, out: Array) -> None:
        """out = rows @ W_x + b for rows (R, D), gate by gate: (gates, R, units)."""
        W_x, b = (self.by_gate(name, params, workspace) for name in ("W_x", "b"))
        np.matmul(rows, W_x, out=out)
        out += b

    def by_gate(self, name: str, params: Arrays, workspace: Workspace) -> Array:
        """A parameter (D, gates * units) as (gates, D, units), and b as (gates, 1, units).

        Negated for sigmoid gates.
        """
        cell = self.cell

        def make() -> Array:
            blocks = params[name].reshape(-1, cell.gates, cell.units).swapaxes(0, 1)
            copied = workspace.array(f"{name} by gate", blocks.shape, blocks.dtype)
            np.negative(blocks[: self.sigmoids], out=copied[: self.sigmoids])
            np.copyto(copied[self.sigmoids :], blocks[self.sigmoids :])
            return copied

        return workspace.derived(f"{name} by gate", make)

    def states(self, state: State, T: int, N: int, dtype: np.dtype[Any], workspace: Workspace) -> list[Array]:
        """Memory for each array of the state at steps 0 to T, (T + 1, N, units); 0 is `state`."""
        self.cell.check_state(state, N)
        arrays = []
        for name, initial in zip(self.cell.state_names, state, strict=True):
            array = workspace.array(name, (T + 1, N, self.cell.units), dtype)
            array[0] = initial
            arrays.append(array)
        return arrays

    def gradient_of_state(self, d_state: State, N: int, dtype: np.dtype[Any]) -> State:
        """New arrays for the gradient of the state, initialized to d_state; () means zero."""
        if d_state:
            self.cell.check_state(d_state, N)
            return tuple(np.array(part, dtype) for part in d_state)
        return self.cell.initial_state(N, (None, 1), dtype)


def apply_gates(z: Array, sigmoids: int) -> None:
    """sigmoid of the first gates, tanh of the others, in place; z (gates, N, units).

    sigmoid(z) = 1 / (1 + exp(-z)), where the array already holds -z, from negated weights: exp
    takes two thirds of the time of tanh. It may overflow, and 1 / inf = 0 is correct, so callers
    suppress NumPy's warning.
    """
    first, others = z[:sigmoids], z[sigmoids:]
    np.exp(first, out=first)
    first += 1.0
    np.divide(1.0, first, out=first)
    np.tanh(others, out=others)


def steps_first(x: Array, workspace: Workspace) -> Array:
    """(N, T, ...) as C-contiguous (T, N, ...); copies only if the memory layout differs."""
    steps = x.swapaxes(0, 1)
    if steps.flags.c_contiguous:
        return steps
    copied = workspace.array("x", steps.shape, x.dtype)
    np.copyto(copied, steps)
    return copied


def gradient_of_W_h(h: Array, d_z: Array, out: Array, workspace: Workspace) -> None:
    """sum_t h[t-1]^T @ d_z[t] as one product.

    h (T + 1, N, units) begins with the initial state, d_z (T, N, ...)
    """
    T, N, units = h.shape
    rows = (T - 1) * N
    product(h[:-1].reshape(rows, units).T, d_z.reshape(rows, out.shape[1]), out, workspace.pool)
