"""The figure of `explain`: a photo, its Grad-CAM heat map, and the top predictions."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.plots import colors, drawing, tidy
from nn_core.printable import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile


def plot_grad_cam(
    photo: npt.NDArray[np.uint8],
    heat_map: Array,
    result: Mapping[str, Any],
    path: "FigureFile | Path",
    *,
    title: str,
    note: str,
) -> None:
    """The photo, the heat map, both overlaid, and the probabilities.

    heat_map  (h, w) from 0 to 1
    result    `top`, the likeliest classes with their probabilities; `explained`, the class of the
              heat map; `center` of the heat map, or None
    """
    from matplotlib.ticker import PercentFormatter

    explained, center, bars = result["explained"], result["center"], list(result["top"])
    if explained not in bars:
        bars.append(explained)
    height, width = photo.shape[:2]
    extent = (0.0, width, height, 0)
    with drawing(path, 12, 3.8, title=title, note=note) as figure:
        left, middle, right, last = _panels(figure)
        left.imshow(photo, extent=extent)
        left.set_title("photo")
        image = middle.imshow(heat_map, extent=extent, cmap="inferno", vmin=0, vmax=1)
        middle.set_title("Grad-CAM")
        right.imshow(overlay(photo, heat_map), extent=extent)
        right.set_title("overlay")
        if center is not None:
            position = center["column"], center["row"]
            right.plot(*position, "+", color="white", markersize=13, markeredgewidth=3)
            right.plot(*position, "+", color="black", markersize=12, markeredgewidth=1.2)
        right.set_xlabel("no evidence" if center is None else "+ center of mass")
        scale = figure.colorbar(image, ax=[left, middle, right], shrink=0.75, ticks=[0, 0.5, 1])
        scale.set_label("evidence (max = 1)")
        for axes in (left, middle, right):
            axes.set_xticks([0, width // 2, width])
            axes.set_yticks([0, height // 2, height])
        left.set_ylabel("pixels")
        fills = [colors()[1 if bar == explained else 6] for bar in bars]
        values = [bar["probability"] for bar in bars]
        last.barh(range(len(bars)), values, color=fills, height=0.6)
        last.set_yticks(range(len(bars)), labels=[shortened(bar["class"]) for bar in bars])
        for row, value in enumerate(values):
            last.text(value, row, f" {value:.1%}", va="center", size="small")
        last.invert_yaxis()
        tidy(last, x="probability", y="predicted class")
        last.grid(visible=False)
        last.set_xlim(0, 1.3)
        last.set_xticks([0, 0.5, 1])
        last.spines["bottom"].set_bounds(0, 1)
        last.xaxis.set_major_formatter(PercentFormatter(1.0))


def _panels(figure: "Figure") -> list[Any]:
    """Three for images and one for bars: in a row, or with the bars below where a figure is high."""
    width, height = figure.get_size_inches()
    if height < 0.45 * width:
        return list(figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.1]))
    cells = figure.add_gridspec(2, 3, height_ratios=[1.8, 1])
    return [*(figure.add_subplot(cells[0, i]) for i in range(3)), figure.add_subplot(cells[1, :])]


def overlay(photo: npt.NDArray[np.uint8], heat_map: Array) -> npt.NDArray[np.float64]:
    """The photo in gray under the heat map, resampled to its size, more opaque where hotter."""
    from matplotlib import colormaps
    from PIL import Image

    height, width = photo.shape[:2]
    small = Image.fromarray(heat_map.astype(np.float32))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), np.float64)
    gray = photo.mean(axis=2, keepdims=True) / 255
    opacity = 0.65 * smooth[..., None]
    heat = colormaps["inferno"](smooth)[..., :3]
    blended: npt.NDArray[np.float64] = (1 - opacity) * gray + opacity * heat
    return blended
