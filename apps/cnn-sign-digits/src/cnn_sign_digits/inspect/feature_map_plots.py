"""The figure of `feature-maps`: a photo and the outputs of layers for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.inspect.image_sheet import (
    GAP,
    LARGE,
    LINE,
    MAX_COLUMNS,
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


def plot_feature_maps(
    photo: npt.NDArray[np.uint8], layers: Sequence[tuple[str, Array]], path: "FigureFile | Path", *, title: str
) -> None:
    """A photo, and below it a row of feature maps per layer, or all feature maps of a single layer.

    layers  name and feature maps (h, w, K) of each
    """
    step = SMALL + GAP
    columns = max(min(MAX_COLUMNS, maps.shape[2]) for _, maps in layers)
    rows = [-(-maps.shape[2] // columns) if len(layers) == 1 else 1 for _, maps in layers]
    height = LARGE + sum(1.5 * LINE + count * step for count in rows)
    figure, axes = new_sheet([title], columns * step, height)
    put_image(axes, photo, 0, 0, LARGE)
    y = LARGE
    for (name, maps), count in zip(layers, rows, strict=True):
        y += 1.5 * LINE
        h, w, total = maps.shape
        shown = min(count * columns, total)
        low, high = min(0.0, float(maps.min())), float(maps.max())
        maps_shown = count_shown(shown, total, "feature maps")
        text = f"{name}: {maps_shown}, {h} x {w}; dark = {low:.2g}, bright = {high:.2g}"
        put_text(axes, text, 0, y)
        for k in range(shown):
            position = k % columns * step, y + k // columns * step
            put_image(axes, maps[..., k], *position, SMALL, cmap="viridis", vmin=low, vmax=high)
        y += count * step
    save_figure(figure, Path(path))
