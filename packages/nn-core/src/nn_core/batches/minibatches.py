"""Mini-batches: every example once per epoch, in an order determined by the seed."""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.errors import DataError, ShapeError
from nn_core.hints import HelpfulErrors
from nn_core.registry import require
from nn_core.sequences import trim_padding

OwnRows: TypeAlias = Callable[[int], slice]
"""The rows of a batch of N examples that a process needs."""
Batch: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any], Array | None]
"""x, y and weights; None for equal weights."""


class Batches(Protocol):
    """The batches of a run, each determined only by the seed and the step number.

    carries_state  whether a batch continues the sequences of the previous one, so that recurrent
                   layers start from their previous final state
    """

    carries_state: bool
    batch_size: int
    steps_per_epoch: int

    def batch(self, seed: tuple[int, int], own: OwnRows | None = None) -> Batch:
        """The examples of a step, in memory that the next call may overwrite.

        seed  seed of the run and step number: 1, 2, ...
        own   the rows of x that are needed; others may have any values
        """

    def targets(self, seed: tuple[int, int]) -> tuple[npt.NDArray[Any], Array | None]:
        """The y and weights of `batch`, without reading x."""


class MiniBatches(HelpfulErrors):
    """Batches (x, y, weights), reshuffled for each epoch.

    x, y        examples and targets of the same length N; a `LazyArray` is read batch by batch
    batch_size  examples per batch; the last batch of an epoch may be smaller. None: all examples,
                in their original order
    weights     of the examples (N,) or of the targets (N, T); None for equal weights
    trim        for padded sequences, y (N, T) with -1 for no target: trim trailing steps in which
                no example of a batch has a target

    The order of an epoch depends only on (seed of the run, epoch number), so resuming needs no
    saved state.

    Raises ShapeError if the lengths differ, DataError if x or y is not a numeric array,
    SettingError for an empty set or batch.
    """

    carries_state = False

    def __init__(
        self,
        x: Examples,
        y: npt.NDArray[Any],
        *,
        batch_size: int | None,
        weights: Array | None = None,
        trim: bool = False,
    ) -> None:
        check_examples(x, y)
        if weights is not None and len(weights) != len(x):
            raise ShapeError(f"{len(x)} examples, but {len(weights)} weights")
        require(len(x) > 0, "no examples to divide into batches")
        require(batch_size is None or batch_size >= 1, f"batch_size must be at least 1, not {batch_size}")
        self.batch_size = len(x) if batch_size is None else min(batch_size, len(x))
        self.steps_per_epoch = -(-len(x) // self.batch_size)
        self._x, self._y, self._weights = x, y, weights
        self._whole = self.batch_size == len(x)
        self._batch_x = np.empty((self.batch_size, *x.shape[1:]), x.dtype)
        self._batch_y = np.empty((self.batch_size, *y.shape[1:]), y.dtype)
        self._trim = trim
        self._order: tuple[tuple[int, int], npt.NDArray[np.intp]] | None = None

    def batch(self, seed: tuple[int, int], own: OwnRows | None = None) -> Batch:
        """See `Batches`."""
        weights = self._weights
        if self._whole:
            x, y = self._x[:], self._y
        else:
            rows = self._rows(seed)
            x, y = self._batch_x[: len(rows)], _take(self._y, rows, self._batch_y[: len(rows)])
            needed = slice(None) if own is None else own(len(rows))
            if isinstance(self._x, np.ndarray):
                _take(self._x, rows[needed], x[needed])
            else:
                self._x.read(rows[needed], x[needed])
            if weights is not None:
                weights = weights[rows]
        if self._trim:
            x, y = trim_padding(x, y)
            if weights is not None and weights.ndim > 1:
                weights = weights[:, : y.shape[1]]
        return x, y, weights

    def targets(self, seed: tuple[int, int]) -> tuple[npt.NDArray[Any], Array | None]:
        """See `Batches`; not trimmed."""
        if self._whole:
            return self._y, self._weights
        rows = self._rows(seed)
        return self._y[rows], None if self._weights is None else self._weights[rows]

    def _rows(self, seed: tuple[int, int]) -> npt.NDArray[np.intp]:
        """The indices of a step's examples. The order of an epoch is computed once."""
        run, step = seed
        epoch, position = divmod(step - 1, self.steps_per_epoch)
        if self._order is None or self._order[0] != (run, epoch):
            order = np.random.default_rng([run, epoch + 1]).permutation(len(self._x))
            self._order = (run, epoch), order
        start = position * self.batch_size
        return self._order[1][start : start + self.batch_size]


def as_examples(given: object, name: str = "x") -> Examples:
    """Convert lists, DataFrames and CPU tensors to an array; a `LazyArray` is returned unchanged.

    Raises DataError for anything else that is not a numeric array; the message shows the conversion.
    """
    if hasattr(given, "read") and isinstance(getattr(given, "dtype", None), np.dtype):
        return cast(Examples, given)
    if isinstance(given, np.ma.MaskedArray) and given.mask.any():
        raise DataError(f"{name} has masked values; fill them: {name}.filled(0)")
    try:
        x = np.asarray(given)
    except ValueError:
        raise DataError(f"{name} has examples of different lengths; pad them to the same length") from None
    if not x.ndim:
        sparse = f": {name}.toarray()" if hasattr(given, "toarray") else ""
        raise DataError(f"{name} is an array of examples, not {type(given).__name__}{sparse}")
    if x.dtype.kind in "OSU":
        raise DataError(f"{name} has non-numeric values ({x.dtype}); encode strings, then {name}.astype(float)")
    return x


def check_examples(x: object, y: object) -> None:
    """Raise an NNError unless x and y are arrays of real numbers of the same length.

    Lists are rejected, since they would be converted at every step; see `as_examples`.
    """
    for name, values in (("x", x), ("y", y)):
        dtype, shape = getattr(values, "dtype", None), getattr(values, "shape", None)
        if not isinstance(dtype, np.dtype) or not shape:
            raise DataError(f"{name} must be an array of examples, not {type(values).__name__}")
        if dtype.kind not in "biuf":
            raise DataError(f"{name} must be real numbers, not {dtype}")
    if len(x) != len(y):  # type: ignore[arg-type]
        raise ShapeError(f"{len(x)} examples, but {len(y)} targets")  # type: ignore[arg-type]


def _take(values: npt.NDArray[Any], rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """values[rows] in `out`. All rows are in range; "clip" avoids NumPy's copy for the check."""
    return values.take(rows, axis=0, out=out, mode="clip")
