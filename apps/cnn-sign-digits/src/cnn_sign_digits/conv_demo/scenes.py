"""The figures of a convolution, forward and backward, at each of its steps."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.conv_demo.convolution import WHITE, Convolution, channel_names, sum_lines
from cnn_sign_digits.number_grid import Grid, NumberGrid, longest_number, move_frame, short_number, signed_limits
from nn_core.plots import lay_out

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

WIDTH, HEIGHT = 11.0, 6.6
"""Inches on paper."""


class Scene(ABC):
    """A figure that can show each step.

    steps     of the convolution, with the corner of the window and the position in the output
    windows   frames around the window
    position  frame around the output
    lines     what happens, in words
    """

    steps: Sequence[Any]
    windows: "Sequence[Rectangle]"
    position: "Rectangle"
    lines: "_Lines"

    def __len__(self) -> int:
        return len(self.steps)

    def show(self, index: int) -> None:
        """Show a step, counted from 0."""
        step = self.steps[index]
        for frame in self.windows:
            move_frame(frame, step.corner)
        move_frame(self.position, step.position)
        self.show_numbers(index)
        self.lines.show(index)

    @abstractmethod
    def show_numbers(self, index: int) -> None:
        """Show the numbers of a step."""


class ForwardScene(Scene):
    """Input, kernel, products, the output up to here, and the sum written out."""

    def __init__(self, figure: "Figure", convolution: Convolution) -> None:
        self.convolution, self.steps = convolution, list(convolution.steps())
        kernel, self.output = convolution.kernel, convolution.output()
        products = np.array([step.products for step in self.steps])
        parts = _subplots(figure, convolution.channels, together=("x", "W/products", "y"), apart=("x", "W", "products"))
        self.inputs = [_input(parts[f"x{c}"], convolution, c) for c in range(convolution.channels)]
        kernels, self.products = [], []
        for c in range(convolution.channels):
            kernels.append(NumberGrid(parts[f"W{c}"], kernel[..., c], _top("kernel W", c), signed_limits(kernel)))
            start, limits = products[0, ..., c], signed_limits(products)
            self.products.append(NumberGrid(parts[f"products{c}"], start, _top("window * W", c), limits))
        title = "output y, {} x {}".format(*self.output.shape)
        self.result = NumberGrid(parts["y"], self.output, title, signed_limits(self.output))
        self.lines = _Lines(figure, [[self._heading(i), *sum_lines(s, kernel)] for i, s in enumerate(self.steps)])
        lay_out(figure)
        for grids, values in (
            (self.inputs, convolution.image),
            (kernels, kernel),
            (self.products, products),
            ([self.result], self.output),
        ):
            for grid in grids:
                grid.write_numbers(longest_number(values))
        for grids, values in ((self.inputs, convolution.padded_image), (kernels, kernel)):
            _show(grids, values)
        self.windows = [grid.add_frame(*kernel.shape[:2]) for grid in self.inputs]
        self.position = self.result.add_frame(1, 1)

    def show_numbers(self, index: int) -> None:
        _show(self.products, self.steps[index].products)
        shown = np.arange(self.output.size).reshape(self.output.shape) <= index
        self.result.show(np.where(shown, self.output, np.nan))

    def _heading(self, index: int) -> str:
        return f"output {index + 1} of {len(self.steps)}: y[{_place(self.steps[index].position)}]"


class BackwardScene(Scene):
    """The gradient of the output, and what each of its values adds to those of the input and the kernel."""

    def __init__(self, figure: "Figure", convolution: Convolution, d_y: Grid) -> None:
        self.convolution, self.d_y = convolution, d_y
        self.steps = list(convolution.backward_steps(d_y))
        kernel, channels, last = convolution.kernel, range(convolution.channels), self.steps[-1]
        self.is_apart = len(channels) == 1  # whether what a step adds is drawn
        parts = _subplots(
            figure, len(channels), together=("x/d_y", "window/W", "a/b", "d_W/d_x"), apart=("x", "W", "d_W", "d_x"),
            last="d_y",
        )  # fmt: skip
        self.inputs = [_input(parts[f"x{c}"], convolution, c) for c in channels]
        size = "{} x {}".format(*d_y.shape)
        self.gradient = NumberGrid(parts["d_y"], d_y, f"given: d_y, {size}", signed_limits(d_y))
        weights, sums = signed_limits(kernel), signed_limits(*(step.d_W for step in self.steps))
        pixels = signed_limits(*(step.d_p for step in self.steps))
        self.d_W, self.d_x, kernels = [], [], []
        for c in channels:
            kernels.append(NumberGrid(parts[f"W{c}"], kernel[..., c], _top("kernel W", c), weights))
            self.d_W.append(NumberGrid(parts[f"d_W{c}"], last.d_W[..., c], _top("d_W so far", c), sums))
            padding = ~convolution.is_image
            self.d_x.append(NumberGrid(parts[f"d_x{c}"], last.d_p[..., c], _top("d_x so far", c), pixels, padding))
        self.added: list[NumberGrid] = []
        if self.is_apart:
            all_terms = [self._terms(index) for index in range(len(self.steps))]
            scales = [signed_limits(*(terms[i] for terms in all_terms)) for i in range(3)]
            window = NumberGrid(parts["window0"], all_terms[0][0], "window of x", (0, WHITE))
            self.added = [window, *(NumberGrid(parts[f"{part}0"], all_terms[0][i], "", scales[i])
                                    for i, part in ((1, "a"), (2, "b")))]  # fmt: skip
            self._set_titles(0)
        self.lines = _Lines(figure, [self._sums(index) for index in range(len(self.steps))])
        lay_out(figure)
        groups: list[tuple[Sequence[NumberGrid], Any]] = [
            (self.inputs, convolution.image), (kernels, kernel), ([self.gradient], d_y),
            (self.d_W, [step.d_W for step in self.steps]), (self.d_x, [step.d_p for step in self.steps]),
            *(([grid], [terms[i] for terms in all_terms]) for i, grid in enumerate(self.added)),
        ]  # fmt: skip
        for grids, values in groups:
            for grid in grids:
                grid.write_numbers(longest_number(*values))
        _show(self.inputs, convolution.padded_image)
        _show(kernels, kernel)
        self.gradient.show(d_y)
        self.windows = [grid.add_frame(*kernel.shape[:2]) for grid in (*self.inputs, *self.d_x)]
        self.position = self.gradient.add_frame(1, 1)

    def show_numbers(self, index: int) -> None:
        _show(self.d_W, self.steps[index].d_W)
        _show(self.d_x, self.steps[index].d_p)
        if self.added:
            for grid, values in zip(self.added, self._terms(index), strict=True):
                grid.show(values)
            self._set_titles(index)

    def _terms(self, index: int) -> tuple[Grid, Grid, Grid]:
        """The window of x, and what is added to d_W and d_x, of a single channel."""
        step = self.steps[index]
        window = step.window[..., 0]
        return window, step.d_y * window, step.d_y * self.convolution.kernel[..., 0]

    def _set_titles(self, index: int) -> None:
        d = _in_product(self.steps[index].d_y)
        self.added[1].set_title(f"{d} * window")
        self.added[2].set_title(f"{d} * W")

    def _sums(self, index: int) -> list[str]:
        step = self.steps[index]
        d = _in_product(step.d_y)
        return [
            f"output {index + 1} of {len(self.steps)}: d_y[{_place(step.position)}] = {short_number(step.d_y)}",
            f"d_W += {d} * window of x",
            f"d_x += {d} * W, at the window",
        ]


class _Lines:
    """Lines of text below the plots, as wide and as many at every step, so that nothing moves."""

    def __init__(self, figure: "Figure", texts: Sequence[Sequence[str]]) -> None:
        width = max(len(line) for lines in texts for line in lines)
        self.texts = ["\n".join(line.ljust(width) for line in lines) for lines in texts]
        self.text: Any = figure.supxlabel(self.texts[0], ha="center", ma="left", size="small", family="monospace")

    def show(self, index: int) -> None:
        self.text.set_text(self.texts[index])


def _subplots(
    figure: "Figure", channels: int, *, together: Sequence[str], apart: Sequence[str], last: str = "y"
) -> dict[str, Any]:
    """Axes by name and channel.

    together  columns for a single channel; "a/b" are above each other
    apart     columns for several channels, a row for each
    last      what has no channels, at the right of these rows
    """
    if channels > 1:
        rows: list[Any] = [[*(f"{part}{c}" for part in apart), last] for c in range(channels)]
    else:
        pairs = [column.split("/") for column in together]
        rows = [[_named(pair[min(row, len(pair) - 1)], last) for pair in pairs] for row in range(2)]
    widths = [1.3 if part == last or len(set(column)) == 1 else 1.0 for part, column in
              zip(rows[0], zip(*rows, strict=True), strict=True)]  # fmt: skip
    axes: dict[str, Any] = figure.subplot_mosaic(rows, width_ratios=widths)
    return axes


def _named(part: str, last: str) -> str:
    return part if part == last else f"{part}0"


def _input(axes: Any, convolution: Convolution, channel: int) -> NumberGrid:
    padding = ~convolution.is_image
    size = "{} x {}".format(*convolution.image.shape[:2])
    title = f"input x, {'zero-padded' if padding.any() else size}"
    if convolution.channels > 1:
        axes.set_ylabel(channel_names(convolution.channels)[channel])
    return NumberGrid(axes, convolution.padded_image[..., channel], _top(title, channel), (0, WHITE), padding)


def _top(title: str, channel: int) -> str:
    """The title of a column, above its first row."""
    return "" if channel else title


def _show(grids: Sequence[NumberGrid], values: Grid) -> None:
    """Show the channels of values (rows, columns, C)."""
    for c, grid in enumerate(grids):
        grid.show(values[..., c])


def _place(position: tuple[int, int]) -> str:
    return ", ".join(map(str, position))


def _in_product(value: float) -> str:
    text = short_number(value)
    return f"({text})" if value < 0 else text
