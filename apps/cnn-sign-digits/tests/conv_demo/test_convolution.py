"""The numbers of the film are those of Conv2D, and what it writes out adds up."""

from fractions import Fraction

import numpy as np
import pytest
from photos import rng

from cnn_sign_digits.conv_demo.convolution import (
    KERNELS,
    Sliding,
    levels,
    pattern,
    sum_lines,
    written,
)
from nn_core.errors import SettingError
from nn_core.layers import Context, Conv2D


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (5, 3)])
@pytest.mark.parametrize("size", [(5, 5), (7, 6), (9, 9)])
def test_the_output_is_that_of_a_convolution(padding, stride, kernel, size):
    image, weights = rng(1).normal(size=size), rng(2).normal(size=kernel)
    layer = Conv2D(1, kernel, stride=stride, padding=padding)
    params = {"W": weights[:, :, None, None], "b": np.zeros(1)}
    y, _ = layer.forward(image[None, :, :, None], params, Context(np.float64))
    np.testing.assert_allclose(
        Sliding(image, weights, stride, padding).output(), y[0, :, :, 0], atol=1e-12
    )


def test_a_vertical_edge_by_hand():
    assert Sliding(pattern(7), KERNELS["sobel"]).output().tolist() == [[0, 0, 40, 40, 0]] * 5


def test_blur_keeps_an_even_image_and_edge_finds_nothing_in_it():
    even = np.full((5, 5), 6.0)
    np.testing.assert_allclose(Sliding(even, KERNELS["blur"]).output(), 6)
    np.testing.assert_allclose(Sliding(even, KERNELS["sharpen"]).output(), 6)
    np.testing.assert_allclose(Sliding(even, KERNELS["sobel"]).output(), 0)
    np.testing.assert_allclose(Sliding(even, KERNELS["edge"]).output(), 0)


def value_of(terms):
    """A line such as "- 1/9*10 + 2*3", with exact fractions."""
    total, sign = Fraction(0), 1
    for word in terms.split():
        if word in {"+", "-"}:
            sign = 1 if word == "+" else -1
        else:
            weight, number = word.split("*")
            total += sign * Fraction(weight) * Fraction(number)
    return total


@pytest.mark.parametrize("kernel", [*KERNELS.values(), np.round(rng(3).normal(size=(5, 5)), 2)])
def test_the_sum_that_is_written_out_adds_up(kernel):
    sliding = Sliding(levels(rng(4).integers(0, 256, (7, 7), dtype=np.uint8)), kernel, 1, "same")
    for step in sliding.steps():
        *rows, result = sum_lines(step, kernel)
        assert len(rows) == len(kernel)
        assert Fraction(result.removeprefix("= ")) == sum(map(value_of, rows))


def test_a_sum_reads_like_this():
    step = list(Sliding(pattern(7), KERNELS["sobel"]).steps())[2]
    assert sum_lines(step, KERNELS["sobel"]) == [
        "  1*10 + 0*10 - 1*0",
        "+ 2*10 + 0*10 - 2*0",
        "+ 1*10 + 0*10 - 1*0",
        "= 40",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (10.0, "10"),
        (100.0, "100"),
        (0.5, "0.5"),
        (-1.25, "-1.25"),
        (1 / 9, "1/9"),
        (-20 / 3, "-20/3"),
        (0.12345, "0.12"),
        (-1e-17, "0"),
    ],
)
def test_numbers_are_as_short_as_they_can_be_told(value, text):
    assert written(value) == text


def test_levels_are_whole_and_run_from_black_to_white():
    assert levels(np.array([[0, 127, 255]], np.uint8)).tolist() == [[0, 5, 10]]


def test_a_kernel_that_does_not_fit_is_refused():
    with pytest.raises(SettingError, match="a kernel of 5 x 5 does not fit into 3 x 3 numbers"):
        Sliding(np.zeros((3, 3)), np.zeros((5, 5)), padding="same")
