"""The figures of `filters`: the weights of a convolution."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn_sign_digits.conv_demo.convolution import channel_names
from cnn_sign_digits.inspect.mosaic import colormap, count_shown, mosaic
from cnn_sign_digits.number_grid import NumberGrid, longest_number, signed_limits
from nn_core.arrays import Array
from nn_core.plots import FigureFile, drawing, lay_out
from nn_core.plots.text_sizes import points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = 4.2
"""Least width of a map, in heights of small text."""
LABEL = 1.3
"""Width of the labels at the left of maps, in maps."""
FEW, MAX_BLOCKS = 4, 4
"""Maximum number of channels of filters that stand beside each other, and of these."""
MAX_ROWS, MAX_CHANNELS, MAX_LARGE = 16, 16, 8
"""Maximum number of filters below each other, of their channels, and of those of a single filter."""


def plot_filters(W: Array, path: "FigureFile | Path", *, title: str) -> None:
    """Filters (h, w, C, filters): C maps for each, side by side, on one color scale around 0.

    As many filters and channels are shown as fit, the first ones.
    """
    C, count = W.shape[2:]
    blocks = min(-(-count // 8), MAX_BLOCKS) if C <= FEW else 1
    rows, channels = min(-(-count // blocks), MAX_ROWS), min(C, MAX_CHANNELS)
    with drawing(path, max(5.5, 1.6 + 0.5 * blocks * (channels + LABEL)), 1.2 + 0.5 * rows) as figure:
        figure.set_layout_engine("compressed")
        cell = CELL * points_of("small") / 72
        across, down = (figure.get_size_inches() - (1.4, 4 * points_of("small") / 72 + 0.4)) / cell
        if C <= FEW:
            most = max(1, min(MAX_BLOCKS, int(across / (channels + LABEL))))
            blocks = min(most, max(blocks, -(-count // max(1, int(down)))))
        else:
            channels = max(1, min(channels, int(across - LABEL)))
        rows = max(1, min(-(-count // blocks), MAX_ROWS, int(down)))
        shown, limits = min(rows * blocks, count), signed_limits(W)
        all_axes = figure.subplots(1, blocks, squeeze=False)[0]
        images = []
        for first, axes in zip(range(0, count, rows), all_axes, strict=False):
            part = W[:, :, :channels, first : min(first + rows, shown)]
            images.append(_block(axes, part, first, channel_names(C), limits, rows))
        all_axes[0].set_ylabel("filter")
        if channel_names(C)[0] == "1":
            all_axes[0].set_xlabel("input channel")
            all_axes[0].xaxis.set_label_position("top")
        _color_bar(figure, images[0], all_axes)
        what = count_shown(shown, count, "filters")
        figure.suptitle(
            f"{title}: {what}" + (f", {count_shown(channels, C, 'input channels')}" if channels < C else "")
        )


def plot_filter(W: Array, path: "FigureFile | Path", *, title: str) -> None:
    """One filter (h, w, C): a large map for each channel, with the weights where they fit.

    Of many channels, those with the largest weights, in their order.
    """
    C = W.shape[2]
    shown = np.sort(np.argsort(-np.abs(W).max(axis=(0, 1)), kind="stable")[:MAX_LARGE])
    columns = len(shown) if len(shown) <= FEW else -(-len(shown) // 2)
    rows, limits = -(-len(shown) // columns), signed_limits(W)
    with drawing(path, 1.6 + 2.6 * columns, 0.8 + 2.8 * rows) as figure:
        panels = figure.subplots(rows, columns, squeeze=False)
        grids = []
        for axes, c in zip(panels.flat, shown, strict=False):
            name = channel_names(C)[c]
            values = W[..., c].astype(np.float64)
            grids.append(NumberGrid(axes, values, name if C == 3 else f"channel {name}", limits))
        for axes in panels.flat[len(shown) :]:
            axes.set_axis_off()
        _color_bar(figure, grids[0].image, panels)
        of = f": the {len(shown)} of {C} input channels with the largest weights" if len(shown) < C else ""
        figure.suptitle(f"{title}{of}")
        lay_out(figure)
        for grid, c in zip(grids, shown, strict=True):
            grid.write_numbers(longest_number(W[..., shown]), has_bar=True)
            grid.show(W[..., c].astype(np.float64))


def _color_bar(figure: "Figure", image: Any, axes: Any) -> None:
    bar = figure.colorbar(image, ax=list(np.ravel(axes)), fraction=0.05, aspect=30)
    bar.set_label("weight")


def _block(axes: "Axes", W: Array, first: int, names: Sequence[str], limits: tuple[float, float], rows: int) -> Any:
    """Filters below each other, their channels side by side; returns the image."""
    import matplotlib as mpl

    h, w, channels, count = W.shape
    maps = W.transpose(0, 1, 3, 2).reshape(h, w, count * channels)
    image = np.full((rows * (h + 1), channels * (w + 1)), np.nan)
    filled = mosaic(maps, channels)
    image[: len(filled)] = filled
    gap = mpl.rcParams["grid.color"]  # so that maps of small weights have an edge
    drawn = axes.imshow(image, cmap=colormap(limits, gap=gap), vmin=limits[0], vmax=limits[1], interpolation="nearest")
    axes.set_xticks(np.arange(channels) * (w + 1) + 0.5 + w / 2, labels=names[:channels])
    axes.set_yticks(np.arange(count) * (h + 1) + 0.5 + h / 2, labels=[str(first + f + 1) for f in range(count)])
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return drawn
