"""A convolution with one kernel, one output position at a time, forward and backward."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.number_grid import Grid, short_number
from nn_core.layers.windows import Pair, Window
from nn_core.registry import require

WHITE = 10
"""The level of white, or of full red, green or blue; 0 is none."""
CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True)
class Step:
    """One output position.

    position  in the output, (row, column)
    corner    of the window, in the padded input
    window    the input under the kernel, (h, w, C)
    products  window * kernel, (h, w, C)
    total     their sum
    """

    position: tuple[int, int]
    corner: tuple[int, int]
    window: Grid
    products: Grid
    total: float


@dataclass(frozen=True)
class BackwardStep:
    """What one output position adds to the gradients.

    position, corner, window  as in `Step`
    d_y                       the gradient of this output
    d_p                       the gradient of the padded input up to here, (rows, columns, C)
    d_W                       the gradient of the kernel up to here, (h, w, C)
    """

    position: tuple[int, int]
    corner: tuple[int, int]
    window: Grid
    d_y: float
    d_p: Grid
    d_W: Grid


@dataclass(frozen=True)
class Convolution:
    """A kernel (h, w, C) applied to an image (H, W, C), with one step per output position.

    y[i, j] = sum_u sum_v sum_c p[i s + u, j s + v, c] W[u, v, c]

    p is the image, zero-padded if `padding` is "same", such that the output is
    ceil(height / s) x ceil(width / s); an odd row or column of zeros is at the bottom or right.
    Raises SettingError for a kernel larger than the image, or with other channels.
    """

    image: Grid
    kernel: Grid
    stride: int = 1
    padding: str = "valid"

    def __post_init__(self) -> None:
        (H, W, C), (h, w, c) = self.image.shape, self.kernel.shape
        require(h <= H and w <= W, f"the {h} x {w} kernel is larger than the {H} x {W} input")
        require(c == C, f"the kernel has {c} channels, the input has {C}")

    @property
    def channels(self) -> int:
        """C."""
        return int(self.image.shape[2])

    @property
    def borders(self) -> tuple[Pair, Pair]:
        """Zeros above and below, left and right."""
        height, width = self.image.shape[:2]
        return self._window().borders(height, width)

    @property
    def padded_image(self) -> Grid:
        """p, the image with its zeros."""
        return np.pad(self.image, (*self.borders, (0, 0)))

    @property
    def is_image(self) -> npt.NDArray[np.bool_]:
        """Which pixels (rows, columns) of the padded image are not padding."""
        return np.pad(np.ones(self.image.shape[:2], bool), self.borders)

    @property
    def output_shape(self) -> Pair:
        """Rows and columns of y."""
        height, width = self.image.shape[:2]
        return self._window().output_size(height, width)

    def steps(self) -> Iterator[Step]:
        """Row by row, from the left."""
        windows, s = self._window().view(self.image[None])[0], self.stride
        for i, j in np.ndindex(*windows.shape[:2]):
            products = windows[i, j] * self.kernel
            yield Step((i, j), (i * s, j * s), windows[i, j], products, float(products.sum()))

    def backward_steps(self, d_y: Grid) -> Iterator[BackwardStep]:
        """The backward pass, output by output.

        y[i, j] depends on each pixel of its window, with the derivative W[u, v, c], and on each
        weight, with the derivative p[i s + u, j s + v, c]. By the chain rule

        dL/dp[i s + u, j s + v, c] += d_y[i, j] W[u, v, c]
        dL/dW[u, v, c]             += d_y[i, j] p[i s + u, j s + v, c]

        and d_x is d_p without the border. The sums over all positions are those of `Conv2D.backward`.

        d_y  dL/dy, of the shape of the output
        Source: as for `nn_core.layers.Conv2D`.
        """
        require(d_y.shape == self.output_shape, f"d_y must be {self.output_shape}, not {d_y.shape}")
        d_p, d_W = np.zeros_like(self.padded_image), np.zeros_like(self.kernel)
        h, w = self.kernel.shape[:2]
        for step in self.steps():
            (a, b), d = step.corner, float(d_y[step.position])
            d_p[a : a + h, b : b + w] += d * self.kernel
            d_W += d * step.window
            yield BackwardStep(step.position, step.corner, step.window, d, d_p.copy(), d_W.copy())

    def output(self) -> Grid:
        """y."""
        return np.array([step.total for step in self.steps()]).reshape(self.output_shape)

    def _window(self) -> Window:
        h, w = self.kernel.shape[:2]
        return Window.of((h, w), self.stride, self.padding, name="kernel")


def vertical_edge(size: int) -> Grid:
    """A bright left half and a dark right half, (size, size, 1)."""
    image = np.zeros((size, size, 1))
    image[:, : (size + 1) // 2] = WHITE
    return image


def colored_edges(size: int) -> Grid:
    """Red in the left half, green in the upper half, some blue everywhere: (size, size, 3)."""
    red = vertical_edge(size)
    return np.concatenate([red, red.swapaxes(0, 1), np.full_like(red, WHITE // 5)], axis=2)


def example_gradient(shape: tuple[int, int]) -> Grid:
    """Small whole numbers of both signs in place of a gradient that layers above would pass down."""
    return np.resize(np.array([1.0, 2, -1, 0, -2, 1, 3, -1, 2, -3, 1]), shape)


def levels(pixels: npt.NDArray[np.uint8]) -> Grid:
    """Bytes scaled to integers from 0 to WHITE."""
    return np.round(pixels / 255 * WHITE)


def channel_names(channels: int) -> tuple[str, ...]:
    """Names of three channels, red, green and blue; otherwise numbers."""
    return CHANNELS if channels == 3 else tuple(str(c + 1) for c in range(channels))


def sum_lines(step: Step, kernel: Grid) -> list[str]:
    """The sum written out, a line for each row of the kernel, or for several channels their sums, and its value."""
    if kernel.shape[2] > 1:
        sums = [short_number(value) for value in step.products.sum(axis=(0, 1))]
        terms = [f"{text} ({name})" for name, text in zip(channel_names(kernel.shape[2]), sums, strict=True)]
        return [f"{' + '.join(terms)} = {short_number(step.total)}"]
    rows = [
        [f"{short_number(abs(w))}*{short_number(x)}" for w, x in zip(*row, strict=True)]
        for row in zip(kernel[..., 0], step.window[..., 0], strict=True)
    ]
    longest = max(len(term) for row in rows for term in row)
    lines = [
        " ".join(f"{'-' if weight < 0 else '+'} {term:<{longest}}" for weight, term in zip(*row, strict=True)).rstrip()
        for row in zip(kernel[..., 0], rows, strict=True)
    ]
    lines[0] = lines[0].removeprefix("+").rjust(len(lines[0]))
    return [*lines, f"= {short_number(step.total)}"]
