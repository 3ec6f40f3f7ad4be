"""A sliding window: its positions, its padding and its pixels."""

from typing import Any

import numpy as np
import oracles_2d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nn_core.errors import SettingError, ShapeError
from nn_core.layers.windows import Window, image_shape

Pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def windows_and_sizes(draw: st.DrawFn) -> tuple[Window, int, int]:
    """A window and the height and width of an image that it fits."""
    size, strides = draw(Pairs), draw(Pairs)
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    h, w = ((n - 1) * d + 1 for n, d in zip(size, dilation, strict=True))
    padding: Any = draw(
        st.one_of(st.sampled_from(["valid", "same"]), st.tuples(st.integers(0, h - 1), st.integers(0, w - 1)))
    )
    window = Window.of(size, strides, padding, dilation, name="size")
    down, across = padding if isinstance(padding, tuple) else (0, 0)
    least = (1, 1) if padding == "same" else (max(1, h - 2 * down), max(1, w - 2 * across))
    height = draw(st.integers(least[0], least[0] + 6))
    return window, height, draw(st.integers(least[1], least[1] + 6))


@settings(max_examples=80, deadline=None)
@given(drawn=windows_and_sizes())
def test_pixels_and_their_sums_are_those_counted_one_by_one(drawn: tuple[Window, int, int]) -> None:
    window, height, width = drawn
    counted = oracles_2d.Windows((1, height, width, 1), window.size, window.strides, window.padding, window.dilation)
    assert window.output_size(height, width) == (counted.rows, counted.columns)
    x = np.arange(1.0, height * width + 1).reshape(1, height, width, 1)
    pixels = window.view(x, fill=-1.0)
    expected = np.full((1, counted.rows, counted.columns, *window.size, 1), -1.0)
    covered = np.zeros_like(x)
    for i in range(counted.rows):
        for j in range(counted.columns):
            for u, v, row, column in counted.pixels(i, j):
                expected[0, i, j, u, v, 0] = x[0, row, column, 0]
                covered[0, row, column, 0] += 10 * i + j
    np.testing.assert_array_equal(pixels, expected)
    number = 10.0 * np.arange(counted.rows)[:, None] + np.arange(counted.columns)
    d_windows = np.broadcast_to(number[None, :, :, None, None, None], expected.shape)
    np.testing.assert_array_equal(window.sum_back(d_windows, height, width), covered)


# Stride 2, kernel 3: five pixels need one zero on either side, six need one at the end.
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "positions", "first"),
    [
        (5, 3, 2, 1, 3, -1),
        (6, 3, 2, 1, 3, 0),
        (6, 5, 1, 1, 6, -2),
        (6, 4, 1, 1, 6, -1),
        (5, 1, 3, 1, 2, 0),
        (6, 3, 1, 2, 6, -2),
        (7, 2, 2, 3, 4, -1),
    ],
)
def test_same_is_the_size_over_the_stride_rounded_up(
    size: int, kernel: int, stride: int, dilation: int, positions: int, first: int
) -> None:
    window = Window.of((kernel, 1), (stride, 1), "same", (dilation, 1), name="size")
    assert window.output_size(size, 4) == (positions, 4)
    x = np.arange(1.0, size + 1).reshape(1, size, 1, 1)
    begins = [first + stride * i for i in range(positions)]
    expected = [b + 1 if 0 <= b < size else 0 for b in begins]
    assert window.view(x)[0, :, 0, 0, 0, 0].tolist() == expected


def test_the_pixels_of_a_window_with_dilation_by_hand() -> None:
    # 1 2 3 4   every other column of two rows, from the first and from the second column:
    # 5 6 7 8   1 3   2 4
    #           5 7   6 8
    x = np.arange(1.0, 9).reshape(1, 2, 4, 1)
    window = Window.of(2, 1, "valid", (1, 2), name="size")
    assert window.span == (2, 3)
    pixels = window.view(x)[0, 0, ..., 0]
    np.testing.assert_array_equal(pixels, [[[1, 3], [5, 7]], [[2, 4], [6, 8]]])


def test_the_batch_may_be_empty_and_the_view_is_not_copied() -> None:
    window = Window.of(2, 1, "valid", name="size")
    assert window.view(np.ones((0, 3, 3, 2))).shape == (0, 2, 2, 2, 2, 2)
    assert window.sum_back(np.ones((0, 2, 2, 2, 2, 2)), 3, 3).shape == (0, 3, 3, 2)
    assert not window.view(np.ones((1, 3, 3, 2))).flags.owndata


def test_an_image_has_three_axes_of_fixed_sizes() -> None:
    assert image_shape((4, 5, 3)) == (4, 5, 3)
    for shape in [(), (5,), (4, 5), (None, 5, 3), (1, 4, 5, 3)]:
        with pytest.raises(ShapeError, match="expected an image"):
            image_shape(shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 1, "valid"), "pool_size must be at least 1, not 0"),
        ((2, (1, 2, 3), "valid"), r"strides must be one or two integers, not \(1, 2, 3\)"),
        ((2, 1, -1), "padding must be at least 0, not -1"),
        ((2, 1, 1.5), "padding must be one or two integers, not 1.5"),
        ((2, 1, "full"), "padding must be 'valid', 'same' or a number of pixels, not 'full'"),
        ((2, 1, 2), r"padding \(2, 2\) must be smaller than the window \(2, 2\)"),
        ((2, 1, 4, 3), r"padding \(4, 4\) must be smaller than the window \(4, 4\)"),
        ((2, 1, 0, 0), "dilation must be at least 1, not 0"),
    ],
)
def test_settings_that_no_window_has(settings: tuple[Any, ...], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Window.of(*settings, name="pool_size")
