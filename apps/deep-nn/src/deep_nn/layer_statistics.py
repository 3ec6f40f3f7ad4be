"""Scale and shape of the activations and gradients in each hidden layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.backpropagation import backpropagate
from nn_core.errors import DataError
from nn_core.layers import Activation
from nn_core.losses import Loss
from nn_core.network import Network

BINS = 41
"""Bars of a histogram: an odd number, so that zero is the middle of one in a symmetric range."""
FLAT = 0.02
"""An activation is saturated where its slope is below this fraction of its steepest slope."""
MOST_DECADES = 30
"""Of a logarithmic axis."""
SPREAD = 1e3
"""The axis begins this factor below the upper quartile of the smallest gradients."""
WIDEST_INPUT = np.linspace(-30.0, 30.0, 6001)
"""Inputs that show the range of an activation function and its steepest slope."""


@dataclass(frozen=True)
class LayerStatistics:
    """One hidden layer: a = f(z), z = x @ W + b, over a batch.

    number            1 for the first hidden layer
    activations       a (N, units)
    gradients         dL/dz (N, units), of the loss L of each example
    saturated         fraction of the activations on flat parts of f; None if f is not flat at both ends
    dead_units        fraction of the units through which no example passes a gradient: f'(z) = 0 for all
    weight_gradient   norm of dL/dW, of the mean loss L of the batch
    """

    number: int
    activations: Array
    gradients: Array
    saturated: float | None
    dead_units: float
    weight_gradient: float

    @property
    def activations_std(self) -> float:
        """Standard deviation of all activations."""
        return float(self.activations.std(dtype=np.float64))

    @property
    def gradients_std(self) -> float:
        """Standard deviation of all gradients."""
        return float(self.gradients.std(dtype=np.float64))

    def to_dict(self, activation_bins: Array, gradient_bins: Array) -> dict[str, Any]:
        """Statistics and counts of the histograms, for JSON."""
        return {
            "layer": self.number,
            "units": self.activations.shape[1],
            "activations": {
                "mean": float(self.activations.mean(dtype=np.float64)),
                "std": self.activations_std,
                "counts": counts(self.activations, activation_bins).tolist(),
            },
            "gradients": {
                "mean": float(self.gradients.mean(dtype=np.float64)),
                "std": self.gradients_std,
                "zero": float(np.mean(self.gradients == 0)),
                "counts": magnitude_counts(self.gradients, gradient_bins).tolist(),
            },
            "saturated": self.saturated,
            "dead_units": self.dead_units,
            "weight_gradient_norm": self.weight_gradient,
        }


class Measured(NamedTuple):
    """The layers of a network, by its label."""

    label: str
    loss: float
    layers: list[LayerStatistics]


def measure(label: str, network: Network, x: npt.NDArray[Any], y: npt.NDArray[Any], loss: Loss) -> Measured:
    """Statistics of every hidden layer for a batch: of each activation after a dense layer.

    Raises DataError if they are not finite.
    Source: Glorot, Bengio, Understanding the difficulty of training deep feedforward neural
    networks (2010), sec. 3 and 4.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = backpropagate(network, x, y, loss)
    hidden = [(k, layer) for k, layer in enumerate(network.layers) if isinstance(layer, Activation)]
    layers = []
    for number, (k, function) in enumerate(hidden, start=1):
        z, a, d_z = found.outputs[k - 1], found.outputs[k], found.d_outputs[k - 1]
        if not (np.isfinite(a).all() and np.isfinite(d_z).all()):
            raise DataError(f"{label}: overflow in hidden layer {number}; use smaller weights")
        slope = np.abs(function.derivative(z, a))
        layers.append(
            LayerStatistics(
                number,
                a,
                d_z,
                float(np.mean(slope < FLAT * steepest(function))) if is_flat_at_both_ends(function) else None,
                float(np.mean((slope == 0).all(axis=0))),
                float(np.linalg.norm(found.gradients[f"{k - 1}/W"].astype(np.float64))),
            )
        )
    return Measured(label, found.loss, layers)


def fitting_initializer(function: Activation) -> str:
    """The name of the initializer that keeps the scale of a signal through an activation function.

    Xavier initialization for functions that are flat at both ends, He initialization for others.
    Source: as `nn_core.initializers.xavier_normal` and `he_normal`.
    """
    return "xavier" if is_flat_at_both_ends(function) else "he"


def steepest(function: Activation) -> float:
    """The largest slope of an activation function."""
    return float(np.abs(_slopes(function)).max())


def is_flat_at_both_ends(function: Activation) -> bool:
    """Whether a function saturates for large positive and for large negative inputs, as sigmoid and tanh do."""
    slopes = np.abs(_slopes(function))
    return bool(max(slopes[0], slopes[-1]) < FLAT * slopes.max())


def _slopes(function: Activation) -> Array:
    return function.derivative(WIDEST_INPUT, function.function(WIDEST_INPUT))


def activation_bins(function: Activation, networks: Sequence[Measured], input_scale: float) -> Array:
    """Edges of the bars for the activations of all layers and networks.

    The whole range of a function that is flat at both ends; otherwise, three times the scale of the
    inputs, which a good initializer keeps, to either side of zero, or from the lowest activation.

    input_scale  root mean square of the inputs
    """
    if is_flat_at_both_ends(function):
        y = function.function(WIDEST_INPUT)
        low, high = float(y.min()), float(y.max())
        half = (high - low) / (BINS - 1) / 2
        return np.linspace(low - half, high + half, BINS + 1)
    high = 3 * input_scale or 1.0
    low = min(float(layer.activations.min()) for network in networks for layer in network.layers)
    return np.linspace(min(max(low, -high), 0.0), high, BINS + 1)


def gradient_bins(networks: Sequence[Measured]) -> Array:
    """Edges of the bars for |dL/dz| on a logarithmic axis: whole decades."""
    sizes = [np.abs(layer.gradients) for network in networks for layer in network.layers]
    nonzero = [size[(size > 0) & np.isfinite(size)] for size in sizes]
    nonzero = [size for size in nonzero if size.size]
    if not nonzero:
        return np.logspace(-1, 0, BINS + 1)
    high = int(np.ceil(np.log10(max(np.quantile(size, 0.999) for size in nonzero))))
    low = int(np.floor(np.log10(min(np.quantile(size, 0.75) / SPREAD for size in nonzero))))
    return np.logspace(max(min(low, high - 1), high - MOST_DECADES), high, BINS + 1)


def counts(values: Array, bins: Array) -> npt.NDArray[np.int64]:
    """How many values are in each bin; those beyond are in the first and the last."""
    return np.histogram(np.clip(values, bins[0], bins[-1]), bins)[0].astype(np.int64)


def magnitude_counts(values: Array, bins: Array) -> npt.NDArray[np.int64]:
    """How many absolute values are in each bin; those below are in none, those above in the last."""
    sizes = np.abs(values)
    return counts(sizes[sizes >= bins[0]], bins)
