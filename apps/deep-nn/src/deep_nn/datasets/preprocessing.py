"""Scaling of raw examples to the inputs of a network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import ExampleShape, RawExamples
from deep_nn.datasets.columns import Columns
from nn_core.arrays import Array
from nn_core.cli.dataset import Dataset, describe_shape
from nn_core.errors import CheckpointError, DataError, ShapeError
from nn_core.printable import shortened
from nn_core.storage.json_schema import Integer, Items, Number, Schema, check_json

SCHEMA: Schema = {
    "shape": Items(Integer(1, 2**31 - 1), 1, 3),
    "mean": [float],
    "std": Items(Number(above=0)),
    "categories?": Items(Items(Integer(0, 2**31 - 1))),
    "indicators?": Items(Integer(0, 2**31 - 1)),
}
"""The fields of `Preprocessing` in a checkpoint."""
BLOCK = 2**20
"""Values scaled at a time."""


@dataclass(frozen=True)
class Preprocessing:
    """A transform from raw examples to rows (N, inputs), fitted to the training set.

    images      x / 255, flattened in the order row, column, channel
    numbers     (x - mean) / std, standardized column by column; 0, the mean, where missing
    categories  1 for the category, 0 for the others; all 0 where missing or not in the training set
    indicators  after all columns, 1 where the value of a column is missing, otherwise 0

    shape       (H, W, C) of one image, or (D,) of one row
    mean, std   of each of the D columns, empty for images; the std divides by N, not N - 1, and is 1 for a
                constant column; 0 and 1 for categories
    categories  codes in the training set of each of the D columns, none for numbers; empty if all are numbers
    indicators  indices of the columns in which the training set lacks values
    """

    shape: ExampleShape
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    categories: tuple[tuple[int, ...], ...] = ()
    indicators: tuple[int, ...] = ()

    @property
    def inputs(self) -> int:
        """The number of inputs of the network."""
        if not self.mean:
            return int(np.prod(self.shape))
        return len(self.indicators) + sum(max(1, len(codes)) for codes in self.categories or [()] * len(self.mean))

    @property
    def is_plain(self) -> bool:
        """Whether each column is one standardized input, or each pixel one."""
        return not self.categories and not self.indicators

    def apply(self, x: RawExamples, dtype: npt.DTypeLike = np.float32, source: str = "the data") -> Array:
        """Rows (N, inputs) of the given dtype.

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
        rows = np.empty((len(x), self.inputs), dtype)
        step = max(1, BLOCK // len(self.mean))
        for start in range(0, len(x), step):
            self._fill(x[start : start + step], rows[start : start + step])
            if not np.isfinite(rows[start : start + step]).all():
                self._refuse(x, rows, start, source)
        return rows

    def _fill(self, x: RawExamples, rows: Array) -> None:
        with np.errstate(over="ignore"):
            scaled = (x - np.array(self.mean)) / np.array(self.std)
            if self.is_plain:
                rows[...] = scaled
                return
            for j, inputs in enumerate(self._inputs_by_column()):
                missing = np.isnan(x[:, j])
                if self.categories and self.categories[j]:
                    rows[:, inputs] = x[:, j, None] == np.array(self.categories[j], np.float64)
                else:
                    rows[:, inputs] = np.where(missing, 0.0, scaled[:, j])[:, None]
                if j in self.indicators:
                    rows[:, len(rows[0]) - len(self.indicators) + self.indicators.index(j)] = missing

    def _inputs_by_column(self) -> Iterator[slice]:
        first = 0
        for codes in self.categories or [()] * len(self.mean):
            yield slice(first, first + max(1, len(codes)))
            first += max(1, len(codes))

    def _refuse(self, x: RawExamples, rows: Array, start: int, source: str) -> None:
        row, position = (int(i) for i in np.argwhere(~np.isfinite(rows[start:]))[0])
        row += start
        column = next(j for j, inputs in enumerate(self._inputs_by_column()) if inputs.start <= position < inputs.stop)
        raise DataError(
            f"{source}: {x[row, column]:g} at example {row}, column {column} (from 0) is too far from the training data"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain fields for JSON, which preserves every bit of the numbers."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`. Raises DataError or CheckpointError for invalid fields."""
        check_json(fields, SCHEMA, source="preprocessing")
        shape, indicators = tuple(fields["shape"]), tuple(fields.get("indicators", ()))
        mean, std = (tuple(map(float, fields[name])) for name in ("mean", "std"))
        categories = tuple(map(tuple, fields.get("categories", ())))
        columns = shape[0] if len(shape) == 1 else 0
        if (
            len(shape) not in {1, 3}
            or (len(mean), len(std)) != (columns, columns)
            or len(categories) not in {0, columns}
            or list(indicators) != sorted({*indicators} & {*range(columns)})
        ):
            raise CheckpointError(
                "preprocessing must have the shape (H, W, C), or (D,) with D finite means and D"
                f" positive standard deviations, not {shortened(dict(fields), 200)}"
            )
        return cls(shape, mean, std, categories, indicators)


def fit(dataset: Dataset[RawExamples], is_category: Sequence[bool] = ()) -> Preprocessing:
    """The preprocessing for a training set.

    is_category  which columns hold codes of categories; none if empty
    Raises DataError for a column whose mean or standard deviation is beyond float64, or that has no values.
    """
    x = dataset.x
    if x.ndim == 4:
        return Preprocessing(dataset.example_shape)
    is_coded = np.array(is_category or [False] * x.shape[1], bool)
    missing = np.isnan(x.min(axis=0))
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = x.mean(axis=0), x.std(axis=0)
        for j in np.flatnonzero(missing | is_coded).tolist():
            held = x[:, j][~np.isnan(x[:, j])]
            mean[j], std[j] = (0.0, 1.0) if is_coded[j] or not held.size else (held.mean(), held.std())
            std[j] = 1.0 if held.size and held.min() == held.max() else std[j]
    std[x.min(axis=0) == x.max(axis=0)] = 1.0
    invalid = ~(np.isfinite(mean) & np.isfinite(std) & (std > 0))
    if invalid.any():
        column = int(np.argmax(invalid))
        raise DataError(
            f"{dataset.name}: {_label(dataset.schema, column)} cannot be standardized:"
            f" mean {mean[column]:g}, standard deviation {std[column]:g}"
        )
    categories: tuple[tuple[int, ...], ...] = ()
    if is_coded.any():
        categories = tuple(_codes(x[:, j]) if coded else () for j, coded in enumerate(is_coded.tolist()))
    return Preprocessing(
        dataset.example_shape,
        tuple(mean.tolist()),
        tuple(std.tolist()),
        categories,
        tuple(np.flatnonzero(missing).tolist()),
    )


def _label(schema: Any, column: int) -> str:
    """A column of a table by its name, or else by its place."""
    return schema.features[column].label if isinstance(schema, Columns) else f"column {column} (from 0)"


def _codes(values: RawExamples) -> tuple[int, ...]:
    """The codes in a column, at least one."""
    held = np.unique(values[~np.isnan(values)]).astype(int)
    return tuple(held[held >= 0].tolist()) or (0,)
