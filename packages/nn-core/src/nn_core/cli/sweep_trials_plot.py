"""The figure of a search: parallel coordinates, and the loss against each setting."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nn_core.cli.sweep_trials import Search, SearchTrial
from nn_core.plots import drawing, log_scale, log_scale_if_wide, tidy
from nn_core.plots.axes import plain_number
from nn_core.plots.series import background, colors, ink, muted
from nn_core.printable import shortened
from nn_core.sweeps.space import Choices, Dimension

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.plots import FigureFile

MOST_PANELS = 4
"""Panels of losses in a row."""
LONGEST = 14
"""Most characters of a choice."""


def draw_search(found: Search, file: "FigureFile | Path", *, title: str) -> None:
    """Above, a line for each trial through its settings to its loss; below, a panel for each setting."""
    names = found.names
    columns = min(len(names), MOST_PANELS)
    rows = -(-len(names) // columns)
    pruned = any(trial.pruned for trial in found.trials)
    diverged = sum(not math.isfinite(trial.loss) for trial in found.trials)
    note = (
        "ring: best" + ("; open: pruned" if pruned else "") + (f"; at the top: {diverged} diverged" if diverged else "")
    )
    width = max(7.5, 2.6 * (len(names) + 1), 3.2 * columns)
    with drawing(file, width, 3.6 + 2.8 * rows, title=title, note=note) as figure:
        grid = figure.add_gridspec(1 + rows, columns, height_ratios=[1.35, *[1.0] * rows])
        _draw_parallel(figure.add_subplot(grid[0, :]), found)
        for i, name in enumerate(names):
            axes = figure.add_subplot(grid[1 + i // columns, i % columns])
            _draw_losses(axes, found, name, label="validation loss" if i % columns == 0 else "")


def _draw_parallel(axes: "Axes", found: Search) -> None:
    """Parallel coordinates; the better a trial, the darker its line and the later it is drawn."""
    names = found.names
    losses = [trial.loss for trial in found.trials if math.isfinite(trial.loss)]
    scale = _LossScale(losses)
    ordered = sorted(found.trials, key=lambda trial: -trial.loss if math.isfinite(trial.loss) else -math.inf)
    best = found.best
    for trial in ordered:
        height = scale.at(trial.loss)
        heights = [_height(found.space[name], trial.values[name]) for name in names]
        color = colors()[1] if trial is best else _shade(1.0 - height if math.isfinite(trial.loss) else 0.0)
        axes.plot(
            range(len(names) + 1), [*heights, height], color=color, zorder=3 if trial is best else 2,
            linewidth=2.2 if trial is best else 0.9, linestyle="--" if trial.pruned else "-",
        )  # fmt: skip
    for i, name in enumerate(names):
        axes.axvline(i, color=muted(), linewidth=0.8, zorder=1)
        for label, height in _ticks(found.space[name]):
            _tick(axes, i, height, label)
    axes.axvline(len(names), color=muted(), linewidth=0.8, zorder=1)
    for label, height in scale.ticks():
        _tick(axes, len(names), height, label)
    axes.set_xticks(range(len(names) + 1), [*names, "validation loss"])
    axes.set_yticks([])
    axes.set_ylim(-0.06, 1.06)
    axes.set_xlim(-0.15, len(names) + 0.45)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _draw_losses(axes: "Axes", found: Search, name: str, *, label: str) -> None:
    """The loss of each trial by one setting."""
    dimension, best = found.space[name], found.best
    finite = [trial.loss for trial in found.trials if math.isfinite(trial.loss)]
    top = max(finite, default=1.0)
    look: dict[str, Any] = {"color": colors()[0], "linestyle": "none", "marker": "o", "alpha": 0.75}
    for trial in found.trials:
        x = _place(dimension, trial)(name)
        y = min(trial.loss, top)
        axes.plot([x], [y], **look, markerfacecolor="none" if trial.pruned else colors()[0])
        if trial is best:
            axes.plot(
                [x], [y], "o", markersize=13, markerfacecolor="none", markeredgecolor=colors()[1], markeredgewidth=2
            )
    log_scale_if_wide(axes, finite)
    if isinstance(dimension, Choices):
        shown = [shortened(value or '""', LONGEST) for value in dimension.values]
        many = len(shown) * max(map(len, shown)) > 30
        axes.set_xticks(range(len(shown)), shown, rotation=30 if many else 0, ha="right" if many else "center")
        axes.set_xlim(-0.5, len(shown) - 0.5)
    elif dimension.log:
        log_scale(axes, which="x")
    tidy(axes, x=name, y=label)


class _LossScale:
    """Losses from 0, the lowest, to 1, on a log scale if they differ much; what diverged is at 1."""

    def __init__(self, losses: Sequence[float]) -> None:
        self.low, self.high = min(losses, default=1.0), max(losses, default=1.0)
        self.log = self.low > 0 and self.high > 8 * self.low

    def at(self, loss: float) -> float:
        if not math.isfinite(loss) or self.high <= self.low:
            return 1.0 if not math.isfinite(loss) else 0.0
        if self.log:
            return math.log(loss / self.low) / math.log(self.high / self.low)
        return (loss - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[str, float]]:
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return [(f"{value:.3g}", self.at(value)) for value in dict.fromkeys((self.low, middle, self.high))]


def _height(dimension: Dimension, text: str) -> float:
    """The place of a value on its axis, from 0 to 1."""
    if isinstance(dimension, Choices):
        return (dimension.values.index(text) + 0.5) / len(dimension.values)
    value = float(text)
    if dimension.log:
        return math.log(value / dimension.low) / math.log(dimension.high / dimension.low)
    return (value - dimension.low) / (dimension.high - dimension.low)


def _ticks(dimension: Dimension) -> list[tuple[str, float]]:
    if isinstance(dimension, Choices):
        step = -(-len(dimension.values) // 8)
        return [(shortened(text or '""', LONGEST), _height(dimension, text)) for text in dimension.values[::step]]
    middle = math.sqrt(dimension.low * dimension.high) if dimension.log else (dimension.low + dimension.high) / 2
    return [
        (plain_number(float(f"{value:.3g}")), _height(dimension, str(value)))
        for value in (dimension.low, middle, dimension.high)
    ]


def _tick(axes: "Axes", x: float, y: float, label: str) -> None:
    box = {"boxstyle": "round,pad=0.15", "facecolor": background(), "edgecolor": "none", "alpha": 0.85}
    axes.annotate(
        label, (x, y), xytext=(4, 0), textcoords="offset points", va="center", size="small", bbox=box, zorder=4
    )


def _place(dimension: Dimension, trial: SearchTrial) -> Any:
    if isinstance(dimension, Choices):
        return lambda name: dimension.values.index(trial.values[name])
    return lambda name: float(trial.values[name])


def _shade(share: float) -> Any:
    """A color from nearly that of the background, for 0, to ink, for 1."""
    from matplotlib.colors import to_rgb

    share = 0.15 + 0.75 * share
    mixed = [share * a + (1 - share) * b for a, b in zip(to_rgb(ink()), to_rgb(background()), strict=True)]
    return tuple(np.clip(mixed, 0, 1))
