"""Checks, before the first step, for mistakes that would train without an error, but badly."""

import math
import warnings
from collections.abc import Iterator

import numpy as np

from nn_core.arrays import Examples
from nn_core.errors import DataError, SettingError
from nn_core.layers.base import Layer
from nn_core.layers.chain import Chain
from nn_core.losses import Loss
from nn_core.network import Network

SAMPLE = 64
"""Number of examples whose range is checked."""

PIXELS = 64
"""Minimum size of an example for integers up to 255 to look like an image."""

WEIGHTED = ("Conv2D", "Dense", "GRU", "LSTM", "SimpleRNN")
"""Layers that multiply their input by weights, and so expect inputs of about unit scale."""


def check_last_layer(network: Network, loss: Loss) -> None:
    """Raise SettingError for a sigmoid before a loss that includes one.

    Applied twice, it limits probabilities to the range 0.5 to 0.73.
    """
    last = list(_flattened(network.layers))[-1:]
    if loss.takes_logits and last and type(last[0]).__name__ in {"Sigmoid", "Softmax"}:
        raise SettingError(
            f"{type(loss).__name__} takes logits and applies the sigmoid or softmax itself; "
            f"remove the last layer, {last[0]!r}"
        )


def check_scale(network: Network, x: Examples) -> None:
    """Check for unscaled images, 0 to 255, as the input of a layer with weights.

    Raises DataError for bytes; warns (UserWarning) about other values that look like bytes.
    """
    if x.dtype.kind not in "uif":
        return
    sample = np.asarray(x[:SAMPLE])
    if not sample.size or not (highest := sample.max()) > 1:
        return
    images = math.prod(x.shape[1:]) >= PIXELS and sample.min() >= 0 and 128 <= highest <= 255
    if x.dtype != np.uint8 and not (images and (sample == np.rint(sample)).all()):
        return
    from nn_core.layers import Activation, Dropout, Flatten

    layers = _flattened(network.layers, skip=(Activation, Dropout, Flatten))
    first, second = (type(layer).__name__ if layer else "" for layer in (next(layers, None), next(layers, None)))
    if first not in WEIGHTED or second in {"BatchNorm", "InstanceNorm"}:
        return
    advice = "scale them: x / 255, or start the network with InstanceNorm() or BatchNorm()"
    if x.dtype == np.uint8:
        raise DataError(f"the examples are bytes up to {highest}, but {first} expects values near 1; {advice}")
    warnings.warn(f"the examples look like bytes, 0 to 255; {advice}", UserWarning, stacklevel=3)


def _flattened(layers: tuple[Layer, ...], skip: tuple[type[Layer], ...] = ()) -> Iterator[Layer]:
    """The layers in order, including those inside chains and residual blocks."""
    for layer in layers:
        if isinstance(layer, Chain):
            yield from _flattened(layer.layers, skip)
        elif not isinstance(layer, skip):
            yield layer
