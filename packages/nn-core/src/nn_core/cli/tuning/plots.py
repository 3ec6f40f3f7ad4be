"""Figures of tuned optimizers: loss bands, sensitivity to the learning rate, what a budget buys, and profiles."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from nn_core.cli.tuning.expected_best import expected_choice
from nn_core.cli.tuning.tune import CHOOSING, JUDGING, Tuned, Tuning
from nn_core.plots import add_legend, drawing, log_scale, log_scale_if_wide, muted, series, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.plots import FigureFile

MOST_BANDS = 8
"""Most optimizers that are drawn with a band for the range over the seeds."""
CAP = 1.5
"""The loss axis ends at this multiple of the loss at the start."""


def draw_tuning(tuning: Tuning, file: "FigureFile | Path", *, title: str) -> None:
    """Loss by step of the tuned runs; final loss of each trial by learning rate; expected loss by number of trials."""
    start = median(curve.metrics[JUDGING][0] for each in tuning.tuned for curve in each.curves)
    note = (
        f"left: median of {len(tuning.seeds)} seeds, bands: range, dotted: target; middle: a marker for each trial,"
        " ring: chosen, at the top: diverged or far above the start"
    )
    with drawing(file, 15.5, 4.5, title=title, note=note) as figure:
        left, middle, right = figure.subplots(1, 3)
        for i, each in enumerate(tuning.tuned):
            _draw_bands(left, each, i, bands=len(tuning.tuned) <= MOST_BANDS)
        left.axhline(tuning.target, color=muted(), linestyle=":", zorder=0)
        _draw_sensitivity(middle, tuning.tuned, CAP * start)
        _draw_budget(right, tuning.tuned)
        top = CAP * start
        for axes in (left, middle, right):
            values = [float(v) for line in axes.lines for v in np.asarray(line.get_ydata(), np.float64)]
            shown = [value for value in values if 0 < value <= top]
            if axes is not right and shown:
                axes.set_ylim(0.8 * min(shown), 1.1 * top)
            log_scale_if_wide(axes, shown)
        tidy(left, x="step", y="loss (judging half)", title="tuned, fresh seeds")
        tidy(middle, x="learning rate", y="final loss (choosing half)", title="every trial")
        tidy(right, x="number of trials", y="expected loss (judging half)", title="what a budget buys")
        log_scale(middle, which="x")
        right.locator_params(axis="x", integer=True)
        left.locator_params(axis="x", nbins=6, integer=True)
        handles, labels = left.get_legend_handles_labels()
        add_legend(figure, handles, labels, title="optimizer")


def draw_profile(
    profile: Mapping[str, Sequence[tuple[float, float]]], file: "FigureFile | Path", *, title: str, problems: int
) -> None:
    """Share of the problems that each method solves within a factor of the fastest."""
    note = f"{problems} problems; cost: median steps to the target; a line that ends below 100% never reached some"
    with drawing(file, 7.5, 4.5, title=title, note=note) as figure:
        axes = figure.subplots()
        right = 1.3 * max((tau for points in profile.values() for tau, _ in points), default=1.0)
        for i, (name, points) in enumerate(profile.items()):
            taus, shares = zip(*points, (right, points[-1][1]), strict=True)
            look = series(i) | {"markevery": 1}
            apart = np.asarray(shares) + 0.004 * (i - len(profile) / 2)  # so that coinciding lines remain visible
            axes.plot(taus, apart, drawstyle="steps-post", label=name, **look)
        axes.set_ylim(-0.05, 1.05)
        axes.set_xlim(0.97, right)
        log_scale(axes, which="x")
        axes.set_yticks([j / 4 for j in range(5)], [f"{25 * j}%" for j in range(5)])
        tidy(axes, x="steps to the target, relative to the fastest (log scale)", y="share of problems")
        add_legend(figure, *axes.get_legend_handles_labels(), title="optimizer")


def _draw_bands(axes: "Axes", tuned: Tuned, i: int, *, bands: bool) -> None:
    points = min(len(curve.metrics[JUDGING]) for curve in tuned.curves)
    steps = tuned.curves[0].steps[:points]
    losses = np.array([curve.metrics[JUDGING][:points] for curve in tuned.curves], np.float64)
    losses[~np.isfinite(losses)] = np.nan
    look: dict[str, Any] = series(i)
    axes.plot(steps, np.median(losses, axis=0), label=tuned.name, **look)
    if bands and len(losses) > 1:
        axes.fill_between(steps, losses.min(axis=0), losses.max(axis=0), color=look["color"], alpha=0.15, linewidth=0)


def _draw_sensitivity(axes: "Axes", every: Sequence[Tuned], top: float) -> None:
    """The final loss of each trial by its learning rate; the chosen one with a ring."""
    import matplotlib as mpl

    size = mpl.rcParams["lines.markersize"]
    for i, tuned in enumerate(every):
        points = [
            (candidate.learning_rate, min(loss, top))
            for (candidate, _), loss in zip(tuned.trials, tuned.trial_losses(CHOOSING), strict=True)
            if candidate.learning_rate is not None
        ]
        look = {key: value for key, value in series(i).items() if key in {"color", "marker"}}
        ordered = sorted(points)
        axes.plot(*zip(*ordered, strict=True), linewidth=0.6, alpha=0.9, **look)
        rate = tuned.chosen.learning_rate
        if rate is not None:
            axes.plot(
                [rate], [min(tuned.trial_losses(CHOOSING)[tuned.best], top)], "o", markersize=2.2 * size,
                markerfacecolor="none", markeredgecolor=look["color"],
            )  # fmt: skip


def _draw_budget(axes: "Axes", every: Sequence[Tuned]) -> None:
    for i, tuned in enumerate(every):
        expected = expected_choice(tuned.trial_losses(CHOOSING), tuned.trial_losses(JUDGING))
        shown = [loss if math.isfinite(loss) else math.nan for loss in expected]
        axes.plot(range(1, len(shown) + 1), shown, **series(i))
