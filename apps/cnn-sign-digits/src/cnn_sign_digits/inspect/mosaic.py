"""Many small maps in one image, with gaps between them, and their numbers above them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.plots import background
from nn_core.plots.text_sizes import points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def mosaic(maps: Array, columns: int, *, above: int = 1, beside: int = 1) -> npt.NDArray[np.float64]:
    """Maps (h, w, K) row by row in an image, NaN in the gaps.

    above, beside  pixels above each map, and to its left
    """
    h, w, K = maps.shape
    rows = -(-K // columns)
    image = np.full((rows, above + h, columns, beside + w), np.nan)
    for k in range(K):
        image[k // columns, above:, k % columns, beside:] = maps[..., k]
    return image.reshape(rows * (above + h), columns * (beside + w))


def put_mosaic(
    axes: "Axes", maps: Array, columns: int, labels: Sequence[object], limits: tuple[float, float], cell: float
) -> Any:
    """Draw maps (h, w, K) row by row, each with its label above it; returns the image, for a color bar.

    labels  one for each map, or none
    limits  ends of the color scale: around 0 if they are of both signs
    cell    about the width of a map in inches, for the gaps
    """
    h, w, _ = maps.shape
    scale = max(1, -(-16 // max(h, w)))  # so that gaps need not be whole pixels
    maps = maps.repeat(scale, axis=0).repeat(scale, axis=1)
    h, w = h * scale, w * scale
    beside = max(1, round(0.08 * w))
    above = max(1, round(1.5 * points_of("small") / 72 / cell * w)) if labels else beside
    image = axes.imshow(
        mosaic(maps, columns, above=above, beside=beside),
        cmap=colormap(limits, gap=background()), vmin=limits[0], vmax=limits[1], interpolation="nearest",
    )  # fmt: skip
    for k, label in enumerate(labels):
        x = k % columns * (beside + w) + beside - 0.5
        y = k // columns * (above + h) + above - 0.5 - 0.1 * above
        axes.text(x, y, str(label), size="small", va="bottom", ha="left")
    axes.set_axis_off()
    return image


def best_columns(count: int, width: float, height: float, *, label: float, least: float) -> tuple[int, int]:
    """Columns of a mosaic that fills width x height inches, and how many of its maps are shown.

    label  height of the labels
    least  the smallest map
    """

    def side(columns: int) -> float:
        return min(width / columns, height / -(-count // columns) - label)

    columns = max(range(1, count + 1), key=side)
    if side(columns) >= least:
        return columns, count
    columns = max(1, int(width / least))
    return columns, min(count, columns * max(1, int(height / (least + label))))


def colormap(limits: tuple[float, float], *, gap: str) -> Any:
    """Diverging around 0 for limits of both signs, otherwise sequential."""
    from matplotlib import colormaps

    return colormaps["RdBu_r" if limits[0] < 0 else "viridis"].with_extremes(bad=gap)


def limits_of(maps: Array) -> tuple[float, float]:
    """From 0 to the largest value, or symmetric around 0 if there are negative values."""
    largest = float(np.abs(maps).max()) or 1.0
    return (-largest if maps.min() < 0 else 0.0), largest


def count_shown(shown: int, total: int, what: str) -> str:
    """A caption such as "first 16 of 128 feature maps", or "8 feature maps" if all are shown."""
    return f"first {shown} of {total:,} {what}" if shown < total else f"{total:,} {what}"
