"""Is a gradient right? Move one number a little, and see how far the loss really moves.

The slope of f along a direction v is the limit of [f(w + h v) - f(w - h v)] / 2h; in float64
with h = 1e-5 it is known to about ten digits. The gradient written by hand says that it is
g . v. Each parameter and the input are checked apart: number by number if the array is
small, along random directions if it is large.

At a kink, such as ReLU's at 0, the slopes to the left and to the right differ and no number
is "the" gradient. A kink is recognised by slopes that stay apart however small h gets; it is
reported, and it is a failure only if the gradient does not lie between the two. In a network one
number may move several units across their kinks at once, each layer choosing its slope apart; so a
gradient that fails is judged again at a point nearby, where a wrong one fails too.
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import GradientError
from nn_core.layers import Context, Layer, State
from nn_core.losses import Loss
from nn_core.network import Network

STEPS = (1e-5, 1e-6, 1e-7)
"""Distances h tried in turn: a kink nearby is no kink any more once h is smaller."""


@dataclass(frozen=True)
class Checked:
    """One array whose gradient stood the test.

    name     the layer and the argument, "layer 0, Dense(units=3), W"
    numbers  how many numbers or directions were compared
    error    the largest relative error |expected - received| / max(|expected|, |received|, 1e-4)
    kinks    where the slope jumps, so that there was nothing to compare
    """

    name: str
    shape: tuple[int, ...]
    numbers: int
    error: float
    kinks: tuple[str, ...]


@dataclass(frozen=True)
class GradientReport:
    """What was checked; `str` of it has a line for each array.

    nearby  at the point that was given kinks coincide, and a point near it was checked
    """

    arrays: tuple[Checked, ...]
    nearby: bool = False

    @property
    def error(self) -> float:
        """The largest relative error of all."""
        return max((array.error for array in self.arrays), default=0.0)

    def __str__(self) -> str:
        lines = []
        for array in self.arrays:
            lines.append(
                f"{array.name} {array.shape}: {array.numbers} compared, "
                f"largest relative error {array.error:.1e}"
            )
            if array.kinks:
                lines.append(f"  {len(array.kinks)} at a kink: {', '.join(array.kinks)}")
        if self.nearby:
            lines.append(
                "a gradient failed at this point and none near it: it is one where kinks coincide"
            )
        return "\n".join(lines)


def check_gradients(
    network: Network,
    x: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    loss: Loss,
    *,
    rng: np.random.Generator,
    training: bool = True,
    tolerance: float = 1e-6,
    largest: int = 200,
) -> GradientReport:
    """Compare every gradient of a network, and that of its input, with finite differences.

    Works on a float64 copy; the network itself is not touched. Noise, such as dropout's, is
    drawn alike for every evaluation. Layers with a memory begin with states drawn at random,
    whose gradients are checked too, and their final states join the loss, each number with a
    weight of its own. An input of integers has no gradient.

    tolerance  the largest relative error that passes, beyond the rounding of the loss itself
    largest    arrays of more numbers than this are checked along random directions
    Raises GradientError at the first gradient that is wrong: layer, argument, index,
    expected and received.
    """
    twin = Network(
        network.layers,
        input_shape=network.input_shape,
        dtype=np.float64,
        over_time=network.over_time,
        fused=network.fused,
    )
    twin.parameters[...] = network.parameters
    x = twin.accepted(np.array(x))
    moves = x.dtype == twin.dtype
    seed = int(rng.integers(2**32))
    states, weights = _states_like(twin, x, rng), _states_like(twin, x, rng)

    def evaluate() -> tuple[float, Array | None, list[Context]]:
        contexts = twin.contexts(training=training, rng=np.random.default_rng(seed), needs_d_x=True)
        for i, state in states.items():
            contexts[i].initial_state, contexts[i].d_final_state = state, weights[i]
        logits, caches = twin.forward(x, contexts)
        value, d_logits = loss(logits, targets)
        for i, factors in weights.items():
            value += float(sum(map(np.vdot, factors, contexts[i].final_state or ())))
        return value, twin.backward(d_logits, caches, contexts), contexts

    def check() -> GradientReport:
        _, d_x, contexts = evaluate()
        arguments, gradients = {}, {}
        if moves:
            arguments["the input x"], gradients["the input x"] = x, np.array(d_x)
        for i, state in states.items():
            for name, start, slope in zip(
                "hc", state, contexts[i].d_initial_state or (), strict=False
            ):
                where = f"layer {i}, {twin.layers[i]!r}, the initial {name}"
                arguments[where], gradients[where] = start, slope
        received = twin.views_of(twin.gradients.copy())
        for i, layer in enumerate(twin.layers):
            for name, parameter in layer.parameters(twin.shapes[i]).items():
                if parameter.trained:
                    arguments[f"layer {i}, {layer!r}, {name}"] = twin.parameter_views[i][name]
                    gradients[f"layer {i}, {layer!r}, {name}"] = received[i][name]
        return check_function(
            lambda: evaluate()[0],
            arguments,
            gradients,
            rng=rng,
            tolerance=tolerance,
            largest=largest,
        )

    try:
        return check()
    except GradientError:
        if len(twin.layers) == 1 and x.size <= largest:
            raise
    if moves:
        x += rng.normal(scale=1e-3, size=x.shape)
    trained = twin.parameters[: twin.trained_count]
    trained += rng.normal(scale=1e-3, size=trained.shape)
    return replace(check(), nearby=True)


def check_layer(
    layer: Layer, x: npt.NDArray[Any], *, rng: np.random.Generator, training: bool = True
) -> GradientReport:
    """`check_gradients` of one layer, its parameters and its input, at random parameters.

    The loss is sum(r * y) with r drawn at random, so that every output counts differently.
    Running statistics are drawn above zero, for a variance may be among them.
    """
    axes = 1 + layer.over_time
    network = Network(
        [layer], input_shape=x.shape[axes:], dtype=np.float64, over_time=layer.over_time
    )
    network.parameters[...] = rng.normal(size=network.parameters.shape)
    statistics = network.parameters[network.trained_count :]
    np.exp(statistics, out=statistics)
    r = rng.normal(size=(*x.shape[:axes], *network.output_shape))
    return check_gradients(
        network, x, r, lambda y, r: (float((r * y).sum()), r), rng=rng, training=training
    )


def check_loss(
    loss: Loss, logits: Array, targets: npt.NDArray[Any], *, rng: np.random.Generator
) -> GradientReport:
    """Compare the d_logits of a loss with finite differences of its value."""
    logits = np.array(logits, np.float64)
    _, d_logits = loss(logits, targets)
    return check_function(
        lambda: loss(logits, targets)[0], {"logits": logits}, {"logits": d_logits}, rng=rng
    )


def check_function(
    function: Callable[[], float],
    arguments: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    rng: np.random.Generator,
    tolerance: float = 1e-6,
    largest: int = 200,
    directions: int = 3,
) -> GradientReport:
    """Compare gradients with finite differences of any function of float64 arrays.

    function   reads `arguments`, which are moved in place and put back
    gradients  under the same names, what is claimed
    Raises GradientError at the first number or direction that is wrong.
    """
    report = []
    for name, values in arguments.items():
        claimed = gradients[name]
        errors: list[float] = []
        kinks: list[str] = []
        for where, direction in _probes(values, largest, directions, rng):
            on = direction != 0  # so that a NaN is blamed on its own place
            received = float(np.dot(claimed[on], direction[on]))
            found = _compare(function, values, direction, received, tolerance)
            if isinstance(found, _Kink):
                if not found.left <= received <= found.right:
                    raise GradientError(
                        f"{name}{where}: at a kink, expected between {found.left:.9g} and "
                        f"{found.right:.9g}, received {received:.9g}"
                    )
                kinks.append(where)
            elif not found.passes:
                raise GradientError(
                    f"{name}{where}: expected {found.expected:.9g} by finite differences, "
                    f"received {received:.9g} (relative error {found.error:.1e})"
                )
            else:
                errors.append(found.error)
        report.append(
            Checked(name, values.shape, len(errors), max(errors, default=0.0), tuple(kinks))
        )
    return GradientReport(tuple(report))


def _states_like(network: Network, x: Array, rng: np.random.Generator) -> dict[int, State]:
    """Numbers in the shape of each state that the network's layers keep, by layer."""
    contexts = network.contexts()
    network.forward(x, contexts)
    return {
        i: tuple(rng.normal(size=array.shape) for array in context.final_state)
        for i, context in enumerate(contexts)
        if context.final_state is not None
    }


@dataclass(frozen=True)
class _Slope:
    expected: float
    error: float
    passes: bool


@dataclass(frozen=True)
class _Kink:
    left: float
    right: float


def _probes(
    values: Array, largest: int, directions: int, rng: np.random.Generator
) -> list[tuple[str, Array]]:
    """Where to look: every unit vector of a small array, random ones of a large array."""
    if values.size > largest:
        drawn = [rng.normal(size=values.shape) for _ in range(directions)]
        return [(f", random direction {i}", v / np.linalg.norm(v)) for i, v in enumerate(drawn)]
    probes: list[tuple[str, Array]] = []
    for index in np.ndindex(values.shape):
        unit = np.zeros(values.shape)
        unit[index] = 1.0
        probes.append((f"[{', '.join(map(str, index))}]", unit))
    return probes


def _compare(
    function: Callable[[], float],
    values: Array,
    direction: Array,
    received: float,
    tolerance: float,
) -> _Slope | _Kink:
    """The slope by finite differences and how far `received` is from it, or a kink."""
    start = values.copy()

    def moved(distance: float) -> float:
        values[...] = start + distance * direction
        return function()

    here = moved(0.0)
    slopes: list[_Slope] = []
    try:
        for h in STEPS:
            right, left = (moved(h) - here) / h, (here - moved(-h)) / h
            expected = (left + right) / 2.0
            scale = max(abs(expected), abs(received), 1e-4)
            rounding = 4.0 * sys.float_info.epsilon * abs(here) / h
            error = abs(expected - received)
            passes = (error - rounding) / scale <= tolerance
            slopes.append(_Slope(expected, error / scale, passes))
            if slopes[-1].passes:
                return slopes[-1]
    finally:
        values[...] = start
    if math.isfinite(right - left) and abs(right - left) > 1e-3 * scale:
        margin = tolerance * scale
        return _Kink(min(left, right) - margin, max(left, right) + margin)
    return slopes[0]
