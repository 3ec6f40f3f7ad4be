"""The decision boundary of a network with two inputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.model import Model
from nn_core.arrays import Array
from nn_core.cli.dataset import Dataset
from nn_core.metrics import accuracy
from nn_core.plots import add_legend, background, drawing, ink, series
from nn_core.printable import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.plots import FigureFile

Parts = Mapping[str, Dataset[RawExamples]]
"""Name -> points to plot; the first filled, the second as rings."""

RESOLUTION = 300
"""Grid points along each axis."""
MOST_STRETCHED = 2.5
"""Ratio of the two extents up to which both axes have the same scale."""


def draw_boundary(model: Model, parts: Parts, path: "FigureFile | Path", *, title: str) -> None:
    """Color the plane by the predicted class, more strongly where it is more probable.

    title  what the points are; the accuracy on the last of the parts follows
    """
    name, last = list(parts.items())[-1]
    correct = accuracy(model.logits(last.x, last.name), last.y)
    seen = f"Decision boundary, {title}: {correct:.1%} {name} accuracy".replace("  ", " ")
    low, high = plane(parts)
    width, height = high - low
    with drawing(path, 7.5, 1.0 + 5.5 * min(max(height / width, 0.5), 1.0), title=seen) as figure:
        axes = figure.subplots()
        plot_boundary(axes, model, parts)
        handles, labels = boundary_legend(model, parts)
        add_legend(axes, handles, labels, title="class; data set" if len(parts) > 1 else "class")


def plot_boundary(axes: "Axes", model: Model, parts: Parts) -> None:
    """The predicted classes, the boundary between them, and the points, on given axes."""
    from matplotlib.colors import to_rgb

    low, high = plane(parts)
    grid, p = probabilities_on_grid(model, low, high)
    fills = np.array([to_rgb(series(c)["color"]) for c in range(len(model.classes))])
    axes.imshow(
        blend(p, fills, np.array(to_rgb(background()))),
        extent=(low[0], high[0], low[1], high[1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
    for c in range(len(model.classes) if len(model.classes) > 2 else 1):
        margins = p[..., c] - np.delete(p, c, axis=2).max(axis=2)
        if margins.min() < 0 < margins.max():  # otherwise there is no boundary of this class
            axes.contour(*grid, margins, levels=[0.0], colors=ink(), linewidths=1.5)
    size = point_area()
    for part, filled in zip(parts.values(), (True, False), strict=False):
        for c in range(len(model.classes)):
            x = part.x[part.y == c]
            axes.scatter(x[:, 0], x[:, 1], s=size if filled else 1.8 * size, **_point_style(c, filled=filled))
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    width, height = high - low
    if max(width, height) <= MOST_STRETCHED * min(width, height):
        axes.set_aspect("equal")
    else:
        axes.set_box_aspect(0.75)
    names = [f.label for f in model.columns.features] if model.columns else ["feature 1", "feature 2"]
    axes.set_xlabel(shortened(names[0]))
    axes.set_ylabel(shortened(names[1]))


def boundary_legend(model: Model, parts: Parts) -> tuple[list[Any], list[str]]:
    """Handles and labels for the color and marker of each class, and for how each of two parts is drawn."""
    handles = [_legend_point(c, filled=True) for c in range(len(model.classes))]
    labels = [shortened(name) for name in model.classes]
    if len(parts) > 1:
        handles += [_legend_point(None, filled=filled) for filled in (True, False)]
        labels += list(parts)
    return handles, labels


def point_area() -> float:
    """Of a marker, in square points."""
    import matplotlib as mpl

    return float(0.75 * mpl.rcParams["lines.markersize"]) ** 2


def _point_style(c: int, *, filled: bool) -> dict[str, Any]:
    look = series(c)
    return {
        "marker": look["marker"],
        "facecolors": [look["color"]] if filled else "none",
        "edgecolors": background() if filled else [look["color"]],
        "linewidths": 0.4 if filled else 1.4,
    }


def _legend_point(c: int | None, *, filled: bool) -> Any:
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"color": ink(), "marker": "o"} if c is None else series(c)
    return Line2D(
        [], [], linestyle="none", marker=look["marker"], color=look["color"],
        markersize=(1.0 if filled else 1.35) * point_area() ** 0.5,
        markerfacecolor=look["color"] if filled else "none", markeredgewidth=0 if filled else 1.4,
    )  # fmt: skip


def plane(parts: Parts) -> tuple[Array, Array]:
    """Lower left and upper right corner of the area to draw: all points and a margin."""
    points: RawExamples = np.concatenate([part.x for part in parts.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * np.where(high > low, high - low, 1.0)
    return low - margin, high + margin


def probabilities_on_grid(model: Model, low: Array, high: Array) -> tuple[list[npt.NDArray[np.float64]], Array]:
    """Coordinates and P(class | point) on a grid between two corners: (rows, columns, classes)."""
    grid = np.meshgrid(*(np.linspace(low[i], high[i], RESOLUTION) for i in (0, 1)))
    p = model.probabilities(np.stack([axis.ravel() for axis in grid], axis=1), "the plane")
    return list(grid), p.reshape(RESOLUTION, RESOLUTION, -1)


def blend(p: Array, colors: Array, background: Array) -> Array:
    """RGB of the predicted class: the background at P = 1 / classes, half saturated at P = 1."""
    classes = p.shape[2]
    confidence = (p.max(axis=2) - 1.0 / classes) / (1.0 - 1.0 / classes)
    rgb: Array = background + 0.5 * confidence[..., None] * (colors[p.argmax(axis=2)] - background)
    return rgb
