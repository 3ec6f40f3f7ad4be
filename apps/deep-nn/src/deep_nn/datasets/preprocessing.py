"""Scaling of raw examples to the inputs of a network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import ExampleShape, RawExamples
from nn_core.arrays import Array
from nn_core.cli.dataset import Dataset, describe_shape
from nn_core.errors import CheckpointError, DataError, ShapeError


@dataclass(frozen=True)
class Preprocessing:
    """A transform from raw examples to rows (N, D), fitted to the training set.

    images   x / 255, flattened in the order row, column, channel
    columns  (x - mean) / std, standardized column by column

    shape      (H, W, C) of one image, or (D,) of one row
    mean, std  of each of the D columns, empty for images; the std divides by N, not N - 1, and
               is 1 for a constant column
    """

    shape: ExampleShape
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def apply(self, x: RawExamples, dtype: npt.DTypeLike = np.float32, source: str = "the data") -> Array:
        """Rows (N, D) of the given dtype, D the product of `shape`.

        source  where x comes from, for messages
        Raises ShapeError for examples of another shape, DataError for a value that overflows the
        dtype when standardized.
        """
        if x.shape[1:] != self.shape:
            raise ShapeError(
                f"the model was trained on {describe_shape(self.shape)}; {source} has {describe_shape(x.shape[1:])}"
            )
        if not self.mean:
            rows: Array = x.reshape(len(x), -1).astype(dtype)
            rows /= 255
            return rows
        with np.errstate(over="ignore"):
            rows = ((x - np.array(self.mean)) / np.array(self.std)).astype(dtype)
        if not np.isfinite(rows).all():
            row, column = (int(i) for i in np.argwhere(~np.isfinite(rows))[0])
            raise DataError(
                f"{source}: {x[row, column]:g} at example {row}, column {column} (from 0)"
                " is too far from the training data"
            )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain fields for JSON, which preserves every bit of the numbers."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`. Raises CheckpointError for invalid fields."""
        try:
            shape = tuple(int(length) for length in fields["shape"])
            mean = tuple(float(value) for value in fields["mean"])
            std = tuple(float(value) for value in fields["std"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"preprocessing is unreadable: {error!r}") from None
        columns = shape[0] if len(shape) == 1 else 0
        if (
            len(shape) not in {1, 3}
            or min(shape) < 1
            or (len(mean), len(std)) != (columns, columns)
            or not np.isfinite([*mean, *std]).all()
            or any(value <= 0 for value in std)
        ):
            raise CheckpointError(
                "preprocessing must have the shape (H, W, C), or (D,) with D finite means and D "
                f"positive standard deviations, not {dict(fields)}"
            )
        return cls(shape, mean, std)


def fit(dataset: Dataset[RawExamples]) -> Preprocessing:
    """The preprocessing for a training set.

    Raises DataError for a column whose mean or standard deviation is beyond float64.
    """
    x = dataset.x
    if x.ndim == 4:
        return Preprocessing(dataset.example_shape)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = x.mean(axis=0)
        std = x.std(axis=0)
    std[x.min(axis=0) == x.max(axis=0)] = 1.0
    invalid = ~(np.isfinite(mean) & np.isfinite(std) & (std > 0))
    if invalid.any():
        column = int(np.argmax(invalid))
        raise DataError(
            f"{dataset.name}: column {column} (from 0) cannot be standardized:"
            f" mean {mean[column]:g}, standard deviation {std[column]:g}"
        )
    return Preprocessing(dataset.example_shape, tuple(mean.tolist()), tuple(std.tolist()))
