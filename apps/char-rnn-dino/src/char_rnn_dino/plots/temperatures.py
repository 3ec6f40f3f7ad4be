"""The figure of softmax temperatures: the next token above, generated samples below."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from char_rnn_dino.temperatures import AtTemperature
from nn_core.arrays import Labels
from nn_core.plots import background, colors, drawing, muted
from nn_core.plots.text_sizes import fitted, points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.plots import FigureFile

LINES = 6
"""Lines of samples."""
LONGEST_TOKEN = 10


def plot_temperatures(
    found: Sequence[AtTemperature],
    tokens: Sequence[str],
    order: Labels,
    file: "FigureFile | Path",
    *,
    after: str,
    what: str,
    title: str,
    note: str,
) -> None:
    """Plot a column per temperature: bars of the next token, and samples.

    order  the tokens to show, from top to bottom, as far as they fit; all others are one bar
    after  what the next token is called: "next letter after Ty"
    what   what the samples are called: "Names"
    """
    T, shown = len(found), len(order) + LINES + 2
    with drawing(file, 1.2 + 2.4 * T, 1.8 + 0.22 * shown, title=title, note=note) as figure:
        lines = (72 * figure.get_figheight() - 11 * points_of("small")) / (1.35 * points_of("small"))
        order = order[: max(int(lines) - LINES - 2, 1)]
        labels = [_shortened(tokens[i], LONGEST_TOKEN) for i in order]
        others = len(tokens) - len(order)
        labels += [f"{others} others"] if others else []
        rows = len(labels)
        ticks = (0, 0.5, 1) if figure.get_figwidth() / (T + 1) > 16 * points_of("small") / 72 else (0, 1)
        grid = figure.subplots(2, T, squeeze=False, height_ratios=[1.1 * rows, LINES])
        for i, (each, bars, below) in enumerate(zip(found, *grid, strict=True)):
            _plot_bars(bars, each, order, rows, colors()[0])
            bars.set_xticks(ticks, labels=[f"{tick:.0%}" for tick in ticks])
            bars.set_title(f"T = {each.temperature:g}")
            bars.set_yticks(range(rows), labels=labels if i == 0 else [""] * rows)
            below.set_axis_off()
        for bars in grid[0] if len(ticks) > 2 else grid[0, :1]:
            bars.set_xlabel("probability")
        grid[0, 0].set_ylabel(_shortened(after, 34))
        grid[1, 0].set_title(f"{what} at each temperature", loc="left", size="small")
        figure.draw_without_rendering()  # for the width of a column
        for each, below in zip(found, grid[1], strict=True):
            _write_samples(below, each.samples)


def _plot_bars(axes: "Axes", each: AtTemperature, order: Labels, rows: int, color: str) -> None:
    """Probabilities after top-k and top-p; hatched, those of tokens that these exclude."""
    kept, all_of_it = each.probabilities[order], each.softmax[order]
    if rows > len(order):
        kept, all_of_it = (np.append(p, max(1 - p.sum(), 0.0)) for p in (kept, all_of_it))
    cut = np.where(kept == 0, all_of_it, 0.0)
    axes.barh(range(rows), cut, color=background(), edgecolor=muted(), hatch="///", linewidth=0.8)
    axes.barh(range(rows), kept, color=color)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.grid(visible=True, axis="x")


def _write_samples(axes: "Axes", samples: Sequence[str]) -> None:
    """As many lines as fit, as wide as the axes."""
    points = points_of("small")
    box = axes.get_window_extent()
    width, height = (72 * side / axes.figure.dpi for side in (box.width, box.height))
    most_lines = max(int(height / (1.3 * points)), 1)
    if len(samples) > 1:
        samples = [fitted(sample, width, points, most_lines=1) for sample in samples]
    text = fitted("\n".join(samples), width, points, most_lines=most_lines)
    for k, line in enumerate(text.splitlines(), 1):  # one by one, so that all columns have the same baselines
        axes.annotate(
            line, (0, 1), (0, -1.3 * k * points), xycoords="axes fraction", textcoords="offset points", size="small"
        )  # fmt: skip


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(most - 3, 1)]}..."
