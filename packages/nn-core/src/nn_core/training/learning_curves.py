"""Plot a history: each metric by epoch, for training and validation data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from nn_core.plots import COLORS, log_scale_if_wide, new_figure, tidy
from nn_core.registry import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = ("training", "validation")


def learning_curves(
    columns: Mapping[str, list[float]], title: str = "", labels: Mapping[str, str] = MappingProxyType({})
) -> "Figure":
    """A panel per metric, the loss first. Raises SettingError if no epoch has finished.

    labels  metric -> label of its axis, instead of its name
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    require(any(columns.values()), "no epoch has finished yet: there is nothing to plot")
    split = [name.partition("_") for name in columns]
    metrics = list(dict.fromkeys(metric for part, _, metric in split if part in PARTS))
    figure = new_figure(5.5 if len(metrics) == 1 else 5 * len(metrics), 4)
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    epochs = columns.get("epoch") or range(1, len(next(iter(columns.values()))) + 1)
    for axes, metric in zip(panels, metrics, strict=True):
        for color, part in zip(COLORS, PARTS, strict=False):
            values = columns.get(f"{part}_{metric}")
            if values is not None:
                axes.plot(epochs, values, color=color, label=part, marker="o" if len(values) == 1 else None)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
        words = metric.replace("_", " ")
        tidy(axes, x="epoch", y="", title=words[:1].upper() + words[1:])
        axes.set_ylabel(labels.get(metric, words), parse_math=False)
        if metric == "loss":
            log_scale_if_wide(axes, [value for line in axes.lines for value in line.get_ydata()])
        elif metric.endswith("accuracy"):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if title:
        fits = 11 * figure.get_figwidth()  # characters of 12 points
        figure.suptitle(title, parse_math=False, size=12 * min(1.0, fits / len(title)))
    return figure
