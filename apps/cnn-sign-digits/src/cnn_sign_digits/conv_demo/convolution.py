"""A convolution of a single channel with a single kernel, one output position at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from nn_core.layers.windows import Pair, Window
from nn_core.registry import require

Grid = npt.NDArray[np.float64]

WHITE = 10
"""The gray level of white; black is 0."""

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


@dataclass(frozen=True)
class Step:
    """One output position.

    position  in the output, (row, column)
    corner    of the window, in the padded input
    window    the input under the kernel
    products  window * kernel
    total     their sum
    """

    position: tuple[int, int]
    corner: tuple[int, int]
    window: Grid
    products: Grid
    total: float


@dataclass(frozen=True)
class Convolution:
    """A kernel applied to an image, both (height, width), with one step per output position.

    y[i, j] = sum_u sum_v p[i s + u, j s + v] W[u, v]

    p is the image, zero-padded if `padding` is "same", such that the output is
    ceil(height / s) x ceil(width / s); an odd row or column of zeros is at the bottom or right.
    Raises SettingError for a kernel larger than the image.
    """

    image: Grid
    kernel: Grid
    stride: int = 1
    padding: str = "valid"

    def __post_init__(self) -> None:
        (H, W), (h, w) = self.image.shape, self.kernel.shape
        require(h <= H and w <= W, f"the {h} x {w} kernel is larger than the {H} x {W} input")

    @property
    def borders(self) -> tuple[Pair, Pair]:
        """Zeros above and below, left and right."""
        height, width = self.image.shape
        return self._window().borders(height, width)

    @property
    def padded_image(self) -> Grid:
        """p, the image with its zeros."""
        return np.pad(self.image, self.borders)

    def steps(self) -> Iterator[Step]:
        """Row by row, from the left."""
        windows, s = self._window().view(self.image[None, :, :, None])[0, ..., 0], self.stride
        for i, j in np.ndindex(*windows.shape[:2]):
            products = windows[i, j] * self.kernel
            yield Step((i, j), (i * s, j * s), windows[i, j], products, float(products.sum()))

    def output(self) -> Grid:
        """y."""
        steps = list(self.steps())
        i, j = steps[-1].position
        return np.array([step.total for step in steps]).reshape(i + 1, j + 1)

    def _window(self) -> Window:
        h, w = self.kernel.shape
        return Window.of((h, w), self.stride, self.padding, name="kernel")


def vertical_edge(size: int) -> Grid:
    """A bright left half and a dark right half."""
    image = np.zeros((size, size))
    image[:, : (size + 1) // 2] = WHITE
    return image


def gray_levels(gray: npt.NDArray[np.uint8]) -> Grid:
    """Bytes scaled to integers from 0 (black) to WHITE."""
    return np.round(gray / 255 * WHITE)


def short_number(value: float) -> str:
    """A number in its shortest form: "3", "0.5", "1/9", otherwise with two decimals."""
    nearest = Fraction(value).limit_denominator(9)
    if abs(value - round(value, 2)) > 1e-9 and abs(value - nearest) < 1e-9:
        return str(nearest)
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def sum_lines(step: Step, kernel: Grid) -> list[str]:
    """The sum written out, a line for each row of the kernel, and its value."""
    terms = [
        [f"{short_number(abs(w))}*{short_number(x)}" for w, x in zip(*row, strict=True)]
        for row in zip(kernel, step.window, strict=True)
    ]
    longest = max(len(term) for row in terms for term in row)
    lines = [
        " ".join(f"{'-' if weight < 0 else '+'} {term:<{longest}}" for weight, term in zip(*row, strict=True)).rstrip()
        for row in zip(kernel, terms, strict=True)
    ]
    lines[0] = lines[0].removeprefix("+").rjust(len(lines[0]))
    return [*lines, f"= {short_number(step.total)}"]
