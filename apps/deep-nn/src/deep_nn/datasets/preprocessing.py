"""From raw examples to the numbers that a network is trained on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets.dataset import Dataset, Examples, say_shape
from nn_core.arrays import Array, Shape
from nn_core.errors import CheckpointError, DataError, ShapeError


@dataclass(frozen=True)
class Preprocessing:
    """A fixed map of raw examples to rows (N, D), fitted once on the training part.

    images   x / 255, flattened in the order row, column, channel
    columns  (x - mean) / std, each column by its own figures

    shape      (H, W, C) of one image, or (D,) of one row
    mean, std  D numbers each for columns, none for images; the std of the training part is
               taken over N, not N - 1, and is 1 for a column that does not vary
    """

    shape: Shape
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def apply(
        self, x: Examples, dtype: npt.DTypeLike = np.float32, source: str = "the data"
    ) -> Array:
        """The rows (N, D) in the dtype asked for, D being the product of `shape`.

        source  what x comes from, for the message
        Raises ShapeError if x holds examples of another shape, DataError for a number that is
        so far from the training part that the dtype cannot hold its row.
        """
        if x.shape[1:] != self.shape:
            raise ShapeError(
                f"the model was trained on {say_shape(self.shape)};"
                f" {source} has {say_shape(x.shape[1:])}"
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
        """Plain fields for JSON; numbers survive the way there and back to the last bit."""
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`. Raises CheckpointError for fields that it cannot have made."""
        try:
            shape = tuple(int(length) for length in fields["shape"])
            mean = tuple(float(value) for value in fields["mean"])
            std = tuple(float(value) for value in fields["std"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"preprocessing cannot be read: {error!r}") from None
        figures = shape[0] if len(shape) == 1 else 0
        sane = np.isfinite([*mean, *std]).all() and all(value > 0 for value in std)
        if (
            len(shape) not in {1, 3}
            or min(shape) < 1
            or (len(mean), len(std)) != (figures,) * 2
            or not sane
        ):
            raise CheckpointError(f"preprocessing makes no sense: {dict(fields)}")
        return cls(shape, mean, std)


def fit(dataset: Dataset) -> Preprocessing:
    """The preprocessing that a training part asks for.

    Raises DataError for a column whose mean or standard deviation is beyond float64.
    """
    x = dataset.x
    if x.ndim == 4:
        return Preprocessing(dataset.example_shape)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = x.mean(axis=0)
        std = x.std(axis=0)
    std[x.min(axis=0) == x.max(axis=0)] = 1.0
    wrong = ~(np.isfinite(mean) & np.isfinite(std) & (std > 0))
    if wrong.any():
        column = int(np.argmax(wrong))
        raise DataError(
            f"{dataset.name}: column {column} (from 0) cannot be standardised:"
            f" mean {mean[column]:g}, standard deviation {std[column]:g}"
        )
    return Preprocessing(dataset.example_shape, tuple(mean.tolist()), tuple(std.tolist()))
