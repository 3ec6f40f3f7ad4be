"""The reference: forward and backward through the layers as they are written, the batch whole."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.layers.base import State, join_states, state_rows
from nn_core.layers.context import BatchPart, Context
from nn_core.losses import Loss
from nn_core.network import Network, require_array
from nn_core.optim.optimizers import Optimizer

PREDICT_ROWS = 256
"""Examples that are predicted together, so that memory does not grow with their number."""


class Result(NamedTuple):
    """Loss and gradients of a batch, and the state after its last step.

    gradients  in the order of `Network.vector`; under running statistics, the batch's values
    """

    loss: float
    gradients: Array
    state: State


class Backend(Protocol):
    """What a trainer computes with: `Reference`, or `nn_core.engine.Engine`, the same faster."""

    network: Network
    shards: int | None

    def __enter__(self) -> Self:
        """Open what is kept between steps, such as threads."""

    def __exit__(self, *error: object) -> None:
        """Close it."""

    def loss_and_gradients(
        self,
        x: npt.NDArray[Any],
        y: npt.NDArray[Any],
        loss: Loss,
        *,
        weights: Array | None = None,
        state: State | None = None,
        seed: tuple[int, int] = (0, 0),
    ) -> Result:
        """One forward and one backward pass; the gradients are valid until the next call.

        The loss is a mean over the targets of the batch: L = total / count.

        weights  of the examples (N,) or of the targets; None for one each
        state    with which sequences begin; None for the initial one
        seed     of the run, and number of the step: the keys of noise
        """

    def predict(self, x: Examples, state: State | None = None) -> tuple[Array, State]:
        """The outputs of any number of examples, without noise, and the state after them."""

    def update(
        self, optimizer: Optimizer, gradients: Array, state: dict[str, Array], *, learning_rate: float, step: int
    ) -> None:
        """One step of the optimizer and of the running statistics. step is 1, 2, ..."""


class Reference:
    """The whole batch, layer by layer: what every engine has to equal."""

    shards: int | None = 1

    def __init__(self, network: Network) -> None:
        self.network = network

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def loss_and_gradients(
        self,
        x: npt.NDArray[Any],
        y: npt.NDArray[Any],
        loss: Loss,
        *,
        weights: Array | None = None,
        state: State | None = None,
        seed: tuple[int, int] = (0, 0),
    ) -> Result:
        """See `Backend`."""
        network = self.network
        chain, params = network.chain, network.params
        context = Context(part=BatchPart(seed), needs_d_x=False)
        x = network.validate_input(x)
        state = network.initial_state(len(x)) if state is None else state
        scale = inverse(loss.count(y, weights))

        output, left, caches = chain.forward_with_state(x, state, params, context)
        total, d_output = loss.total(output, y, weights)

        gradients, grads = network.new_gradients()
        chain.backward_with_state(scale * d_output, (), caches, params, grads, context)
        return Result(scale * total, network.finish_gradients(gradients), left)

    def predict(self, x: Examples, state: State | None = None) -> tuple[Array, State]:
        """See `Backend`."""
        require_array(x)
        network, outputs, states = self.network, [], []
        state = network.initial_state(len(x)) if state is None else state
        for start in range(0, max(len(x), 1), PREDICT_ROWS):
            rows = slice(start, start + PREDICT_ROWS)
            output, left, _ = network.chain.forward_with_state(
                network.validate_input(x[rows]), state_rows(state, rows), network.params, Context(training=False)
            )
            outputs.append(output)
            states.append(left)
        return np.concatenate(outputs), join_states(states)

    def update(
        self, optimizer: Optimizer, gradients: Array, state: dict[str, Array], *, learning_rate: float, step: int
    ) -> None:
        """See `Backend`."""
        update_parameters(self.network, optimizer, gradients, state, learning_rate, step)


def update_parameters(
    network: Network, optimizer: Optimizer, gradients: Array, state: dict[str, Array], learning_rate: float, step: int
) -> None:
    """One step of the optimizer, then of the running statistics.

    An elementwise optimizer works on the vector of all that is trained; another one on each
    parameter apart.
    """
    w, g = network.trained, gradients[: network.trained_count]
    optimizer.decay(network.weights, learning_rate)
    if optimizer.elementwise:
        optimizer.update(w, g, state, learning_rate=learning_rate, step=step)
    else:
        slots = {name: network.named(vector) for name, vector in state.items()}
        named_w, named_g = network.named(w), network.named(g)
        for name, parameter in named_w.items():
            of_parameter = {slot: views[name] for slot, views in slots.items()}
            optimizer.update(parameter, named_g[name], of_parameter, learning_rate=learning_rate, step=step)
    network.update_running_stats(gradients)


def inverse(count: float) -> float:
    """1 / count; zero for a batch without targets, whose loss and gradients are zero."""
    return 1.0 / count if count else 0.0
