"""Select some of the features."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nn_core.arrays import Array, Arrays, Shape
from nn_core.errors import SettingError, ShapeError
from nn_core.layers.base import Cache, Layer, features
from nn_core.layers.context import Context


@dataclass(frozen=True)
class Select(Layer):
    """Some columns of the last axis, as in NumPy: y = x[..., columns].

    y[n, ..., j] = x[n, ..., columns[j]]

    Column i of x is copied to every position j with columns[j] = i, so

    d_x[n, ..., i] = sum over all j with columns[j] = i of d_y[n, ..., j]

    which is 0 for columns that were not selected.

    columns  an integer drops the axis; a list, a range or a slice keeps it. A slice is stored as
             a string: "2:" for slice(2, None)
    Raises ShapeError for a column out of range, or an input without features.
    """

    columns: int | tuple[int, ...] | str

    rearranges: ClassVar[bool] = True

    if TYPE_CHECKING:

        def __init__(self, columns: int | Iterable[int] | slice | str, *, trainable: bool = True) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _as_columns(self.columns))
        self._index()

    def output_shape(self, input_shape: Shape) -> Shape:
        width = features(input_shape)
        index = self._index()
        if isinstance(index, slice):
            count = len(range(width)[index])
            if not count:
                raise ShapeError(f"the slice {self.columns!r} selects none of the {width} columns")
            return (*input_shape[:-1], count)
        for column in index if isinstance(index, list) else [index]:
            if not -width <= column < width:
                raise ShapeError(f"column {column} is out of range for {width} columns")
        return (*input_shape[:-1], len(index)) if isinstance(index, list) else input_shape[:-1]

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        return x[..., self._index()], x.shape

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        if not context.needs_d_x:
            return None
        d_x, index = np.zeros(cache, d_y.dtype), self._index()
        if isinstance(index, list):
            for j, column in enumerate(index):
                d_x[..., column] += d_y[..., j]
        else:
            d_x[..., index] = d_y
        return d_x

    def _index(self) -> int | list[int] | slice:
        """The columns as a NumPy index."""
        if isinstance(self.columns, str):
            parts = self.columns.split(":")
            try:
                bounds = [int(part) if part else None for part in parts]
                if 2 <= len(parts) <= 3 and bounds[2:] != [0]:
                    return slice(*bounds)
            except ValueError:
                pass
            raise SettingError(f"columns must be integers or a slice such as '2:', not {self.columns!r}")
        return list(self.columns) if isinstance(self.columns, tuple) else self.columns


def _as_columns(columns: int | Iterable[int] | slice | str) -> int | tuple[int, ...] | str:
    """The columns as a hashable, serializable value."""
    if isinstance(columns, str):
        return columns
    if isinstance(columns, slice):
        bounds = [columns.start, columns.stop] + ([] if columns.step is None else [columns.step])
        return ":".join("" if bound is None else str(operator.index(bound)) for bound in bounds)
    try:
        if isinstance(columns, Iterable):
            chosen = tuple(_column(column) for column in columns)
            if chosen:
                return chosen
        else:
            return _column(columns)
    except TypeError:
        pass
    raise SettingError(f"Select takes column numbers, such as Select(0) or Select([1, 2]), not {columns!r}")


def _column(column: int) -> int:
    if isinstance(column, bool | np.bool_):
        raise TypeError("a mask is not a list of columns")
    return operator.index(column)
