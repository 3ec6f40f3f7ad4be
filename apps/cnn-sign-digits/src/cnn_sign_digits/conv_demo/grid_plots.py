"""Grids of numbers, drawn as colored squares with the numbers in them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.conv_demo.convolution import WHITE, Convolution, Grid, short_number
from nn_core.plots.styles import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

POSITIVE, NEGATIVE = (0.93, 0.58, 0.53), (0.50, 0.69, 0.90)
"""Red and blue, pale enough for black numbers."""
PADDING = (0.87, 0.91, 0.95)


def plot_input(axes: "Axes", convolution: Convolution) -> None:
    """Plot the image in gray levels, with its zero padding in another color."""
    padded = convolution.padded_image
    is_image = np.pad(np.ones(convolution.image.shape, bool), convolution.borders)
    colors = np.repeat(padded[..., None] / WHITE, 3, axis=2)
    colors[~is_image] = PADDING
    size = " x ".join(map(str, convolution.image.shape))
    plot_squares(axes, colors, f"input, {size}" + ("" if is_image.all() else ", zero-padded"))
    texts = write_numbers(axes, padded)
    for text, level, inside in zip(texts, padded.flat, is_image.flat, strict=True):
        text.set_color("0.45" if not inside else "black" if 2 * level > WHITE else "white")


def plot_squares(axes: "Axes", colors: Any, title: str) -> "list[Rectangle]":
    """A square for each of colors (rows, columns, 3), row by row."""
    from matplotlib.patches import Rectangle

    rows, columns = colors.shape[:2]
    axes.set_title(title, size=11)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    squares = [
        Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colors[i, j], edgecolor="0.6", linewidth=0.6)
        for i, j in np.ndindex(rows, columns)
    ]
    for square in squares:
        axes.add_patch(square)
    return squares


def write_numbers(axes: "Axes", values: Grid) -> "list[Text]":
    """Numbers in their squares, in the largest font that fits.

    values  (rows, columns), or (N, rows, columns) if they change: a font that fits all N
    """
    first = values.reshape(-1, *values.shape[-2:])[0]
    box = axes.get_window_extent()
    side = min(box.width / first.shape[1], box.height / first.shape[0])
    longest = max(len(short_number(value)) for value in values.flat)
    size = min(15.0, 72 / axes.figure.dpi * side / max(1.8, 0.72 * longest))
    return [
        axes.text(column, row, short_number(value), ha="center", va="center", size=size)
        for (row, column), value in np.ndenumerate(first)
    ]


def plot_frame(axes: "Axes", shape: tuple[int, ...]) -> "Rectangle":
    """A movable frame around this many rows and columns."""
    from matplotlib.patches import Rectangle

    frame = Rectangle((0, 0), shape[1], shape[0], fill=False, edgecolor=LIGHT[1], linewidth=3.5)
    frame.set_clip_on(False)
    axes.add_patch(frame)
    return frame


def diverging_colors(values: Grid) -> Any:
    """Colors (rows, columns, 3): white at 0, red above, blue below."""
    share = np.abs(values)[..., None] / (np.abs(values).max() or 1.0)
    ends = np.where(values[..., None] > 0, POSITIVE, NEGATIVE)
    return 1.0 - share * (1.0 - ends)
