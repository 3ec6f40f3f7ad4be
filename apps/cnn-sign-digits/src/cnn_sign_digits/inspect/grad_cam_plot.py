"""The figure of `explain`: a photo, where the evidence lies in it, and the likeliest classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.cli.plots import COLORS, new_figure, save_figure, tidy


def draw_explanation(
    photo: npt.NDArray[np.uint8], heat: Array, found: Mapping[str, Any], path: Path, *, title: str
) -> None:
    """Photo, heat map as it is, heat map over the photo, and probabilities.

    heat   (h, w) from 0 to 1
    found  `top`, the likeliest classes with their probabilities; `explained`, the class that the
           heat map is about; `centre` of the heat map, if it has one
    """
    from matplotlib.ticker import PercentFormatter

    explained, where, bars = found["explained"], found["centre"], list(found["top"])
    if explained not in bars:
        bars.append(explained)
    height, width = photo.shape[:2]
    extent = (0.0, width, height, 0)
    figure = new_figure(12, 3.6)
    first, second, third, last = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.1])
    first.imshow(photo, extent=extent)
    first.set_title("photo")
    image = second.imshow(heat, extent=extent, cmap="inferno", vmin=0, vmax=1)
    second.set_title(f"evidence for {explained['class']}", parse_math=False)
    third.imshow(overlay(photo, heat), extent=extent)
    third.set_title("both")
    if where is not None:
        third.plot(
            where["column"], where["row"], "+", color="white", markersize=13, markeredgewidth=3
        )
        third.plot(
            where["column"], where["row"], "+", color="black", markersize=12, markeredgewidth=1.2
        )
    third.set_xlabel("nothing speaks for it" if where is None else "+ centre of the evidence")
    scale = figure.colorbar(image, ax=[first, second, third], shrink=0.75, format="{x:.0%}")
    scale.set_label("evidence, of the largest")
    for axes in (first, second, third):
        axes.set_xticks([0, width // 2, width])
        axes.set_yticks([0, height // 2, height])
        axes.tick_params(labelsize=7)
    colors = [COLORS[1] if bar == explained else COLORS[6] for bar in bars]
    values = [bar["probability"] for bar in bars]
    last.barh(range(len(bars)), values, color=colors)
    last.set_yticks(range(len(bars)), labels=[bar["class"] for bar in bars], parse_math=False)
    for row, value in enumerate(values):
        last.text(value, row, f" {value:.1%}", va="center", size=8)
    last.invert_yaxis()
    last.set_xlim(0, 1.3)
    last.set_xticks([0, 0.5, 1])
    tidy(last, x="probability", y="class")
    last.xaxis.set_major_formatter(PercentFormatter(1.0))
    figure.suptitle(title, size=10, parse_math=False)
    save_figure(figure, path)


def overlay(photo: npt.NDArray[np.uint8], heat: Array) -> npt.NDArray[np.float64]:
    """The photo in grey under the colours of the heat map, smooth, fuller where it is hotter."""
    from matplotlib import colormaps
    from PIL import Image

    height, width = photo.shape[:2]
    cells = Image.fromarray(heat.astype(np.float32))
    smooth = np.asarray(cells.resize((width, height), Image.Resampling.BILINEAR), np.float64)
    grey = photo.mean(axis=2, keepdims=True) / 255
    share = 0.65 * smooth[..., None]
    mixed: npt.NDArray[np.float64] = (1 - share) * grey + share * colormaps["inferno"](smooth)[
        ..., :3
    ]
    return mixed
