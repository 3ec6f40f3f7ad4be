"""Checks of the arguments of `Model`; the messages show corrected code."""

import numpy as np

from nn_core.arrays import Array, Examples, Shape
from nn_core.batches.augmentation import Augment, augmentation
from nn_core.errors import DataError, SettingError, ShapeError
from nn_core.network import Network
from nn_core.training.non_finite import first_non_finite_example


def require_network(network: object) -> None:
    """Raise SettingError unless it is a Network."""
    if isinstance(network, Network):
        return
    if isinstance(network, list | tuple):
        raise SettingError("Model takes a Network: Model(Network([...], input_shape=(4,)), loss), not a list of layers")
    given = f"the class {network.__name__}" if isinstance(network, type) else type(network).__name__
    raise SettingError(f"Model takes a Network first, Model(network, loss, optimizer), not {given}")


def require_batch(x: Examples, input_shape: Shape, line: str) -> None:
    """Raise ShapeError, showing the corrected line, for one example without a batch axis."""
    shape = x.shape
    if len(shape) == len(input_shape) and all(
        size in (None, given) for given, size in zip(shape, input_shape, strict=True)
    ):
        raise ShapeError(f"x is one example, {shape}, without the batch axis: {line}")


def require_finite(output: Array, x: Examples) -> None:
    """Raise DataError, naming an example, if outputs are not finite."""
    if not np.isfinite(output).all():
        found = first_non_finite_example(x)
        if found is None:
            raise DataError("the outputs are not finite: the weights or the examples are too large")
        raise DataError(f"{found}; remove such examples, or replace the values: np.nan_to_num(x)")


def as_augment(given: object) -> Augment | None:
    """An augmentation, given as itself or by name. Raises SettingError for anything else."""
    if isinstance(given, str):
        return augmentation(given)
    if given is None or (callable(given) and not isinstance(given, type)):
        return given
    raise SettingError(f"augment is a name such as 'standard', or an Augmentation(), not {given!r}")
