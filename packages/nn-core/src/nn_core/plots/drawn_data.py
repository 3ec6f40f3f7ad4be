"""What a figure shows, in numbers: a summary that tells whether two figures have the same data."""

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle


def summary_text(figure: "Figure") -> str:
    """The summary as one line of JSON."""
    return json.dumps(summary(figure), separators=(",", ":"))


def summary(figure: "Figure") -> list[dict[str, Any]]:
    """For each axes: its labels, and the extent and mean of each line, image, point set, bar and histogram."""
    return [_axes_summary(axes) for axes in figure.axes]


def _axes_summary(axes: "Axes") -> dict[str, Any]:
    found: dict[str, Any] = {"labels": [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]}
    parts = {
        "lines": [_numbers(line.get_ydata()) for line in axes.lines],
        "images": [_numbers(image.get_array()) for image in axes.images],
        "points": [_numbers(_points(each)) for each in axes.collections],
        "bars": _numbers([each.get_width() * each.get_height() for each in _rectangles(axes)]),
        "steps": [_numbers(patch.get_data().values) for patch in axes.patches if hasattr(patch, "get_data")],
        "texts": [text.get_text() for text in axes.texts],
    }
    return found | {name: values for name, values in parts.items() if values}


def _rectangles(axes: "Axes") -> "list[Rectangle]":
    from matplotlib.patches import Rectangle

    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def _points(collection: Any) -> Any:
    """The positions of markers, or the corners of an area."""
    offsets = collection.get_offsets()
    if len(offsets) > 1 or not collection.get_paths():
        return offsets
    return np.concatenate([path.vertices for path in collection.get_paths()])


def _numbers(values: Any) -> list[float]:
    """Count, least, largest and mean of the finite values, to four digits; [] for none."""
    array = np.ma.filled(np.ma.asarray(values, np.float64), np.nan).ravel()
    finite = array[np.isfinite(array)]
    if not finite.size:
        return []
    return [len(array), *(_rounded(float(value)) for value in (finite.min(), finite.max(), finite.mean()))]


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if math.isfinite(value) else 0.0
