"""The axis of time: a batch of sequences is (N, T, ...), and also T * N rows, step after step.

Whoever treats each step by itself takes the rows; whoever reads the steps in order takes the
sequences. In memory the steps lie one after the other, (T, N, ...), so that all examples of
one step are a single block, and neither way of looking at them copies anything.
"""

from typing import Any

import numpy as np
import numpy.typing as npt


def merge_time(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(T * N, ...) from (N, T, ...): copied only if the steps do not lie one after the other."""
    N, T = x.shape[:2]
    return x.swapaxes(0, 1).reshape(T * N, *x.shape[2:])


def split_time(rows: npt.NDArray[Any], examples: int, steps: int) -> npt.NDArray[Any]:
    """(N, T, ...) from (T * N, ...), the same memory."""
    return rows.reshape(steps, examples, *rows.shape[1:]).swapaxes(0, 1)


def trim_padding(
    x: npt.NDArray[Any], targets: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]:
    """A padded batch without the steps at its end in which no example has a target.

    x (N, T, ...), targets (N, T) with -1 where there is none. At least one step stays.
    """
    there = np.flatnonzero((targets >= 0).any(axis=0))
    length = int(there[-1]) + 1 if len(there) else 1
    return x[:, :length], targets[:, :length]
