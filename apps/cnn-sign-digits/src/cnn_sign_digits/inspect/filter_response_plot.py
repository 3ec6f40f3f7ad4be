"""The figure of `feature-maps --filter`: what a filter sees, its kernel, its map, and what excites it most."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.conv_demo.convolution import channel_names
from cnn_sign_digits.inspect.feature_map_plots import put_photo, subfigures
from cnn_sign_digits.inspect.mosaic import limits_of, put_mosaic
from cnn_sign_digits.inspect.receptive_field import ReceptiveField
from cnn_sign_digits.inspect.top_patches import Patch
from cnn_sign_digits.number_grid import signed_limits
from nn_core.arrays import Array
from nn_core.plots import FigureFile, colors, drawing
from nn_core.plots.text_sizes import fitted, points_of

MAX_CHANNELS = 16
"""Maximum number of input channels."""


@dataclass(frozen=True)
class FilterResponse:
    """A filter and its feature map.

    name     of the filter and its layer
    photo    (H, W, 3)
    below    the input maps (h, w, C) of the convolution; None if that is the photo
    kernel   (h, w, C)
    map      (h, w), the feature map
    layer    name of the layer whose output it is
    field    the receptive field of the map
    patches  of photos, that excite the filter most
    source   where they are from
    """

    name: str
    photo: npt.NDArray[np.uint8]
    below: Array | None
    kernel: Array
    map: Array
    layer: str
    field: ReceptiveField
    patches: Sequence[Patch]
    source: str


def plot_filter_response(response: FilterResponse, path: "FigureFile | Path", *, name: str) -> None:
    """Input, kernel and map in a row, and below it the patches; the strongest position is framed.

    Of many input channels, those with the largest weights.
    """
    C = response.kernel.shape[2]
    shown = np.sort(np.argsort(-np.abs(response.kernel).max(axis=(0, 1)), kind="stable")[:MAX_CHANNELS])
    labels = [channel_names(C)[c] for c in shown]
    columns = 1 if C == 3 else int(np.ceil(np.sqrt(len(shown))))
    with drawing(path, 11, 6.2, title=response.name) as figure:
        width, height = figure.get_size_inches()
        top, bottom = subfigures(figure, 2, 1, height_ratios=[1.9, 1])
        left, middle, right = top.subplots(1, 3)
        cell = 0.5 * height / max(columns, -(-len(shown) // columns))
        if response.below is None:
            put_photo(left, response.photo, f"input: {name}")
        else:
            below = response.below[..., shown]
            image = put_mosaic(left, below, columns, labels, limits_of(below), cell)
            left.set_title("input: feature maps", size="small")
            _bar(top, image, left, "activation")
        kernel = response.kernel[..., shown]
        image = put_mosaic(middle, kernel, columns, labels, signed_limits(response.kernel), cell)
        h, w = response.kernel.shape[:2]
        of = f"{len(shown)} of {C} channels, with the largest weights" if len(shown) < C else f"{C} channels"
        middle.set_title(f"kernel: {of}" if C != 3 else f"kernel, {h} x {w}", size="small")
        _bar(top, image, middle, "weight")
        shape = response.map.shape
        low, high = limits_of(response.map)
        image = right.imshow(response.map, cmap="RdBu_r" if low < 0 else "viridis", vmin=low, vmax=high)
        right.set_title("map after {}, {} x {}".format(response.layer, *shape), size="small")
        right.set_axis_off()
        _bar(top, image, right, "activation")
        _frame_strongest(left if response.below is None else None, right, response)
        _put_patches(bottom, response, width)


def _frame_strongest(photo_axes: Any, map_axes: Any, response: FilterResponse) -> None:
    """Frame the largest value of the map, and the pixels it depends on."""
    from matplotlib.patches import Rectangle

    row, column = map(int, np.unravel_index(response.map.argmax(), response.map.shape))
    style: dict[str, Any] = {"fill": False, "edgecolor": colors()[1], "linewidth": 3}
    map_axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **style))
    if photo_axes is not None:
        rows, columns = response.field.window((row, column))
        corner = columns.start - 0.5, rows.start - 0.5
        size = columns.stop - columns.start, rows.stop - rows.start
        photo_axes.add_patch(Rectangle(corner, *size, **style))


def _put_patches(figure: Any, response: FilterResponse, width: float) -> None:
    h, w = response.field.size
    title = f"Patches of {response.source} that excite it most, {h} x {w} pixels, and the activation"
    figure.suptitle(fitted(title, 72 * width, points_of("medium"), most_lines=2), size="medium")
    panels = figure.subplots(1, max(len(response.patches), 1), squeeze=False)[0]
    for axes in panels:
        axes.set_axis_off()
    for axes, patch in zip(panels, response.patches, strict=False):
        pixels = np.dstack([patch.pixels, np.where(patch.outside, 0, 255).astype(np.uint8)])
        axes.imshow(pixels, interpolation="nearest")
        axes.set_title(f"{patch.value:.3g}", size="small", loc="center")


def _bar(figure: Any, image: Any, axes: Any, label: str) -> None:
    figure.colorbar(image, ax=axes, fraction=0.06, aspect=20, panchor=False).set_label(label, size="small")
