"""Convert the data of a trainer to arrays: examples, targets, validation data, weights."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.minibatches import Batches, MiniBatches, as_examples, check_examples
from nn_core.batches.streams import StreamBatches
from nn_core.errors import DataError, SettingError
from nn_core.losses import weights_like
from nn_core.network import Network
from nn_core.registry import require
from nn_core.targets import as_numbers
from nn_core.training.recipe import Recipe


def as_training_data(x: object, y: object, network: Network, recipe: Recipe) -> tuple[Examples, npt.NDArray[Any]]:
    """Examples and targets as arrays. Raises DataError or ShapeError."""
    examples = as_examples(x)
    shape = network.output_shape if recipe.bptt_length is None else network.output_shape[1:]  # of one position
    targets = recipe.loss.as_targets(y, shape)
    check_examples(examples, targets)
    return examples, targets


def as_pair(validation: Any) -> tuple[Any, Any]:
    """Validation examples and targets. Raises SettingError for anything else, such as a fraction."""
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise SettingError("validation must be (x, y), examples and targets held out from training")
    return validation[0], validation[1]


def as_weights(given: object, y: npt.NDArray[Any]) -> Array:
    """The weights of examples or targets. Raises ShapeError or DataError."""
    weights = np.asarray(as_numbers(given, "weights"), np.float64)
    weights_like(y, weights, np.float64)
    if not weights.any():
        raise DataError("weights are all zero")
    return weights


def batches_of(network: Network, x: Examples, y: npt.NDArray[Any], weights: Array | None, recipe: Recipe) -> Batches:
    """The batches of a run: mini-batches, or text chunks if the recipe has a `bptt_length`."""
    over_time = network.input_shape[:1] == (None,)
    if recipe.bptt_length is None:
        padded = network.output_shape[:1] == (None,) and y.ndim == 2 and y.dtype.kind in "iu"
        return MiniBatches(x, y, batch_size=recipe.batch_size, weights=weights, trim=padded)
    require(over_time, "bptt_length needs a network whose input has a time axis, such as (None, D)")
    require(weights is None, "weights are not supported with bptt_length")
    return StreamBatches(np.asarray(x), y, batch_size=recipe.batch_size or 1, bptt_length=recipe.bptt_length)
