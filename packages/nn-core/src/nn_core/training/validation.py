"""Hold out examples from training for validation."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.batches.splits import random_split, stratified_split
from nn_core.batches.subset import take_examples
from nn_core.errors import SettingError


class Split(NamedTuple):
    """Training examples, targets and weights; validation examples and targets."""

    x: Examples
    y: npt.NDArray[Any]
    weights: Array | None
    validation: tuple[Examples, npt.NDArray[Any]] | None


def hold_out(
    x: Examples, y: npt.NDArray[Any], weights: Array | None, fraction: object, *, stratified: bool, seed: int
) -> Split:
    """Hold out a fraction of the examples.

    stratified  whether to hold out the same fraction of every label (N,)
    seed        seed of the run
    Raises SettingError for a fraction that is not between 0 and 1, DataError for too few examples.
    """
    if not isinstance(fraction, Real) or not 0 < float(fraction) < 1:
        given = type(fraction).__name__ if hasattr(fraction, "__len__") else repr(fraction)
        raise SettingError(f"validation is a fraction between 0 and 1, such as 0.2, or a pair (x, y), not {given}")
    rng = np.random.default_rng([seed, 0])  # epoch n draws its order from [seed, n]
    if stratified:
        rows, held_out = stratified_split(y, float(fraction), rng=rng)
    else:
        rows, held_out = random_split(len(x), float(fraction), rng=rng)
    return Split(
        take_examples(x, rows),
        y[rows],
        None if weights is None else weights[rows],
        (take_examples(x, held_out), y[held_out]),
    )
