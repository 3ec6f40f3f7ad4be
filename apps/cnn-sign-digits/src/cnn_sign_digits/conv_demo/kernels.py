"""Kernels by name, from numbers, or from a file."""

import csv
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.number_grid import Grid
from nn_core.errors import DataError, SettingError
from nn_core.registry import nearest, require
from nn_core.storage.files import decoding_errors, printable
from nn_core.storage.npz import read_npy
from nn_core.storage.text import read_text

KERNELS: Mapping[str, Grid] = MappingProxyType(
    {
        "sobel": np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]),
        "blur": np.full((3, 3), 1 / 9),
        "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        "edge": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    }
)
"""sobel detects vertical edges, positive where the left is brighter; edge detects all edges.

Source: Gonzalez, Woods, Digital image processing (2018), sec. 3.5 and 3.6.
"""

MAX_SIZE = 7
"""Maximum rows and columns of a kernel, so that the frames stay legible."""


MAX_BYTES = 1 << 20
"""Bytes of a kernel in a file."""


def read_kernel(text: str) -> tuple[Grid, str]:
    """A kernel (h, w) or (h, w, C), and what to call it.

    text  a name of `KERNELS`; rows of numbers, "1,0,-1;2,0,-2;1,0,-1", also fractions such as
          1/9; or a .csv file of such rows or an .npy file
    Raises SettingError for anything else, DataError for a file that cannot be read.
    """
    path = Path(text)
    if text in KERNELS:
        return KERNELS[text], text
    if path.suffix.lower() in (".csv", ".npy"):
        return _checked(_read(path)), printable(path.name)
    if not any(letter.isdigit() for letter in text):
        raise SettingError(f"unknown kernel {text!r}; {nearest(text, KERNELS)}, or give numbers: 1,0,-1;2,0,-2;1,0,-1")
    grid = _checked(_numbers([row.split(",") for row in text.split(";")], f"kernel {text!r}"))
    return grid, "{} x {} kernel".format(*grid.shape)


def _read(path: Path) -> Grid:
    if path.suffix.lower() == ".csv":
        text = read_text(path, limit=MAX_BYTES)
        with decoding_errors(path, "a CSV file"):
            rows = [row for row in csv.reader(text.splitlines()) if row]
        return _numbers(rows, printable(path))
    stored = read_npy(path, "kernel")
    if stored.dtype.kind not in "biuf":
        raise DataError(f"{printable(path)} is not an .npy file of numbers")
    if stored.nbytes > MAX_BYTES:
        raise DataError(f"{printable(path)} has the shape {stored.shape}, which is too large for a kernel")
    return stored.read(printable(path)).astype(np.float64)


def _numbers(rows: Sequence[Sequence[str]], source: str) -> Grid:
    require(len({len(row) for row in rows}) == 1, f"{source}: all rows must have as many numbers")
    return np.array([[_number(cell.strip(), source) for cell in row] for row in rows])


def _number(text: str, source: str) -> float:
    """A number or a fraction of integers."""
    try:
        return float(Fraction(text) if "/" in text else text)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise SettingError(f"{source}: {text!r} is not a number") from None


def _checked(grid: Grid) -> Grid:
    require(grid.ndim in (2, 3) and grid.size > 0, f"a kernel has rows and columns, and channels, not {grid.shape}")
    check_size(grid)
    require(bool(np.isfinite(grid).all()), "a kernel needs finite numbers")
    require(float(np.abs(grid).max()) < 1e5, "a kernel needs numbers below 100,000")
    return grid


def check_size(kernel: npt.NDArray[np.floating]) -> None:
    """Raise SettingError for a kernel of more than MAX_SIZE rows or columns."""
    h, w = kernel.shape[:2]
    require(max(h, w) <= MAX_SIZE, f"the {h} x {w} kernel exceeds {MAX_SIZE} x {MAX_SIZE}")


def with_channels(kernel: Grid, channels: int) -> Grid:
    """The kernel as (h, w, channels); one of a single channel acts on all alike.

    Raises SettingError for another number of channels.
    """
    if kernel.ndim == 2:
        kernel = kernel[..., None]
    if kernel.shape[2] == 1:
        kernel = np.repeat(kernel, channels, axis=2)
    require(kernel.shape[2] == channels, f"the kernel has {kernel.shape[2]} channels, the input has {channels}")
    return kernel
