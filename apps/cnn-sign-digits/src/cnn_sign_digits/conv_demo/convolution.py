"""A kernel that slides over a small grid of numbers, one product at a time, as by hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from nn_core.registry import require

Grid = npt.NDArray[np.float64]

WHITE = 10
"""The level of white; black is 0."""

KERNELS: Mapping[str, Grid] = MappingProxyType(
    {
        "sobel": np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]),
        "blur": np.full((3, 3), 1 / 9),
        "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        "edge": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    }
)
"""sobel answers to what is brighter on the left, edge to what differs from its surroundings.

Source: Gonzalez, Woods, Digital image processing (2018), sec. 3.5 and 3.6.
"""


@dataclass(frozen=True)
class Step:
    """One place of the kernel.

    place   in the output, (row, column)
    corner  of the window, in the input with its zeros
    window  the numbers under the kernel
    total   sum of window * kernel
    """

    place: tuple[int, int]
    corner: tuple[int, int]
    window: Grid
    products: Grid
    total: float


@dataclass(frozen=True)
class Sliding:
    """A kernel over an image, both (height, width), and one step for each number of the output.

    y[i, j] = sum_u sum_v p[i s + u, j s + v] W[u, v]

    p is the image, with zeros around it if `padding` is "same": as many as give
    ceil(height / s) x ceil(width / s) places, the odd one at the bottom and at the right.
    Raises SettingError for a kernel that is larger than the image.
    """

    image: Grid
    kernel: Grid
    stride: int = 1
    padding: str = "valid"

    def __post_init__(self) -> None:
        (H, W), (h, w) = self.image.shape, self.kernel.shape
        require(h <= H and w <= W, f"a kernel of {h} x {w} does not fit into {H} x {W} numbers")

    @property
    def borders(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Zeros above and below, to the left and to the right."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        down, across = (
            max(0, (-(-size // self.stride) - 1) * self.stride + kernel - size)
            for size, kernel in zip(self.image.shape, self.kernel.shape, strict=True)
        )
        return (down // 2, down - down // 2), (across // 2, across - across // 2)

    @property
    def canvas(self) -> Grid:
        """p, the image with its zeros."""
        return np.pad(self.image, self.borders)

    def steps(self) -> Iterator[Step]:
        """Row by row, from the left."""
        canvas, (h, w), s = self.canvas, self.kernel.shape, self.stride
        for i in range((canvas.shape[0] - h) // s + 1):
            for j in range((canvas.shape[1] - w) // s + 1):
                window = canvas[i * s : i * s + h, j * s : j * s + w]
                products = window * self.kernel
                yield Step((i, j), (i * s, j * s), window, products, float(products.sum()))

    def output(self) -> Grid:
        """y."""
        steps = list(self.steps())
        i, j = steps[-1].place
        return np.array([step.total for step in steps]).reshape(i + 1, j + 1)


def pattern(size: int) -> Grid:
    """A bright left side and a dark right side: one vertical edge."""
    image = np.zeros((size, size))
    image[:, : (size + 1) // 2] = WHITE
    return image


def levels(grey: npt.NDArray[np.uint8]) -> Grid:
    """Bytes as whole levels from black, 0, to white."""
    return np.round(grey / 255 * WHITE)


def written(value: float) -> str:
    """A number as short as it can be told: "3", "0.5", "1/9", and else with two decimals."""
    nearest = Fraction(value).limit_denominator(9)
    if abs(value - round(value, 2)) > 1e-9 and abs(value - nearest) < 1e-9:
        return str(nearest)
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def sum_lines(step: Step, kernel: Grid) -> list[str]:
    """The sum written out, a line for each row of the kernel, and what it comes to."""
    terms = [
        [f"{written(abs(weight))}*{written(number)}" for weight, number in zip(*row, strict=True)]
        for row in zip(kernel, step.window, strict=True)
    ]
    longest = max(len(term) for row in terms for term in row)
    lines = [
        " ".join(
            f"{'-' if weight < 0 else '+'} {term:<{longest}}"
            for weight, term in zip(*row, strict=True)
        ).rstrip()
        for row in zip(kernel, terms, strict=True)
    ]
    lines[0] = lines[0].removeprefix("+").rjust(len(lines[0]))
    return [*lines, f"= {written(step.total)}"]
