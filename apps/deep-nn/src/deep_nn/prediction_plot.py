"""Predicted against true values of a regression."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.plots import add_legend, colors, drawing, muted, tidy
from nn_core.printable import shortened

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

MAX_POINTS = 20_000
"""Most points drawn; of more, an evenly spaced selection."""


def plot_predictions(
    values: npt.NDArray[Any], targets: npt.NDArray[Any], name: str, path: "FigureFile | Path", *, title: str
) -> None:
    """A point per example, with the line on which predictions are exact.

    values, targets  (N,) predicted and true values, in the units of the target
    name             of the target
    """
    import matplotlib as mpl
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    count = len(values)
    if count > MAX_POINTS:
        chosen = np.linspace(0, count - 1, MAX_POINTS).astype(np.intp)
        values, targets = values[chosen], targets[chosen]
        title += f"\n{MAX_POINTS:,} of {count:,} examples shown"
    with drawing(path, 7, 5.5, title=title) as figure:
        axes = figure.subplots()
        low, high = (float(edge([values.min(), targets.min(), values.max(), targets.max()])) for edge in (min, max))
        margin = 0.05 * (high - low) or 1.0
        ends = (low - margin, high + margin)
        crowded = len(values) > 500
        axes.plot(ends, ends, color=muted(), linestyle="--", zorder=3, label="predicted = true")
        axes.scatter(
            targets, values, s=(0.25 if crowded else 0.5) * float(mpl.rcParams["lines.markersize"]) ** 2,
            color=colors()[0], alpha=0.3 if crowded else 0.7, linewidths=0, label="example",
        )  # fmt: skip
        axes.set_xlim(ends)
        axes.set_ylim(ends)
        axes.set_aspect("equal")
        tidy(axes, x="", y="")
        for axis, what in ((axes.xaxis, "true"), (axes.yaxis, "predicted")):
            axis.set_label_text(f"{what} {shortened(name)}")
            axis.set_major_locator(MaxNLocator(6))
            if 1e4 <= max(map(abs, ends)) < 1e9:
                axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        handles, labels = axes.get_legend_handles_labels()
        add_legend(axes, handles, labels, title="predictions")
