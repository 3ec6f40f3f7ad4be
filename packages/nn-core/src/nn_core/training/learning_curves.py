"""Plot a history: each metric by epoch, for training and validation data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from nn_core.plots import add_legend, log_scale_if_wide, new_figure, percent_axis, series, styled, tidy
from nn_core.registry import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARTS = ("training", "validation")


def learning_curves(
    columns: Mapping[str, list[float]], title: str = "", labels: Mapping[str, str] = MappingProxyType({})
) -> "Figure":
    """A new figure with the learning curves (see `plot_learning_curves`)."""
    from nn_core.plots.text_sizes import fitted, points_of

    with styled("paper"):
        figure = new_figure(*natural_size(columns))
        plot_learning_curves(figure, columns, labels)
        if title:
            figure.suptitle(fitted(title, 72 * figure.get_figwidth(), points_of("large")))
    return figure


def natural_size(columns: Mapping[str, list[float]]) -> tuple[float, float]:
    """Width and height in inches."""
    panels = len(_metrics(columns))
    return 1.2 + (5.5 if panels == 1 else 4.6 * panels), 4.0


def plot_learning_curves(figure: "Figure", columns: Mapping[str, list[float]], labels: Mapping[str, str]) -> None:
    """A panel per metric, the loss first. Raises SettingError if no epoch has finished.

    labels  metric -> label of its axis, instead of its name
    """
    from matplotlib.ticker import MaxNLocator

    metrics = _metrics(columns)
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    epochs = columns.get("epoch") or range(1, len(next(iter(columns.values()))) + 1)
    for axes, metric in zip(panels, metrics, strict=True):
        for i, part in enumerate(PARTS):
            values = columns.get(f"{part}_{metric}")
            if values is not None:
                marked = (i * len(values) // 10, max(len(values) // 5, 1))
                axes.plot(epochs, values, label=part, **(series(i) | {"markevery": marked}))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        words = metric.replace("_", " ")
        tidy(axes, x="epoch", y="", title=words[:1].upper() + words[1:])
        axes.set_ylabel(labels.get(metric, words))
        if metric == "loss":
            log_scale_if_wide(axes, [value for line in axes.lines for value in line.get_ydata()])
        elif metric.endswith("accuracy"):
            percent_axis(axes)
    lines = {line.get_label(): line for axes in panels for line in axes.lines}
    add_legend(figure, list(lines.values()), list(map(str, lines)), title="data set")


def _metrics(columns: Mapping[str, list[float]]) -> list[str]:
    require(any(columns.values()), "no epoch has finished yet: there is nothing to plot")
    split = [name.partition("_") for name in columns]
    return list(dict.fromkeys(metric for part, _, metric in split if part in PARTS))
