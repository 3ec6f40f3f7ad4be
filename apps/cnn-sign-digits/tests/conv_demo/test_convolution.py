"""The output and the gradients are those of Conv2D, and the sums that are written out add up."""

from fractions import Fraction

import numpy as np
import pytest
from photos import pixels, rng

from cnn_sign_digits.conv_demo.convolution import (
    Convolution,
    colored_edges,
    example_gradient,
    levels,
    sum_lines,
    vertical_edge,
)
from cnn_sign_digits.conv_demo.kernels import KERNELS, with_channels
from cnn_sign_digits.number_grid import Grid, short_number
from nn_core.errors import SettingError
from nn_core.layers import Context, Conv2D

SOBEL = KERNELS["sobel"][..., None]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (5, 3)])
@pytest.mark.parametrize("size", [(5, 5), (7, 6), (9, 9)])
@pytest.mark.parametrize("channels", [1, 3])
def test_forward_and_backward_are_those_of_conv2d(
    padding: str, stride: int, kernel: tuple[int, int], size: tuple[int, int], channels: int
) -> None:
    image, weights = rng(1).normal(size=(*size, channels)), rng(2).normal(size=(*kernel, channels))
    layer = Conv2D(1, kernel, strides=stride, padding=padding)
    params = {"W": weights[..., None], "b": np.zeros(1)}
    y, cache = layer.forward(image[None], params, Context())
    convolution = Convolution(image, weights, stride, padding)
    np.testing.assert_allclose(convolution.output(), y[0, :, :, 0], atol=1e-12)
    assert convolution.output_shape == y.shape[1:3]

    d_y = rng(3).normal(size=convolution.output_shape)
    grads = {"W": np.zeros_like(params["W"]), "b": np.zeros(1)}
    d_x = layer.backward(d_y[None, :, :, None], cache, params, grads, Context())
    assert d_x is not None
    *_, last = convolution.backward_steps(d_y)
    d_p = last.d_p[convolution.is_image].reshape(image.shape)
    np.testing.assert_allclose(d_p, d_x[0], atol=1e-12)
    np.testing.assert_allclose(last.d_W, grads["W"][..., 0], atol=1e-12)


def test_the_gradients_by_hand() -> None:
    """y = [x0 w0 + x1 w1, x1 w0 + x2 w1], so that d_x1 is the sum of d_y0 w1 and d_y1 w0."""
    convolution = Convolution(np.array([[[1.0], [2], [3]]]), np.array([[[10.0], [20]]]))
    first, second = convolution.backward_steps(np.array([[5.0, 7]]))
    assert (first.d_p[0, :, 0].tolist(), first.d_W[0, :, 0].tolist()) == ([50, 100, 0], [5, 10])
    assert (second.d_p[0, :, 0].tolist(), second.d_W[0, :, 0].tolist()) == ([50, 170, 140], [5 + 14, 10 + 21])
    assert (second.d_y, second.corner, second.window[0, :, 0].tolist()) == (7, (0, 1), [2, 3])


def test_a_vertical_edge_by_hand() -> None:
    output = Convolution(vertical_edge(7), SOBEL).output()
    assert output.tolist() == [[0, 0, 40, 40, 0]] * 5


def test_channels_are_summed() -> None:
    image = colored_edges(5)
    three = Convolution(image, with_channels(KERNELS["sobel"], 3)).output()
    apart = [Convolution(image[..., c : c + 1], SOBEL).output() for c in range(3)]
    np.testing.assert_allclose(three, sum(apart))


def test_kernels_on_a_constant_image() -> None:
    constant = np.full((5, 5, 1), 6.0)
    for name, value in (("blur", 6), ("sharpen", 6), ("sobel", 0), ("edge", 0)):
        np.testing.assert_allclose(Convolution(constant, KERNELS[name][..., None]).output(), value, atol=1e-12)


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
    convolution = Convolution(levels(pixels(1, 7, 7, 1, seed=4)[0]), kernel[..., None], 1, "same")
    for step in convolution.steps():
        *rows, result = sum_lines(step, convolution.kernel)
        assert len(rows) == len(kernel)
        assert Fraction(result.removeprefix("= ")) == sum(map(value_of, rows))


def test_a_written_sum() -> None:
    step = list(Convolution(vertical_edge(7), SOBEL).steps())[2]
    assert sum_lines(step, SOBEL) == ["  1*10 + 0*10 - 1*0", "+ 2*10 + 0*10 - 2*0", "+ 1*10 + 0*10 - 1*0", "= 40"]


def test_a_written_sum_of_channels() -> None:
    kernel = with_channels(KERNELS["sobel"], 3)
    step = list(Convolution(colored_edges(5), kernel).steps())[1]
    assert sum_lines(step, kernel) == ["40 (red) + 0 (green) + 0 (blue) = 40"]


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


def test_levels_are_integers_from_black_to_white() -> None:
    assert levels(np.array([[0, 127, 255]], np.uint8)).tolist() == [[0, 5, 10]]


def test_the_given_gradient_has_both_signs_and_no_equal_rows() -> None:
    for size in range(2, 10):
        d_y = example_gradient((size, size))
        assert d_y.min() < 0 < d_y.max()
        assert len(np.unique(d_y, axis=0)) == size


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SettingError, match="the 5 x 5 kernel is larger than the 3 x 3 input"):
        Convolution(np.zeros((3, 3, 1)), np.zeros((5, 5, 1)), padding="same")
    with pytest.raises(SettingError, match="the kernel has 1 channels, the input has 3"):
        Convolution(np.zeros((3, 3, 3)), np.zeros((3, 3, 1)))
    with pytest.raises(SettingError, match="d_y must be"):
        list(Convolution(np.zeros((3, 3, 1)), np.zeros((2, 2, 1))).backward_steps(np.zeros((3, 3))))
