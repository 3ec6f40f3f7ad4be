"""The reference backend: plain forward and backward passes of the whole batch."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.hints import HelpfulErrors
from nn_core.layers.base import State, join_states, state_rows
from nn_core.layers.context import BatchPart, Context
from nn_core.losses import Loss
from nn_core.network import Network, require_array, require_network
from nn_core.optim.optimizers import Optimizer

PREDICT_ROWS = 256
"""Examples predicted together, to bound memory."""


class Result(NamedTuple):
    """Loss and gradients of a batch, and the final state.

    gradients  in the order of `Network.vector`; for running statistics, the batch values
    """

    loss: float
    gradients: Array
    state: State


class Backend(Protocol):
    """The backend of a trainer: `Reference`, or the faster `nn_core.engine.Engine`."""

    network: Network
    shards: int | None

    def __enter__(self) -> Self:
        """Acquire resources used across steps, such as threads."""

    def __exit__(self, *error: object) -> None:
        """Release the resources."""

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
        """A forward and a backward pass; the gradients are valid until the next call.

        The loss is a mean over the targets of the batch: L = total / count.

        weights  weights of the examples (N,) or of the targets; None for 1
        state    state at the start of the sequences; None for the initial state
        seed     seed of the run and step number: the keys of noise
        """

    def predict(self, x: Examples, state: State | None = None) -> tuple[Array, State]:
        """The outputs for any number of examples, without noise, and the final state."""

    def update(
        self, optimizer: Optimizer, gradients: Array, state: dict[str, Array], *, learning_rate: float, step: int
    ) -> None:
        """Update the parameters and the running statistics. step is 1, 2, ..."""


class Reference(HelpfulErrors):
    """The whole batch, layer by layer: the standard that every engine must match."""

    shards: int | None = 1

    def __init__(self, network: Network) -> None:
        require_network(network, "Reference")
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
        x = network.validate_input(x)
        context = Context(part=BatchPart(seed, lengths=network.lengths(x)), needs_d_x=False)
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
            part = network.validate_input(x[rows])
            context = Context(training=False, part=BatchPart(lengths=network.lengths(part)))
            output, left, _ = network.chain.forward_with_state(part, state_rows(state, rows), network.params, context)
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
    """Update the parameters, then the running statistics.

    An elementwise optimizer updates the vector of all trained parameters at once; any other
    optimizer updates each parameter separately.
    """
    w, g = network.trained, gradients[: network.trained_count]
    optimizer.decay(network.weights, learning_rate)
    if optimizer.elementwise:
        optimizer.update(w, g, state, learning_rate=learning_rate, step=step)
    else:
        slots = {name: network.named(state[name]) for name in optimizer.state_names}
        named_w, named_g = network.named(w), network.named(g)
        for name, parameter in named_w.items():
            of_parameter = {slot: views[name] for slot, views in slots.items()}
            of_parameter |= {slot: state[f"{slot}/{name}"] for slot in optimizer.matrices(parameter.shape)}
            optimizer.update(parameter, named_g[name], of_parameter, learning_rate=learning_rate, step=step)
    network.update_running_stats(gradients)


def initial_optimizer_state(network: Network, optimizer: Optimizer) -> dict[str, Array]:
    """State vectors by name, and further arrays by "name/path of the parameter"."""
    matrices = {name: np.zeros(shape, network.dtype) for name, shape in _matrices(network, optimizer).items()}
    return optimizer.init(network.trained) | matrices


def state_numbers(network: Network, optimizer: Optimizer) -> int:
    """Number of elements of the optimizer state besides its vectors."""
    return sum(math.prod(shape) for shape in _matrices(network, optimizer).values())


def _matrices(network: Network, optimizer: Optimizer) -> dict[str, tuple[int, ...]]:
    if optimizer.elementwise:
        return {}
    return {
        f"{name}/{path}": shape
        for path, parameter in network.named(network.trained).items()
        for name, shape in optimizer.matrices(parameter.shape).items()
    }


def inverse(count: float) -> float:
    """1 / count; zero for a batch without targets, whose loss and gradients are zero."""
    return 1.0 / count if count else 0.0
