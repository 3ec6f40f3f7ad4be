"""Figures of gradient norms backward through time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from char_rnn_dino.gradient_norms import GradientNorms
from nn_core.arrays import Array
from nn_core.plots import add_legend, drawing, log_scale, log_scale_if_wide, series, tidy
from nn_core.plots.text_sizes import points_of, text_width
from nn_core.registry import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile


@dataclass(frozen=True)
class Panel:
    """Networks to compare in one plot.

    title   "" for a single panel
    legend  what the labels are
    norms   by label
    """

    title: str
    legend: str
    norms: Mapping[str, GradientNorms]


def plot_gradient_norms(panels: Sequence[Panel], file: "FigureFile | Path", *, title: str, note: str) -> None:
    """Plot the norm of the state's gradient by steps back, a line per network."""
    with drawing(file, 4.0 * len(panels) if len(panels) > 1 else 8.0, 4.6, title=title, note=note) as figure:
        plots = _subplots(figure, len(panels))
        for axes, panel in zip(plots, panels, strict=True):
            for i, norms in enumerate(panel.norms.values()):
                axes.plot(np.arange(len(norms.state)), _positive(norms.state), **series(i))
            label = "gradient norm (last step = 1)" if axes is plots[0] else ""
            title_fits = text_width(panel.title, points_of("medium")) < 65 * figure.get_figwidth() / len(panels)
            tidy(axes, x="steps back", y=label, title=panel.title if title_fits else panel.title.partition(":")[0])
        log_scale(plots[0])
        for axes, panel in zip(plots, panels, strict=True):
            _legend(axes, axes.lines, panel, beside=len(panels) == 1)


def plot_clipping(panels: Sequence[Panel], file: "FigureFile | Path", *, title: str, note: str) -> None:
    """Plot the norm of the weights' gradient by steps of backpropagation, unclipped and (dashed) clipped."""
    with drawing(file, 4.0 * len(panels) if len(panels) > 1 else 8.0, 4.6, title=title, note=note) as figure:
        plots = _subplots(figure, len(panels))
        for axes, panel in zip(plots, panels, strict=True):
            handles = []
            for i, norms in enumerate(panel.norms.values()):
                steps = np.arange(1, len(norms.weights) + 1)
                looks = series(i) | {"linestyle": "-"}
                handles += axes.plot(steps, _positive(norms.weights), **looks)
                axes.plot(steps, _positive(norms.clipped), color=looks["color"], linestyle="--")
            label = "weight gradient norm" if axes is plots[0] else ""
            tidy(axes, x="steps of backpropagation", y=label, title=panel.title)
        log_scale_if_wide(
            plots[0], [float(each) for panel in panels for norms in panel.norms.values() for each in norms.weights]
        )
        for axes, panel in zip(plots, panels, strict=True):
            _legend(axes, [line for line in axes.lines if line.get_linestyle() == "-"], panel, beside=len(panels) == 1)


def _subplots(figure: "Figure", count: int) -> "list[Axes]":
    """Plots side by side. Raises SettingError if there is no room for their legends."""
    from matplotlib.ticker import MaxNLocator

    width, least = figure.get_figwidth(), 19 * points_of("small") / 72
    require(count == 1 or width >= least * count, f"{count} plots do not fit in {width:g} inches; choose one --cell")
    plots = list(figure.subplots(1, count, sharey=True, squeeze=False)[0])
    for axes in plots:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return plots


def _legend(axes: "Axes", handles: Sequence[Any], panel: Panel, *, beside: bool) -> None:
    if beside:
        add_legend(axes, handles, list(panel.norms), title=panel.legend)
        return
    axes.legend(handles, list(panel.norms), title=panel.legend, loc="best", alignment="left", handlelength=3.0)


def _positive(values: Array) -> Array:
    """Replace zeros by NaN, since a logarithmic axis cannot show them."""
    return np.where(values > 0, values, np.nan)
