"""The figure of `filters`: the weights of a convolution."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.inspect.image_sheet import (
    GAP,
    LINE,
    MAX_COLUMNS,
    MEDIUM,
    SMALL,
    count_shown,
    new_sheet,
    put_image,
    put_text,
)
from nn_core.arrays import Array
from nn_core.plots.figure_files import save_figure

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

MAX_FILTERS = 16
"""Maximum number of filters in a single-channel figure."""


def plot_rgb_filters(W: Array, path: "FigureFile | Path", *, title: str) -> None:
    """Filters (height, width, 3, filters) of RGB input as colored images."""
    count = W.shape[3]
    columns = min(8, count)
    step = MEDIUM + GAP
    header = [title, "weights by color channel; gray = 0, scale = ± max of each filter"]
    rows = -(-count // columns)
    figure, axes = new_sheet(header, columns * step, rows * (step + LINE))
    for f in range(count):
        largest = _largest(W[..., f])
        x, y = f % columns * step, f // columns * (step + LINE) + LINE
        put_text(axes, f"{f + 1}: ±{largest:.2g}", x, y)
        put_image(axes, _around_gray(W[..., f], largest), x, y, MEDIUM)
    save_figure(figure, Path(path))


def plot_filters(W: Array, path: "FigureFile | Path", *, title: str) -> None:
    """Filters (height, width, channels, filters): a row per filter, an image per channel."""
    channels, count = W.shape[2:]
    columns, rows = min(MAX_COLUMNS, channels), min(MAX_FILTERS, count)
    step, left = SMALL + GAP, 0.85
    rows_shown = count_shown(rows, count, "filters")
    columns_shown = count_shown(columns, channels, "input channels")
    header = [
        f"{title}: {rows_shown} (rows), {columns_shown} (columns)",
        "weights; gray = 0, white = + max, black = - max of each filter",
    ]
    figure, axes = new_sheet(header, left + columns * step, LINE + rows * step)
    for c in range(columns):
        put_text(axes, str(c + 1), left + c * step, LINE)
    for f in range(rows):
        largest = _largest(W[..., f])
        y = LINE + f * step
        put_text(axes, f"{f + 1}: ±{largest:.2g}", 0, y + SMALL / 2 + 0.1)
        for c in range(columns):
            image = _around_gray(W[:, :, c, f], largest)
            put_image(axes, image, left + c * step, y, SMALL, cmap="gray", vmin=0, vmax=1)
    save_figure(figure, Path(path))


def _around_gray(weights: Array, largest: float) -> Any:
    """Weights from -largest to largest as intensities from 0 to 1."""
    return 0.5 + weights / (2.0 * largest)


def _largest(weights: Array) -> float:
    return float(np.abs(weights).max()) or 1.0
