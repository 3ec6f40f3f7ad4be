"""The decision boundary of a network with two inputs, as a figure."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from deep_nn.dataset import Dataset, Examples
from deep_nn.model import Model
from nn_core.arrays import Array
from nn_core.cli.plots import COLORS, new_figure, save_figure, tidy
from nn_core.metrics import accuracy

RESOLUTION = 300
"""Points along each side of the plane."""


def draw_boundary(model: Model, parts: Mapping[str, Dataset], path: Path, *, title: str) -> None:
    """Colour the plane by the likeliest class, fuller the surer, with the points in it.

    parts  name -> points; the first as dots, the second as rings
    """
    from matplotlib.colors import to_rgb

    figure = new_figure(6.5, 5.5)
    axes = figure.subplots()
    points: Examples = np.concatenate([part.x for part in parts.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * np.where(high > low, high - low, 1.0)
    low, high = low - margin, high + margin
    plane, p = probabilities_on_plane(model, low, high)
    colors = [to_rgb(COLORS[c % len(COLORS)]) for c in range(len(model.classes))]
    axes.imshow(
        shade(p, np.array(colors)),
        extent=(low[0], high[0], low[1], high[1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
    for c in range(len(model.classes) if len(model.classes) > 2 else 1):
        others = np.delete(p, c, axis=2).max(axis=2)
        lead = p[..., c] - others
        if lead.min() < 0 < lead.max():  # otherwise one class has all of the plane
            axes.contour(*plane, lead, levels=[0.0], colors="0.2", linewidths=1)
    for (name, part), filled in zip(parts.items(), (True, False), strict=False):
        for c, label in enumerate(model.classes):
            x = part.x[part.y == c]
            axes.scatter(
                x[:, 0],
                x[:, 1],
                s=14 if filled else 34,
                facecolors=[colors[c]] if filled else "none",
                edgecolors="white" if filled else [colors[c]],
                linewidths=0.4 if filled else 1.4,
                label=f"class {label}{', ' if name else ''}{name}",
            )
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    tidy(axes, x="first column", y="second column")
    axes.grid(visible=False)
    judged = list(parts.values())[-1]
    right = accuracy(model.logits(judged.x, judged.name), judged.y)
    name = list(parts)[-1]
    axes.set_title(f"{title}: {right:.1%} {name} accuracy".replace("  ", " "))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
    save_figure(figure, path)


def probabilities_on_plane(
    model: Model, low: Array, high: Array
) -> tuple[list[npt.NDArray[np.float64]], Array]:
    """Coordinates and P(class | point) on a grid between two corners: (rows, columns, classes)."""
    plane = np.meshgrid(*(np.linspace(low[i], high[i], RESOLUTION) for i in (0, 1)))
    grid = np.stack([axis.ravel() for axis in plane], axis=1)
    p = model.probabilities(grid, "the plane")
    return list(plane), p.reshape(RESOLUTION, RESOLUTION, -1)


def shade(p: Array, colors: Array) -> Array:
    """RGB of the likeliest class, from white where all are alike to half its colour when sure."""
    classes = p.shape[2]
    sure = (p.max(axis=2) - 1.0 / classes) / (1.0 - 1.0 / classes)
    mixed: Array = 1.0 - 0.5 * sure[..., None] * (1.0 - colors[p.argmax(axis=2)])
    return mixed
