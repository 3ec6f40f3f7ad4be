"""A grid of numbers, drawn as colored squares with the numbers in them where they fit."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.plots import cell_text_size, colors, muted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

Grid = npt.NDArray[np.float64]

EMPTY = "#d9d9d9"
"""Squares without a value, or of padding."""


class NumberGrid:
    """Squares (rows, columns) whose values may change; NaN is an empty square.

    limits   values at the ends of the color scale, white at 0 if it is of both signs, otherwise
             from black to white
    padding  squares drawn as empty, although they have values
    """

    scale = False

    def __init__(
        self,
        axes: "Axes",
        values: Grid,
        title: str,
        limits: tuple[float, float],
        padding: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        from matplotlib import colormaps

        rows, columns = values.shape
        self.axes, self.texts, self.limits = axes, list["Text"](), limits
        self.padding = np.zeros(values.shape, bool) if padding is None else padding
        colormap = colormaps["RdBu_r" if limits[0] < 0 else "gray"].with_extremes(bad=EMPTY)
        self.image = axes.imshow(values, cmap=colormap, vmin=limits[0], vmax=limits[1])
        self.set_title(title)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        axes.tick_params(which="minor", length=0)
        axes.grid(which="minor", color=muted(), linewidth=0.6)
        axes.set_axisbelow(False)
        axes.spines[:].set(visible=True, color=muted(), linewidth=0.6)
        self.show(values)

    def write_numbers(self, longest: int, *, has_bar: bool = False) -> None:
        """Write the values into their squares, if numbers of `longest` characters fit. The layout must be made.

        has_bar  whether a color bar shows the scale; otherwise the title says it where they do not fit
        """
        rows, columns = self.padding.shape
        size = cell_text_size(self.axes, rows, columns, longest, sizes=("large", "medium", "small"))
        if size is not None:
            self.texts = [
                self.axes.text(j, i, "", ha="center", va="center", size=size) for i, j in np.ndindex(rows, columns)
            ]
        elif not has_bar:
            self.set_title(self.title, scale=True)

    def set_title(self, title: str, *, scale: bool | None = None) -> None:
        """The title; with the ends of the color scale where no numbers fit.

        scale  whether they are written; None to leave that as it is
        """
        self.title = title
        self.scale = self.scale if scale is None else scale
        low, high = self.limits
        ends = f", ±{high:.2g}" if low < 0 else f", {low:g} to {high:g}"
        self.axes.set_title(title + (ends if self.scale and title else ""))

    def show(self, values: Grid) -> None:
        """Color the squares, and write the numbers if they fit."""
        shown = np.where(self.padding, np.nan, values)
        self.image.set_data(shown)
        if not self.texts:
            return
        shades: Any = self.image.to_rgba(np.ma.masked_invalid(shown))
        dark = shades[..., :3] @ (0.299, 0.587, 0.114) < 0.5
        for text, value, is_dark in zip(self.texts, values.flat, dark.flat, strict=True):
            text.set_text("" if np.isnan(value) else short_number(value))
            text.set_color("#ffffff" if is_dark else "#000000")

    def add_frame(self, rows: int, columns: int) -> "Rectangle":
        """A frame around this many squares, to be moved by `move_frame`."""
        from matplotlib.patches import Rectangle

        frame = Rectangle((-0.5, -0.5), columns, rows, fill=False, edgecolor=colors()[4], linewidth=4)
        frame.set_clip_on(False)
        frame.set_zorder(5)
        self.axes.add_patch(frame)
        return frame


def move_frame(frame: "Rectangle", corner: tuple[int, int]) -> None:
    """Move a frame to the square at its upper left, (row, column)."""
    frame.set_xy((corner[1] - 0.5, corner[0] - 0.5))


def signed_limits(*values: Any) -> tuple[float, float]:
    """The color scale of values: around 0."""
    largest = max((float(np.abs(array).max()) for array in values if np.size(array)), default=0.0) or 1.0
    return -largest, largest


def longest_number(*values: Any) -> int:
    """Characters of the longest number."""
    distinct = np.unique(np.concatenate([np.ravel(array) for array in values]))
    return max(len(short_number(value)) for value in distinct)


def short_number(value: float) -> str:
    """A number in its shortest form: "3", "0.5", "1/9", otherwise with two decimals."""
    from fractions import Fraction

    nearest = Fraction(float(value)).limit_denominator(9)
    if abs(value - round(value, 2)) > 1e-9 and abs(value - nearest) < 1e-9:
        return str(nearest)
    return f"{round(float(value), 2) + 0.0:.2f}".rstrip("0").rstrip(".")
