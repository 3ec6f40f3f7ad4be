"""Grids of numbers, drawn as squares with the numbers in them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.sliding import WHITE, Grid, Sliding, written
from nn_core.cli.plots import COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

POSITIVE, NEGATIVE = (0.93, 0.58, 0.53), (0.50, 0.69, 0.90)
"""Red and blue, pale enough for black numbers."""
ZERO_AROUND = (0.87, 0.91, 0.95)


def draw_input(axes: "Axes", sliding: Sliding) -> None:
    """Levels as greys, and in another colour the zeros around them."""
    canvas = sliding.canvas
    real = np.pad(np.ones(sliding.image.shape, bool), sliding.borders)
    colors = np.repeat(canvas[..., None] / WHITE, 3, axis=2)
    colors[~real] = ZERO_AROUND
    size = " x ".join(map(str, sliding.image.shape))
    draw_tiles(axes, colors, f"input, {size}" + ("" if real.all() else ", zeros around"))
    texts = write_numbers(axes, canvas)
    for text, level, is_real in zip(texts, canvas.flat, real.flat, strict=True):
        text.set_color("0.45" if not is_real else "black" if 2 * level > WHITE else "white")


def draw_tiles(axes: "Axes", colors: Any, title: str) -> "list[Rectangle]":
    """A square for each place of colors (rows, columns, 3), row by row."""
    from matplotlib.patches import Rectangle

    rows, columns = colors.shape[:2]
    axes.set_title(title, size=11)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    tiles = [
        Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colors[i, j], edgecolor="0.6", linewidth=0.6)
        for i, j in np.ndindex(rows, columns)
    ]
    for tile in tiles:
        axes.add_patch(tile)
    return tiles


def write_numbers(axes: "Axes", values: Grid) -> "list[Text]":
    """The numbers in their squares, as large as these let them be.

    values  (rows, columns), or (N, rows, columns) if they change: large enough for all of them
    """
    first = values.reshape(-1, *values.shape[-2:])[0]
    box = axes.get_window_extent()
    side = min(box.width / first.shape[1], box.height / first.shape[0])
    longest = max(len(written(value)) for value in values.flat)
    size = min(15.0, 72 / axes.figure.dpi * side / max(1.8, 0.72 * longest))
    return [
        axes.text(column, row, written(value), ha="center", va="center", size=size)
        for (row, column), value in np.ndenumerate(first)
    ]


def frame(axes: "Axes", shape: tuple[int, ...]) -> "Rectangle":
    """A frame around so many rows and columns, to be moved about."""
    from matplotlib.patches import Rectangle

    made = Rectangle((0, 0), shape[1], shape[0], fill=False, edgecolor=COLORS[1], linewidth=3.5)
    made.set_clip_on(False)
    axes.add_patch(made)
    return made


def tinted(values: Grid) -> Any:
    """Colours (rows, columns, 3): white at 0, redder above and bluer below it."""
    share = np.abs(values)[..., None] / (np.abs(values).max() or 1.0)
    ends = np.where(values[..., None] > 0, POSITIVE, NEGATIVE)
    return 1.0 - share * (1.0 - ends)
