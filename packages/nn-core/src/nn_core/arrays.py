"""The two kinds of array that everything here is written in."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""Real numbers, float32 unless float64 was asked for."""

Labels: TypeAlias = npt.NDArray[np.integer[Any]]
"""Class numbers, one per example: (N,)."""

Shape: TypeAlias = tuple[int, ...]
