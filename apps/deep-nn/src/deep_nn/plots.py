"""The decision boundary of a network with two inputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deep_nn.datasets import RawExamples
from deep_nn.model import Model
from nn_core.arrays import Array
from nn_core.cli.class_report import shortened
from nn_core.cli.dataset import Dataset
from nn_core.metrics import accuracy
from nn_core.plots import colors, drawing, ink, tidy

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

RESOLUTION = 300
"""Grid points along each axis."""


def draw_boundary(
    model: Model, parts: Mapping[str, Dataset[RawExamples]], path: "FigureFile | Path", *, title: str
) -> None:
    """Color the plane by the predicted class, more strongly where it is more probable.

    parts  name -> points to plot; the first filled, the second as rings. The title gives the
           accuracy on the last.
    """
    from matplotlib.colors import to_rgb

    with drawing(path, 6.5, 5.5, title=title) as figure:
        axes = figure.subplots()
        points: RawExamples = np.concatenate([part.x for part in parts.values()])
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 0.1 * np.where(high > low, high - low, 1.0)
        low, high = low - margin, high + margin
        grid, p = probabilities_on_grid(model, low, high)
        palette = [to_rgb(each) for each in colors()]
        fills = [palette[c % len(palette)] for c in range(len(model.classes))]
        axes.imshow(
            blend(p, np.array(fills)),
            extent=(low[0], high[0], low[1], high[1]),
            origin="lower",
            aspect="auto",
            interpolation="bilinear",
        )
        for c in range(len(model.classes) if len(model.classes) > 2 else 1):
            margins = p[..., c] - np.delete(p, c, axis=2).max(axis=2)
            if margins.min() < 0 < margins.max():  # otherwise there is no boundary of this class
                axes.contour(*grid, margins, levels=[0.0], colors=ink(), linewidths=1)
        for (name, part), filled in zip(parts.items(), (True, False), strict=False):
            for c, label in enumerate(model.classes):
                x = part.x[part.y == c]
                axes.scatter(
                    x[:, 0],
                    x[:, 1],
                    s=14 if filled else 34,
                    facecolors=[fills[c]] if filled else "none",
                    edgecolors="white" if filled else [fills[c]],
                    linewidths=0.4 if filled else 1.4,
                    label=f"class {label}{', ' if name else ''}{name}",
                )
        axes.set_xlim(low[0], high[0])
        axes.set_ylim(low[1], high[1])
        tidy(axes, x="", y="")
        names = [f.label for f in model.columns.features] if model.columns else ["feature 1", "feature 2"]
        axes.set_xlabel(shortened(names[0]), parse_math=False)
        axes.set_ylabel(shortened(names[1]), parse_math=False)
        axes.grid(visible=False)
        name, last = list(parts.items())[-1]
        correct = accuracy(model.logits(last.x, last.name), last.y)
        axes.set_title(f"{title}: {correct:.1%} {name} accuracy".replace("  ", " "))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)


def probabilities_on_grid(model: Model, low: Array, high: Array) -> tuple[list[npt.NDArray[np.float64]], Array]:
    """Coordinates and P(class | point) on a grid between two corners: (rows, columns, classes)."""
    grid = np.meshgrid(*(np.linspace(low[i], high[i], RESOLUTION) for i in (0, 1)))
    p = model.probabilities(np.stack([axis.ravel() for axis in grid], axis=1), "the plane")
    return list(grid), p.reshape(RESOLUTION, RESOLUTION, -1)


def blend(p: Array, colors: Array) -> Array:
    """RGB of the predicted class: white at P = 1 / classes, half saturated at P = 1."""
    classes = p.shape[2]
    confidence = (p.max(axis=2) - 1.0 / classes) / (1.0 - 1.0 / classes)
    rgb: Array = 1.0 - 0.5 * confidence[..., None] * (1.0 - colors[p.argmax(axis=2)])
    return rgb
