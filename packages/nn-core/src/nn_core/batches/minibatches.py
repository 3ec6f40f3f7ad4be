"""Mini-batches: every example once an epoch, in an order drawn from a seed."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array, Examples
from nn_core.errors import ShapeError
from nn_core.registry import require
from nn_core.sequences import trim_padding


class Batches(Protocol):
    """What a run takes its steps from: batches without end, epoch by epoch.

    carries_state  whether a batch goes on where the one before it ended, so that layers with a
                   memory begin it with the state in which they ended that one
    position       steps taken in this epoch
    """

    carries_state: bool
    batch_size: int
    steps_per_epoch: int
    position: int

    def next(self) -> tuple[Array, npt.NDArray[Any]]:
        """The next batch, in memory that the batch after it may overwrite."""

    def mean(self, figures: Sequence[float]) -> float:
        """The mean over an epoch of what was measured batch by batch."""

    def state(self) -> dict[str, Any]:
        """Where the batches stand, as plain numbers and names."""

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken."""


class MiniBatches:
    """An endless stream of batches (x, y), shuffled anew for each epoch.

    x, y        of the same length N; of `LazyArray` examples only those of a batch are read
    batch_size  examples in a batch; the last of an epoch may be smaller. None: all of them,
                in the order they are in
    rng         draws the order of each epoch
    trim        of padded sequences, y (N, T) with -1 for no target, leave out the steps at the
                end that none of a batch needs

    The stream stands at a position, (epoch, step within it), which `state` returns and
    `restore` takes up: from there on it yields the same batches again.

    Raises ShapeError if the lengths differ, SettingError for an empty set or batch.
    """

    carries_state = False

    def __init__(
        self,
        x: Examples,
        y: npt.NDArray[Any],
        *,
        batch_size: int | None,
        rng: np.random.Generator,
        trim: bool = False,
    ) -> None:
        if len(x) != len(y):
            raise ShapeError(f"{len(x)} examples, but {len(y)} targets")
        require(len(x) > 0, "there are no examples to make batches of")
        require(
            batch_size is None or batch_size >= 1,
            f"a batch holds at least one example, not {batch_size}",
        )
        self.batch_size = len(x) if batch_size is None else min(batch_size, len(x))
        self.steps_per_epoch = -(-len(x) // self.batch_size)
        self._x, self._y = x, y
        self._whole = self.batch_size == len(x)
        self._batch_x = np.empty((self.batch_size, *x.shape[1:]), x.dtype)
        self._batch_y = np.empty((self.batch_size, *y.shape[1:]), y.dtype)
        self._rng = rng
        self._trim = trim
        self._begin_epoch()

    def next(self) -> tuple[Array, npt.NDArray[Any]]:
        """The next batch, in memory that the batch after it will overwrite."""
        if self.position == self.steps_per_epoch:
            self._begin_epoch()
        start = self.position * self.batch_size
        self.position += 1
        x, y = (self._x[:], self._y) if self._whole else self._rows(start)
        return trim_padding(x, y) if self._trim else (x, y)

    def mean(self, figures: Sequence[float]) -> float:
        """The mean over an epoch's examples of what was measured batch by batch.

        Of padded sequences, the mean over their targets.
        """
        examples = len(self._x)
        if self._trim and not self._whole:
            targets = np.count_nonzero(self._y >= 0, axis=1)[self._order]
            starts = np.arange(0, examples, self.batch_size)
            counts: list[int] = np.add.reduceat(targets, starts).tolist()
            return math.fsum(a * b for a, b in zip(figures, counts, strict=True)) / sum(counts)
        last = examples - self.batch_size * (self.steps_per_epoch - 1)
        total = math.fsum(figures[:-1]) * self.batch_size + figures[-1] * last
        return total / examples

    def state(self) -> dict[str, Any]:
        """Where the stream stands, as plain numbers and names."""
        return {"rng": self._rng_at_epoch, "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken. Raises ValueError for a position that there is not."""
        self._rng.bit_generator.state = state["rng"]
        self._begin_epoch()
        if not 0 <= state["position"] <= self.steps_per_epoch:
            raise ValueError(f"step {state['position']} of an epoch of {self.steps_per_epoch}")
        self.position = state["position"]

    def _begin_epoch(self) -> None:
        self.position = 0
        self._rng_at_epoch = self._rng.bit_generator.state
        if not self._whole:
            self._order = self._rng.permutation(len(self._x))

    def _rows(self, start: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The examples from `start` on in the epoch's order, in memory that is used again."""
        rows = self._order[start : start + self.batch_size]
        x, y = self._batch_x[: len(rows)], self._batch_y[: len(rows)]
        # The rows are in range; "clip" spares NumPy a copy that it makes in case they are not.
        if isinstance(self._x, np.ndarray):
            np.take(self._x, rows, axis=0, out=x, mode="clip")
        else:
            self._x.read(rows, x)
        np.take(self._y, rows, axis=0, out=y, mode="clip")
        return x, y
