"""Kernels by name, from numbers and from files."""

from pathlib import Path

import numpy as np
import pytest

from cnn_sign_digits.conv_demo.kernels import KERNELS, read_kernel, with_channels
from nn_core.errors import DataError, SettingError


def test_a_name() -> None:
    assert read_kernel("sobel") == (KERNELS["sobel"], "sobel")


def test_numbers() -> None:
    grid, name = read_kernel("1,0,-1; 2.5,1/2,-2e0")
    assert (grid.tolist(), name) == ([[1, 0, -1], [2.5, 0.5, -2]], "2 x 3 kernel")


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,0\n0,-1/4\n\n")
    grid, name = read_kernel(str(tmp_path / "a.csv"))
    assert (grid.tolist(), name) == ([[1, 0], [0, -0.25]], "a.csv")
    np.save(tmp_path / "b.npy", np.arange(12).reshape(2, 2, 3))
    grid, _ = read_kernel(str(tmp_path / "b.npy"))
    assert (grid.dtype, grid.shape, with_channels(grid, 3).shape) == (np.float64, (2, 2, 3), (2, 2, 3))


def test_one_kernel_for_all_channels() -> None:
    three = with_channels(KERNELS["sobel"], 3)
    assert three.shape == (3, 3, 3)
    np.testing.assert_array_equal(three[..., 2], KERNELS["sobel"])
    with pytest.raises(SettingError, match="the kernel has 3 channels, the input has 1"):
        with_channels(three, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sobl", "unknown kernel 'sobl'; did you mean 'sobel'\\?, or give numbers"),
        ("1,0;1", "all rows must have as many numbers"),
        ("1,x", "'x' is not a number"),
        ("1,", "'' is not a number"),
        ("1,nan", "a kernel needs finite numbers"),
        ("1/0,2", "'1/0' is not a number"),
        ("1e999999999", "a kernel needs finite numbers"),
        ("1e6,2", "a kernel needs numbers below 100,000"),
        (",".join("1" * 8), "the 1 x 8 kernel exceeds 7 x 7"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        read_kernel(text)


def test_files_that_are_not_kernels(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_text("no array")
    np.save(tmp_path / "b.npy", np.zeros(3))
    (tmp_path / "c.csv").write_text("1,2\n3\n")
    np.save(tmp_path / "e.npy", np.zeros((2, 2), complex))
    with pytest.raises(DataError, match="no such file"):
        read_kernel(str(tmp_path / "none.npy"))
    (tmp_path / "long.csv").write_text("1," + "0" * 200_000)
    for name in ("a.npy", "e.npy", "long.csv"):
        with pytest.raises(DataError, match=r"array of NumPy|file of numbers|a CSV file"):
            read_kernel(str(tmp_path / name))
    for name, message in (("b.npy", "rows and columns"), ("c.csv", "as many numbers")):
        with pytest.raises(SettingError, match=message):
            read_kernel(str(tmp_path / name))
