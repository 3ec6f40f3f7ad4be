"""The plot of a comparison: how fast each trial trains, or how well it generalizes."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nn_core.cli.rate_search import RateSearch
from nn_core.cli.sweep import POINTS, Comparison, Trial
from nn_core.plots import add_legend, drawing, log_scale, log_scale_if_wide, muted, percent_axis, series, tidy
from nn_core.plots.text_sizes import points_of, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

X = Literal["step", "epoch", "time"]
MOST_BANDS = 8
"""Most trials that are drawn with a band for the range over the seeds."""
LONGEST_TICK = 12
"""Most characters of the labels of an axis; longer ones are only in the legend."""
SMOOTHED = 0.05
"""The fraction of a run over which noisy losses are averaged."""
CAP = 4.0
"""The loss axis ends at this multiple of the loss at the start."""


def draw_comparison(
    comparison: Comparison,
    path: "FigureFile | Path",
    *,
    title: str,
    name: str = "trial",
    search: RateSearch | None = None,
    beside: "Callable[[Axes], None] | None" = None,
    has_target: bool = False,
) -> None:
    """With a baseline, the training loss by step, by epoch if that differs, and by time if it can be compared.

    Without one, training loss, validation loss, and the final metric on both. Plots for which a long legend leaves
    no room are left out.

    name        what the trials differ in: the title of the legend
    search      how the learning rates were found, to plot beside the loss; its names begin the labels of the trials
    beside      draws one more plot of the trials, in the colors and markers of their order
    has_target  whether to draw the lowest loss of plain gradient descent
    """
    plan: list[tuple[str, X]] = [("training_loss", "step")]
    more: list[Callable[[Axes], None]] = []
    if comparison.baseline_losses:
        plan += [("training_loss", "epoch")] * _lengths_differ(comparison)
        plan += [("training_loss", "time")] * comparison.has_times
    elif comparison.measures("validation_loss"):
        plan.append(("validation_loss", "step"))
        more.append(partial(_draw_gap, comparison=comparison, name=name))
    if search is not None:
        more.append(partial(_draw_search, comparison=comparison, search=search))
    if beside is not None:
        more.append(beside)
    width = 3.5 + 4 * min(len(plan) + len(more), 3)
    with drawing(path, width, 4.5, title=title, note=_note(comparison, has_target=has_target)) as figure:
        excess = len(plan) + len(more) - _most_plots(figure, comparison)
        optional = max(min(excess, sum(x != "step" for _, x in plan)), 0)
        plan, more = plan[: len(plan) - optional], more[: len(more) - max(excess - optional, 0)]
        every: list[Axes] = list(figure.subplots(1, len(plan) + len(more), squeeze=False)[0])
        curves = every[: len(plan)]
        for axes, (metric, x) in zip(curves, plan, strict=True):
            if axes is not every[0]:
                axes.sharey(every[0])
                axes.tick_params(labelleft=False)
            _draw_curves(axes, comparison, metric, x)
            if has_target:
                axes.axhline(median(comparison.baseline_losses), color=muted(), linestyle=":", zorder=0)
        _scale_losses(curves, comparison)
        shown = {metric for metric, _ in plan}
        units = " (nats)" if comparison.measures("training_accuracy") else ""
        every[0].set_ylabel(f"{'loss' if len(shown) > 1 else 'training loss'}{units}")
        if len(shown) > 1:
            for axes, (metric, _) in zip(curves, plan, strict=True):
                axes.set_title(metric.replace("_", " "))
        if search is not None:
            every[0].set_title("at the rates chosen")
        for axes, draw in zip(every[len(plan) :], more, strict=True):
            draw(axes)
        handles, labels = every[0].get_legend_handles_labels()
        add_legend(figure, handles, labels, title=name)


def _most_plots(figure: "Figure", comparison: Comparison) -> int:
    """How many plots have room beside the legend."""
    points = points_of("small")
    width, height = 72 * figure.get_size_inches()
    columns = math.ceil(len(comparison.trials) * 1.65 * points / height)
    longest = max(text_width(trial.label, points) for trial in comparison.trials) + 5 * points
    return max(int((width - columns * longest) / (11 * points)), 1)


def _note(comparison: Comparison, *, has_target: bool) -> str:
    seeds, has_bands = len(comparison.seeds), len(comparison.trials) <= MOST_BANDS
    over = "one seed" if seeds == 1 else f"median of {seeds} seeds{', bands: range' if has_bands else ''}"
    notes = [f"lines: {over}"]
    if comparison.baseline_losses:
        notes.append(f"averaged over {SMOOTHED:.0%} of a run")
    if has_target:
        notes.append("dotted: lowest loss of gradient descent")
    return "; ".join(notes)


def _lengths_differ(comparison: Comparison) -> bool:
    ends = [curve.steps[-1] for trial in comparison.trials for curve in trial.curves if not curve.diverged]
    return max(ends, default=0) > 1.5 * min(ends, default=0)


def _draw_curves(axes: "Axes", comparison: Comparison, metric: str, x: X) -> None:
    """Median and range over the seeds, of each trial; a diverged run ends early.

    With a baseline, how fast a trial trains matters, and the loss is averaged over a part of the run.
    """
    import matplotlib as mpl

    count, full = len(comparison.trials), mpl.rcParams["lines.linewidth"]
    words = {"step": "step", "epoch": "epoch", "time": "training time (s)"}
    tidy(axes, x=_scale_steps(axes, comparison) if x == "step" else words[x], y="")
    curves = [_at_time(trial, metric) if x == "time" else _at_points(trial, metric, x) for trial in comparison.trials]
    longest = max((at[-1] for at, _ in curves if len(at)), default=0)
    for i, (trial, (at, values)) in enumerate(zip(comparison.trials, curves, strict=True)):
        if not len(at):
            continue
        look = series(i)
        shown = _averaged(values) if comparison.baseline_losses else values
        diverged = any(curve.diverged for curve in trial.curves)
        # Each line is thinner than the one below it, so that coinciding lines remain visible.
        width = full * (1.5 - 0.7 * i / max(count - 1, 1))
        look["markevery"] = _marked(axes, at, longest, i, ends=diverged)
        label = f"{trial.label} (diverged)" if diverged else trial.label
        axes.plot(at, np.median(shown, axis=0), linewidth=width, label=label, **look)
        if count <= MOST_BANDS and len(shown) > 1:
            band = shown.min(axis=0), shown.max(axis=0)
            axes.fill_between(at, *band, color=look["color"], alpha=0.15, linewidth=0)


def _averaged(values: Any) -> Any:
    """Each value (seeds, points) but the first, replaced by the mean over the SMOOTHED of all points that end there."""
    points = values.shape[1]
    window = max(int(SMOOTHED * points), 1)
    means = [values[:, max(end - window, 1) : end].mean(axis=1) for end in range(2, points + 1)]
    return np.stack([values[:, 0], *means], axis=1)


def _marked(axes: "Axes", at: Sequence[float], longest: float, i: int, *, ends: bool) -> list[int]:
    """The points of line i with a marker: five per width of the axes, at other places than those of its neighbors.

    ends  whether the last point has one, too
    """
    scale = axes.xaxis.get_transform().transform
    places = np.asarray(scale(np.asarray(at, np.float64))) / float(scale(np.array([max(longest, 1e-9)]))[0])
    wanted = np.arange(0.04 + 0.04 * (i % 5), places[-1] + 1e-9, 0.2)
    return sorted({int(np.abs(places - place).argmin()) for place in wanted} | ({len(at) - 1} if ends else set()))


def _at_points(trial: Trial, metric: str, x: X) -> tuple[Sequence[int], Any]:
    """The values of all seeds (seeds, points) at the points that they have in common."""
    points = min(len(curve.metrics.get(metric, ())) for curve in trial.curves)
    first = trial.curves[0]
    at = (first.steps if x == "step" else first.epochs)[:points]
    return at, _finite([curve.metrics.get(metric, [])[:points] for curve in trial.curves])


def _at_time(trial: Trial, metric: str) -> tuple[Any, Any]:
    """The values of all seeds (seeds, points) at times that they have in common, between the recorded ones."""
    times = np.linspace(0.0, min(curve.seconds[-1] for curve in trial.curves), POINTS)
    return times, _finite([np.interp(times, curve.seconds, curve.metrics[metric]) for curve in trial.curves])


def _finite(values: Sequence[Any]) -> Any:
    array = np.array(values, np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def _scale_losses(every: Sequence["Axes"], comparison: Comparison) -> None:
    """A common y axis for the lines: logarithmic if losses differ much, and without those far above the start."""
    start = median(trial.curves[0].losses[0] for trial in comparison.trials)
    values = [float(v) for axes in every for line in axes.lines for v in np.asarray(line.get_ydata(), np.float64)]
    finite = [value for value in values if math.isfinite(value)]
    shown = [value for value in finite if value <= CAP * start]
    log_scale_if_wide(every[0], shown)
    if every[0].get_yscale() == "log":  # bands may leave the plot, so that the lines fill it
        every[0].set_ylim(0.7 * min(shown), min(1.4 * max(shown), CAP * start))
        log_scale(every[0])  # its ticks depend on the limits
    elif len(shown) < len(finite):
        every[0].set_ylim(top=CAP * start)


def _scale_steps(axes: "Axes", comparison: Comparison) -> str:
    """Set the x scale, logarithmic if the lengths of complete runs differ greatly; returns the axis label."""
    from matplotlib.ticker import FuncFormatter

    ends = [curve.steps[-1] for trial in comparison.trials for curve in trial.curves if not curve.diverged]
    if max(ends, default=0) <= 8 * max(min(ends, default=0), 1):
        axes.locator_params(axis="x", nbins=6, integer=True)
        return "step"
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(0, 1.2 * max(ends))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    return "step (log scale above 10)"


def _draw_gap(axes: "Axes", *, comparison: Comparison, name: str) -> None:
    """The final accuracy, or loss for regression: training filled, validation open, joined by a line."""
    import matplotlib as mpl

    metric = "accuracy" if comparison.measures("training_accuracy") else "loss"
    size = mpl.rcParams["lines.markersize"] * 1.3
    for i, trial in enumerate(comparison.trials):
        look = {key: value for key, value in series(i).items() if key in {"color", "marker"}}
        ends = [trial.final(f"{part}_{metric}") for part in ("training", "validation")]
        axes.plot(ends, [i, i], color=look["color"])
        for part, end, fill in zip(("training", "validation"), ends, (look["color"], "none"), strict=True):
            larger = size if part == "training" else 1.5 * size  # seen even where both are the same
            axes.plot([end], [i], markersize=larger, markerfacecolor=fill, markeredgewidth=size / 5, **look)
    count = len(comparison.trials)
    figure: Any = axes.figure
    step = max(math.ceil(count * mpl.rcParams["font.size"] * 1.3 / (50 * figure.get_figheight())), 1)
    labels = [trial.label for trial in comparison.trials]
    are_short = max(map(len, labels)) <= LONGEST_TICK
    axes.set_yticks(range(0, count, step), labels[::step] if are_short else [""] * len(labels[::step]))
    axes.set_ylim(count - 0.5, -0.5)
    if metric == "accuracy":
        percent_axis(axes, which="x")
    axes.locator_params(axis="x", nbins=3)
    tidy(axes, x="\N{BLACK CIRCLE} training, \N{WHITE CIRCLE} validation", y=name, title=f"final {metric}")


def _draw_search(axes: "Axes", *, comparison: Comparison, search: RateSearch) -> None:
    """The mean loss of a run at each learning rate; lines leave the plot where it is far above the start."""
    import matplotlib as mpl
    from matplotlib.ticker import LogLocator

    start = median(trial.curves[0].losses[0] for trial in comparison.trials)
    values = []
    for i, trial in enumerate(comparison.trials):
        for optimizer, losses in search.losses.items():
            best = search.best(optimizer)
            if trial.label != f"{optimizer} @ {best:g}":
                continue
            values += [loss for loss in losses if loss <= 1.5 * start]
            look = series(i) | {"markevery": 1}
            axes.plot(search.rates, [loss if math.isfinite(loss) else 1e3 * start for loss in losses], **look)
            axes.plot(
                [best], [min(losses)], "o", markersize=2.2 * mpl.rcParams["lines.markersize"],
                markerfacecolor="none", markeredgecolor=look["color"],
            )  # fmt: skip
    if values:
        axes.set_ylim(0.8 * min(values), 1.5 * start)
    log_scale_if_wide(axes, [*values, 1.5 * start])
    if len(search.rates) > 1:
        log_scale(axes, which="x")
        if len(comparison.trials) > MOST_BANDS:  # beside a large legend
            axes.xaxis.set_major_locator(LogLocator(numticks=4))
    tidy(axes, x="learning rate", y="", title="mean loss of a run; ring: chosen")
