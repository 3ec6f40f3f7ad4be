"""The output is that of Conv2D, and the sums that are written out add up."""

from fractions import Fraction

import numpy as np
import pytest
from photos import pixels, rng

from cnn_sign_digits.conv_demo.convolution import (
    KERNELS,
    Convolution,
    Grid,
    gray_levels,
    short_number,
    sum_lines,
    vertical_edge,
)
from nn_core.errors import SettingError
from nn_core.layers import Context, Conv2D


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (5, 3)])
@pytest.mark.parametrize("size", [(5, 5), (7, 6), (9, 9)])
def test_the_output_is_that_of_conv2d(
    padding: str, stride: int, kernel: tuple[int, int], size: tuple[int, int]
) -> None:
    image, weights = rng(1).normal(size=size), rng(2).normal(size=kernel)
    layer = Conv2D(1, kernel, strides=stride, padding=padding)
    params = {"W": weights[:, :, None, None], "b": np.zeros(1)}
    y, _ = layer.forward(image[None, :, :, None], params, Context())
    np.testing.assert_allclose(Convolution(image, weights, stride, padding).output(), y[0, :, :, 0], atol=1e-12)


def test_a_vertical_edge_by_hand() -> None:
    output = Convolution(vertical_edge(7), KERNELS["sobel"]).output()
    assert output.tolist() == [[0, 0, 40, 40, 0]] * 5


def test_kernels_on_a_constant_image() -> None:
    constant = np.full((5, 5), 6.0)
    np.testing.assert_allclose(Convolution(constant, KERNELS["blur"]).output(), 6)
    np.testing.assert_allclose(Convolution(constant, KERNELS["sharpen"]).output(), 6)
    np.testing.assert_allclose(Convolution(constant, KERNELS["sobel"]).output(), 0)
    np.testing.assert_allclose(Convolution(constant, KERNELS["edge"]).output(), 0)


def value_of(terms: str) -> Fraction:
    """The value of a line such as "- 1/9*10 + 2*3"."""
    total, sign = Fraction(0), 1
    for word in terms.split():
        if word in {"+", "-"}:
            sign = 1 if word == "+" else -1
        else:
            weight, number = word.split("*")
            total += sign * Fraction(weight) * Fraction(number)
    return total


@pytest.mark.parametrize("kernel", [*KERNELS.values(), np.round(rng(3).normal(size=(5, 5)), 2)])
def test_the_written_sum_adds_up(kernel: Grid) -> None:
    convolution = Convolution(gray_levels(pixels(1, 7, 7, seed=4)[0]), kernel, 1, "same")
    for step in convolution.steps():
        *rows, result = sum_lines(step, kernel)
        assert len(rows) == len(kernel)
        assert Fraction(result.removeprefix("= ")) == sum(map(value_of, rows))


def test_a_written_sum() -> None:
    step = list(Convolution(vertical_edge(7), KERNELS["sobel"]).steps())[2]
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
def test_short_numbers(value: float, text: str) -> None:
    assert short_number(value) == text


def test_gray_levels_are_integers_from_black_to_white() -> None:
    assert gray_levels(np.array([[0, 127, 255]], np.uint8)).tolist() == [[0, 5, 10]]


def test_a_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SettingError, match="the 5 x 5 kernel is larger than the 3 x 3 input"):
        Convolution(np.zeros((3, 3)), np.zeros((5, 5)), padding="same")
