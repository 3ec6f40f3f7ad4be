"""Labeled data sets, generated, downloaded or read from files, and their preprocessing."""

from typing import Any, TypeAlias

import numpy.typing as npt

ExampleShape: TypeAlias = tuple[int, ...]
"""The shape of one example: (H, W, C) of an image, (D,) of a row of a table."""

RawExamples: TypeAlias = npt.NDArray[Any]
"""Images (N, H, W, C) as uint8, with C of 1, 3 or 4, or a table (N, D) as float64; finite."""
