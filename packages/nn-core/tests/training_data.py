"""Lazy arrays of training examples."""

from typing import Any

import numpy as np
import numpy.typing as npt


class Stored:
    """An array behind the interface of a `LazyArray`.

    most  the most examples that were read at once
    """

    def __init__(self, x: npt.NDArray[Any]) -> None:
        self._x, self.most = x, 0
        self.shape, self.dtype = x.shape, x.dtype

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        self.most = max(self.most, len(self._x[rows]))
        return self._x[rows].copy()

    def read(self, rows: npt.NDArray[np.intp], out: npt.NDArray[Any]) -> None:
        self.most = max(self.most, len(rows))
        out[...] = self._x[rows]
