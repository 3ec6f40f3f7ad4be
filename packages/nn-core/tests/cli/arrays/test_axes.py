"""The order of axes, and flattened squares."""

import numpy as np
import pytest

from nn_core.cli.arrays.axes import find_axes, planes_first, unfold_square


@pytest.mark.parametrize(
    ("stored", "count", "shape", "words"),
    [
        ((5, 2), 5, (5, 2), ""),
        ((2, 5), 5, (5, 2), "one column per example"),
        ((5, 5), 5, (5, 5), ""),
        ((7,), 7, (7,), ""),
        ((9, 6, 4), 9, (9, 6, 4), ""),
        ((6, 4, 9), 9, (9, 6, 4), "(H, W, N)"),
        ((9, 6, 4, 3), 9, (9, 6, 4, 3), ""),
        ((9, 3, 6, 5), 9, (9, 6, 5, 3), "(N, C, H, W)"),
        ((6, 4, 3, 9), 9, (9, 6, 4, 3), "(H, W, C, N)"),
        ((3, 4, 6, 9), 9, (9, 6, 4, 3), "(C, W, H, N)"),
        ((9, 9, 3, 9), 9, (9, 9, 9, 3), "(H, W, C, N)"),
        ((9, 3, 6, 3), 9, (9, 3, 6, 3), ""),
        ((9, 6, 4, 5), 9, (9, 6, 4, 5), ""),
    ],
)
def test_examples_come_first_and_channels_last(
    stored: tuple[int, ...], count: int, shape: tuple[int, ...], words: str
) -> None:
    axes = find_axes(stored, count)
    assert axes is not None
    assert axes.shape(stored) == shape
    assert axes.apply(np.empty(stored)).shape == shape
    assert words in axes.layout
    assert bool(words) == bool(axes.layout)


@pytest.mark.parametrize("stored", [(5, 2), (4, 5, 6), (5, 6, 4, 3), (), (2, 3, 4, 5, 7)])
def test_no_axis_of_this_length(stored: tuple[int, ...]) -> None:
    assert find_axes(stored, 7) is None


@pytest.mark.parametrize(
    ("length", "shape"),
    [
        (784, (28, 28, 1)),
        (12288, (64, 64, 3)),
        (3072, (32, 32, 3)),
        (4096, (64, 64, 1)),
        (50, None),
        (1, None),
        (3, None),
    ],
)
def test_squares(length: int, shape: tuple[int, int, int] | None) -> None:
    assert unfold_square(length) == shape


def test_color_planes_are_told_from_pixels_by_their_smoothness() -> None:
    y, x = np.mgrid[:8, :8]
    images = np.stack([10 * x, 255 - 10 * y, 10 * (x + y)], axis=-1)[None].astype(np.uint8)
    assert not planes_first(images.reshape(1, -1), (8, 8, 3))
    assert planes_first(images.transpose(0, 3, 1, 2).reshape(1, -1), (8, 8, 3))
