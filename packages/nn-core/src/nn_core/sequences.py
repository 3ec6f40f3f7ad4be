"""The axis of time: a batch of sequences (N, T, ...) is also T * N rows, step after step.

A layer that treats each step by itself takes the rows; a layer that reads the steps in order
takes the sequences. In memory the steps lie one after the other, (T, N, ...), so that all
examples of one step are a single block, and neither view of them copies anything.
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
    """A padded batch without the steps at its end at which no example has a target.

    x (N, T, ...), targets (N, T) with -1 where there is none. At least one step stays.
    """
    steps = np.flatnonzero((targets >= 0).any(axis=0))
    length = int(steps[-1]) + 1 if len(steps) else 1
    return x[:, :length], targets[:, :length]
