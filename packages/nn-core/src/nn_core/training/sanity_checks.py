"""Checks, before the first step, for mistakes that would train without an error, but badly."""

import math
import warnings
from collections.abc import Iterator, Mapping

import numpy as np

from nn_core.arrays import Examples
from nn_core.errors import DataError, SettingError
from nn_core.layers.base import Layer
from nn_core.layers.chain import Chain
from nn_core.losses import Loss, MeanSquaredError
from nn_core.metrics import (
    Metric,
    accuracy,
    average_precision,
    f1,
    mean_absolute_error,
    r2,
    roc_auc,
    root_mean_squared_error,
)
from nn_core.network import Network
from nn_core.registry import require

SAMPLE = 64
"""Number of examples whose range is checked."""

PIXELS = 64
"""Minimum size of an example for integers up to 255 to look like an image."""

REAL_VALUED = (mean_absolute_error, root_mean_squared_error, r2)
"""Metrics of real-valued targets."""

OF_CLASSES = (accuracy, f1, roc_auc, average_precision)
"""Metrics of class labels."""

MAX_PATHS = 100

WEIGHTED = ("Conv2D", "Dense", "GRU", "LSTM", "SimpleRNN")
"""Layers that multiply their input by weights, and so expect inputs of about unit scale."""


def check_last_layer(network: Network, loss: Loss) -> None:
    """Raise SettingError for a sigmoid before a loss that includes one.

    Applied twice, it limits probabilities to the range 0.5 to 0.73.
    """
    for path in _paths(network.layers):
        last = path[-1:]
        if loss.takes_logits and last and type(last[0]).__name__ in {"Sigmoid", "Softmax"}:
            raise SettingError(
                f"{type(loss).__name__} takes logits and applies the sigmoid or softmax itself; "
                f"remove the last layer, {last[0]!r}"
            )


def check_metrics(metrics: Mapping[str, Metric], loss: Loss) -> None:
    """Raise SettingError for metrics of classes with real-valued targets, or the reverse."""
    require("loss" not in metrics, "the loss is always measured; name the metric otherwise")
    for metric in metrics.values():
        if metric in OF_CLASSES and isinstance(loss, MeanSquaredError):
            raise SettingError(
                f"{metric.__name__} is for classes; for real targets use metrics=['mean-absolute-error', 'r2']"
            )
        if metric in REAL_VALUED and loss.takes_logits:
            raise SettingError(f"{metric.__name__} is for real targets; for classes use metrics=['accuracy']")


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
    first = _unscaled_input(network.layers)
    if first is None:
        return
    advice = "scale them: x / 255, or start the network with InstanceNorm() or BatchNorm()"
    if x.dtype == np.uint8:
        raise DataError(f"the examples are bytes up to {highest}, but {first} expects values near 1; {advice}")
    warnings.warn(f"the examples look like bytes, 0 to 255; {advice}", UserWarning, stacklevel=3)


def _unscaled_input(layers: tuple[Layer, ...]) -> str | None:
    """The name of a layer with weights that reads the input as it is, without a normalization; None if none does."""
    from nn_core.layers import Activation, Dropout, Flatten

    for path in _paths(layers):
        kinds = [type(layer).__name__ for layer in path if not isinstance(layer, Activation | Dropout | Flatten)]
        if kinds[:1] and kinds[0] in WEIGHTED and kinds[1:2] not in (["BatchNorm"], ["InstanceNorm"]):
            return kinds[0]
    return None


def _paths(layers: tuple[Layer, ...]) -> Iterator[list[Layer]]:
    """The layers on each way through the network, at most `MAX_PATHS`: one for each branch of a Parallel."""
    found: list[list[Layer]] = [[]]
    for layer in layers:
        if isinstance(layer, Chain):
            ways = list(_paths(layer.layers))
        elif layer.children:
            ways = [way for branch in layer.children for way in _paths((branch,))]
        else:
            ways = [[layer]]
        found = [[*path, *way] for path in found for way in ways][:MAX_PATHS]
    yield from found
