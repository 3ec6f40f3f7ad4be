"""The time axis: a batch of sequences (N, T, ...) viewed as T * N rows, in order of steps.

A layer that processes each step independently takes the rows; a recurrent layer takes the
sequences. The memory layout is (T, N, ...), so that all examples of one step are contiguous, and
neither view needs a copy.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def merge_time(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Reshape (N, T, ...) to (T * N, ...); copies only if the memory layout is not (T, N, ...)."""
    N, T = x.shape[:2]
    return x.swapaxes(0, 1).reshape(T * N, *x.shape[2:])


def split_time(rows: npt.NDArray[Any], examples: int, steps: int) -> npt.NDArray[Any]:
    """Reshape (T * N, ...) to (N, T, ...), as a view."""
    return rows.reshape(steps, examples, *rows.shape[1:]).swapaxes(0, 1)


def trim_padding(
    x: npt.NDArray[Any], targets: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]:
    """Trim trailing steps without any target from a padded batch.

    x (N, T, ...), targets (N, T) with -1 for padding. At least one step is kept.
    """
    steps = np.flatnonzero((targets >= 0).any(axis=0))
    length = int(steps[-1]) + 1 if len(steps) else 1
    return x[:, :length], targets[:, :length]
