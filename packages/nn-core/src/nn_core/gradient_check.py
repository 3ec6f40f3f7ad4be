"""Compare the gradients of a network, a layer or a loss with finite differences.

In a network, perturbing one parameter may move several units across their kinks at once, where each
layer chooses its slope independently; so a failed check is repeated at a nearby point, where a
wrong gradient fails again.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import GradientError
from nn_core.finite_differences import GradientReport, check_function
from nn_core.layers.base import Layer, State
from nn_core.layers.context import BatchPart, Context
from nn_core.network import Network

LossFunction: TypeAlias = Callable[[Array, npt.NDArray[Any]], tuple[float, Array]]
"""Maps an output and targets to the value and gradient of a loss, like a `Loss`."""


def check_gradients(
    network: Network,
    x: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    loss: LossFunction,
    *,
    rng: int | np.random.Generator,
    training: bool = True,
    tolerance: float = 1e-6,
    largest: int = 200,
) -> GradientReport:
    """Compare the gradients of all parameters and of the input of a network with finite differences.

    Works on a float64 copy; the network itself is not modified. Noise, such as dropout, is the same
    in every evaluation. Stateful layers start from a random state, whose gradient is checked too,
    and a randomly weighted sum of their final states is added to the loss. Frozen parameters and
    inputs that include tokens are not checked.

    tolerance  maximum relative error, beyond the rounding error of the loss
    largest    arrays with more elements than this are checked along random directions
    Raises GradientError at the first wrong gradient, with layer, argument, index, expected and
    received value.
    """
    rng = np.random.default_rng(rng)
    twin = _Twin(network, x, targets, loss, rng, training)

    def check() -> GradientReport:
        arguments, gradients = twin.arguments_and_gradients()
        return check_function(twin.value, arguments, gradients, rng=rng, tolerance=tolerance, largest=largest)

    try:
        return check()
    except GradientError:
        single = len(network) == 1 and not network.layers[0].children
        if single and x.size <= largest:
            raise
    twin.move(rng)
    return replace(check(), nearby=True)


def check_layer(
    layer: Layer, x: npt.NDArray[Any], *, rng: int | np.random.Generator, training: bool = True
) -> GradientReport:
    """`check_gradients` of one layer, its parameters and its input, at random parameters.

    The loss is sum(r * y) with random r, so that every output has a different weight. Running
    statistics and frozen parameters are positive, since they may include variances.
    """
    network = Network([layer], input_shape=x.shape[1:], dtype=np.float64, initialize=False)
    rng = np.random.default_rng(rng)
    network.vector[...] = rng.normal(size=network.vector.shape)
    fixed = network.vector[network.trained_count :]
    np.exp(fixed, out=fixed)
    r = rng.normal(size=network.activations(x)[-1].shape)
    return check_gradients(network, x, r, lambda y, r: (float((r * y).sum()), r), rng=rng, training=training)


def check_loss(
    loss: LossFunction, logits: Array, targets: npt.NDArray[Any], *, rng: int | np.random.Generator
) -> GradientReport:
    """Compare the gradient of a loss with finite differences of its value."""
    logits = np.array(logits, np.float64)
    _, d_logits = loss(logits, targets)
    rng = np.random.default_rng(rng)
    return check_function(lambda: loss(logits, targets)[0], {"logits": logits}, {"logits": d_logits}, rng=rng)


class _Twin:
    """A float64 copy of a network with its parameters, an input and initial states.

    The loss also includes sum(w * s) over the final states s, with random w.
    """

    def __init__(
        self,
        network: Network,
        x: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        loss: LossFunction,
        rng: np.random.Generator,
        training: bool,
    ) -> None:
        self.network = Network(
            network.layers,
            input_shape=network.input_shape,
            dtype=np.float64,
            tied=network.tied,
            padding=network.padding,
            initialize=False,
        )
        self.network.vector[...] = network.vector
        self.x = self.network.validate_input(np.array(x))
        self.checks_input = not self.network.chain.reads_tokens
        self.targets, self.loss = targets, loss
        seed = int(rng.integers(2**32))
        self.context = Context(training=training, part=BatchPart((seed, 0), lengths=self.network.lengths(self.x)))
        self.state: State = self.network.initial_state(len(x))
        self.state = _random_like(self._forward()[1], rng)  # grown, where a state grows
        self.weights = _random_like(self._forward()[1], rng)

    def value(self) -> float:
        """The loss."""
        output, left, _ = self._forward()
        return self.loss(output, self.targets)[0] + _dot(self.weights, left)

    def arguments_and_gradients(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """The arguments of the loss, and their gradients computed by `backward`, by name."""
        network, context = self.network, self.context
        output, _, caches = self._forward()
        _, d_output = self.loss(output, self.targets)
        vector, grads = network.new_gradients()
        d_x, d_state = network.chain.backward_with_state(d_output, self.weights, caches, network.params, grads, context)
        received = network.named(network.finish_gradients(vector))
        arguments: dict[str, Array] = {}
        gradients: dict[str, Array] = {}
        if self.checks_input:
            if d_x is None:
                raise GradientError("the input x: backward returned no gradient")
            arguments["the input x"], gradients["the input x"] = self.x, np.array(d_x)
        d_states = dict(_arrays_of(network.chain, d_state))
        for name, state in _arrays_of(network.chain, self.state):
            if name not in d_states:
                raise GradientError(f"{name}: backward returned no gradient")
            arguments[name], gradients[name] = state, np.array(d_states[name])
        for name, array in network.named(network.vector).items():
            if network.declared[name].region < 2:
                *path, last = name.split("/")
                where = f"{_title(network.chain, [int(index) for index in path])}, {last}"
                arguments[where], gradients[where] = array, received[name]
        return arguments, gradients

    def move(self, rng: np.random.Generator) -> None:
        """Move to a nearby point."""
        if self.checks_input:
            self.x += rng.normal(scale=1e-3, size=self.x.shape)
        trained = self.network.vector[: self.network.trained_count]
        trained += rng.normal(scale=1e-3, size=trained.shape)

    def _forward(self) -> tuple[Array, State, Any]:
        network = self.network
        return network.chain.forward_with_state(self.x, self.state, network.params, self.context)


def _random_like(state: State, rng: np.random.Generator) -> State:
    """Random numbers in the shapes of a state; integers are unchanged."""
    return tuple(
        _random_like(part, rng)
        if isinstance(part, tuple)
        else (rng.normal(size=part.shape) if part.dtype.kind == "f" else part)
        for part in state
    )


def _dot(weights: State, state: State) -> float:
    """sum(w * s) over the arrays of a state."""
    return sum(
        _dot(w, s) if isinstance(s, tuple) else float(np.vdot(w, s)) for w, s in zip(weights, state, strict=True)
    )


def _arrays_of(parent: Layer, state: State, path: tuple[int, ...] = ()) -> Iterator[tuple[str, Array]]:
    """The floating-point arrays of a state, by layer."""
    for index, (layer, part) in enumerate(zip(parent.children, state, strict=True)):
        here = (*path, index)
        if layer.children:
            yield from _arrays_of(layer, part or ((),) * len(layer.children), here)
            continue
        for number, array in enumerate(part):
            if array.dtype.kind == "f":
                which = f" {number}" if len(part) > 1 else ""
                where = f"layer {'/'.join(map(str, here))}, {layer!r}"
                yield f"{where}, the initial state{which}", array


def _title(layer: Layer, path: list[int]) -> str:
    """The layer at a path, for messages: "layer 2/0, Dense(units=3)"."""
    for index in path:
        if not layer.children:
            break
        layer = layer.children[index]
    return f"layer {'/'.join(map(str, path))}, {layer!r}"
