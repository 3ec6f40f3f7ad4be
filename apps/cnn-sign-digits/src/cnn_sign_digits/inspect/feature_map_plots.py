"""The figures of `feature-maps`: a photo and the outputs of layers for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.inspect.mosaic import best_columns, count_shown, limits_of, put_mosaic
from nn_core.arrays import Array
from nn_core.plots import FigureFile, drawing
from nn_core.plots.text_sizes import points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

MAX_COLUMNS = 16
LEAST = 4.0
"""Least width of a map, in heights of small text."""


def plot_all_layers(
    photo: npt.NDArray[np.uint8], layers: Sequence[tuple[str, Array]], path: "FigureFile | Path", *, name: str
) -> None:
    """A photo, and beside it a row of feature maps for each layer, the first ones, as many as fit.

    layers  name and feature maps (h, w, K) of each
    name    of the photo
    """
    with drawing(path, 11, 1.1 + 0.66 * len(layers)) as figure:
        width, height = figure.get_size_inches()
        line = points_of("small") / 72
        beside, label = max(2.0, 0.2 * width), 13 * line
        space = width - beside - label - 6 * line
        most = max(maps.shape[2] for _, maps in layers)
        cell = min(0.8 * (height - 6 * line) / len(layers), space / min(most, 8))
        columns = max(1, min(most, MAX_COLUMNS, int(space / cell)))
        left, right = subfigures(figure, 1, 2, width_ratios=[beside, width - beside])
        put_photo(left.subplots(), photo, f"{name}\n{photo.shape[1]} x {photo.shape[0]} pixels")
        grid = right.subplots(
            len(layers) + 1, 2, squeeze=False, width_ratios=[label, space],
            height_ratios=[1.5 * line, *[cell] * len(layers)],
        )  # fmt: skip
        for axes in grid.flat:
            axes.set_axis_off()
        limits = (-1.0 if any(float(maps.min()) < 0 for _, maps in layers) else 0.0, 1.0)
        for (label_axes, axes), (layer, maps) in zip(grid[1:], layers, strict=True):
            h, w, K = maps.shape
            shown, largest = min(K, columns), float(np.abs(maps).max())
            relative = np.full((h, w, columns), np.nan)
            relative[..., :shown] = maps[..., :shown] / (largest or 1.0)
            image = put_mosaic(axes, relative, columns, (), limits, cell)
            axes.set_anchor("W")
            words = f"{layer}\n{h} x {w}, {K} maps\nlargest {largest:.2g}"
            _put_text(label_axes, 1.0, 0.5, words, ha="right", va="center")
        for k in range(columns):
            _put_text(grid[1, 1], (k + 0.55) / columns, 1.08, str(k + 1), ha="center")
        bar = right.colorbar(image, ax=list(grid.flat), fraction=0.04, aspect=40, panchor=False)
        bar.set_label("activation / largest of its layer")
        figure.suptitle(f"Feature maps of each layer{f', the first {columns}' if most > columns else ''}")


def _put_text(axes: "Axes", x: float, y: float, text: str, **style: Any) -> None:
    """Small text at a place of axes, from 0 to 1, for which the layout makes no room."""
    axes.text(x, y, text, transform=axes.transAxes, size="small", in_layout=False, **style)


def plot_layer(
    photo: npt.NDArray[np.uint8], layer: str, maps: Array, path: "FigureFile | Path", *, name: str
) -> None:  # fmt: skip
    """A photo, and beside it all feature maps (h, w, K) of a layer, or as many as fit."""
    h, w, K = maps.shape
    rows = -(-K // MAX_COLUMNS)
    with drawing(path, 11, max(3.4, 0.9 + 0.72 * rows)) as figure:
        width, height = figure.get_size_inches()
        line = points_of("small") / 72
        beside = max(2.0, 0.2 * width)
        space = width - beside - 6 * line, height - 3.5 * line
        columns, shown = best_columns(K, *space, label=1.7 * line, least=LEAST * line)
        left, right = subfigures(figure, 1, 2, width_ratios=[beside, width - beside])
        put_photo(left.subplots(), photo, f"{name}\n{photo.shape[1]} x {photo.shape[0]} pixels")
        axes = right.subplots()
        image = put_mosaic(
            axes, maps[..., :shown], columns, range(1, shown + 1), limits_of(maps), space[0] / columns
        )  # fmt: skip
        right.colorbar(image, ax=axes, fraction=0.04, aspect=40).set_label("activation")
        figure.suptitle(f"{layer}: {count_shown(shown, K, 'feature maps')} of {h} x {w}")


def put_photo(axes: "Axes", photo: npt.NDArray[np.uint8], title: str) -> None:
    """A photo without axes."""
    axes.imshow(photo)
    axes.set_title(title, size="small")
    axes.set_axis_off()


def subfigures(figure: "Figure", rows: int, columns: int, **ratios: Any) -> list["SubFigure"]:
    """Parts of a figure that are laid out apart, as a list."""
    parts: Any = figure.subfigures(rows, columns, **ratios)
    return list(np.ravel(parts))
