"""The matrix of windows: its sizes by hand, and how much of a batch is laid out at a time."""

import numpy as np
import numpy.typing as npt
import pytest
from fused_cases import parameters, run

from nn_core.engine.fused import slices, winograd_conv2d
from nn_core.engine.fused.im2col import Im2Col
from nn_core.engine.fused.winograd_conv2d import WinogradConv2D
from nn_core.engine.workspace import Workspace
from nn_core.layers import Conv2D


def im2col(filters: int, strides: tuple[int, int] = (1, 1)) -> Im2Col:
    """Windows of 3 x 5 over 10 x 12 pixels of three channels, without padding."""
    return Im2Col(
        "x",
        padded=(10, 12, 3),
        inside=(slice(0, 10), slice(0, 12)),
        kernel_size=(3, 5),
        strides=strides,
        filters=filters,
    )


@pytest.mark.parametrize(
    ("filters", "strides", "tile", "shape"),
    [
        (8, (1, 1), 4, (8, 2, 3, 8 * 3)),  # 4 x 8 products side by side; a segment has 4 - 1 + 5 pixels
        (5, (1, 1), 4, (8, 2, 3, 8 * 3)),  # six would fit, but do not divide eight
        (40, (1, 1), 1, (8, 8, 3, 5 * 3)),
        (8, (2, 2), 4, (4, 1, 3, 11 * 3)),  # a segment has 3 * 2 + 5 pixels
        (16, (3, 2), 2, (3, 2, 3, 7 * 3)),
    ],
)
def test_as_many_positions_side_by_side_as_make_a_wide_product(
    filters: int, strides: tuple[int, int], tile: int, shape: tuple[int, ...]
) -> None:
    found = im2col(filters, strides)
    assert (found.tile, found.shape) == (tile, shape)
    assert found.block_shape == (3 * shape[3], tile * filters)


@pytest.mark.parametrize(("dtype", "sizes"), [(np.float32, [4, 3]), (np.float64, [2, 2, 2, 1])])
def test_as_many_examples_as_fit_are_laid_out_at_a_time(
    dtype: npt.DTypeLike, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_BYTES", 4 * (8 * 2 * 3 * 24) * 4)
    x = np.random.default_rng(0).normal(size=(7, 10, 12, 3)).astype(dtype)
    workspace = Workspace()
    assert [part.stop - part.start for part, _, _ in im2col(8).rows(x, workspace)] == sizes
    assert workspace._arrays["columns"].nbytes == slices.SLICE_BYTES


@pytest.mark.parametrize(("dtype", "most"), [(np.float32, 4), (np.float64, 2)])
def test_winograds_windows_fit_as_well(dtype: npt.DTypeLike, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of six products, for two groups of four rows, 6 x 3 columns and two channels."""
    monkeypatch.setattr(slices, "SLICE_BYTES", 4 * (6 * 2 * 6 * 3 * 2) * 4)
    monkeypatch.setattr(winograd_conv2d, "SAVED_PER_BATCH", 1)
    conv, shape, workspace = Conv2D(4, 3), (10, 8, 2), Workspace()
    x = np.random.default_rng(0).normal(size=(8, *shape)).astype(dtype)
    run(WinogradConv2D((conv,)), x, parameters((conv,), shape, dtype), workspace=workspace, backward=False)
    assert workspace._arrays["windows"].shape == (6, 2, most, 6, 3, 2)
