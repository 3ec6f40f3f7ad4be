"""The scale of a real-valued target: its name, mean and standard deviation in the training set."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.datasets.columns import Columns
from nn_core.arrays import Array
from nn_core.cli.dataset import Dataset
from nn_core.errors import DataError
from nn_core.storage.json_schema import Number, Schema, Text, check_json

SCHEMA: Schema = {"name": Text(1000), "mean": float, "std": Number(above=0)}
"""The fields of `TargetScale` in a checkpoint."""
UNNAMED = "target"
"""The name of a target without a header."""


@dataclass(frozen=True)
class TargetScale:
    """Standardizes targets for the network: t = (y - mean) / std, y = mean + std t.

    name       of the column, for reports and axes
    mean, std  in the training set; the std divides by N, not N - 1
    """

    name: str
    mean: float
    std: float

    def standardize(self, y: npt.NDArray[Any], source: str) -> Array:
        """Standardized targets (N,) in float64.

        Raises DataError, starting with the source, if one overflows float32.
        """
        with np.errstate(over="ignore"):
            t: Array = (y - self.mean) / self.std
        if not (np.abs(t) < np.finfo(np.float32).max).all():
            raise DataError(f"{source}: a target is too far from the training data")
        return t

    def restore(self, output: Array) -> npt.NDArray[np.float64]:
        """Predictions (N,) in the units of the target, from outputs (N, 1) of the network."""
        return self.mean + self.std * output.reshape(-1).astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Plain fields for JSON, which preserves every bit of the numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "TargetScale":
        """The inverse of `to_dict`. Raises DataError for invalid fields."""
        check_json(fields, SCHEMA, source="target")
        return cls(fields["name"], float(fields["mean"]), float(fields["std"]))


def fit_target(dataset: Dataset[RawExamples]) -> TargetScale:
    """The scale of the targets of a training set.

    Raises DataError for a target that is not finite, that is the same for all examples, or whose
    standard deviation is beyond float64.
    """
    y = np.asarray(dataset.y, np.float64)
    columns = dataset.schema
    name = (columns.name or columns.title) if isinstance(columns, Columns) else UNNAMED
    if not np.isfinite(y).all():
        row = int(np.argmin(np.isfinite(y)))
        raise DataError(f"{dataset.name}: target {y[row]:g} at example {row} (from 0) is not finite")
    if y.min() == y.max():
        raise DataError(f"{dataset.name}: all {len(y):,} targets are {y[0]:g}; there is nothing to predict")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(y.mean()), float(y.std())
    if not (math.isfinite(mean) and 0 < std < math.inf):
        raise DataError(f"{dataset.name}: the target cannot be standardized: mean {mean:g}, standard deviation {std:g}")
    return TargetScale(name, mean, std)
