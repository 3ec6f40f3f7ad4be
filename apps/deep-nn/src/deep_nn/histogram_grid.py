"""A grid of histograms with common axes: a row per network, a column per layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.cli.class_report import shortened
from nn_core.plots import colors, drawing
from nn_core.plots.axes import plain_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

MOST_COLUMNS = 6
"""Layers drawn; of more, some at even distances, the first and the last among them."""
CUT_AT = 0.25
"""Highest end of the vertical axis, as a fraction of the values: higher bars run through the top."""


@dataclass(frozen=True)
class Cell:
    """One histogram.

    fractions  of all values, by bar
    texts      above it, as many as fit: "std 0.63", "3% dead"
    """

    fractions: npt.NDArray[np.float64]
    texts: tuple[str, ...]


def draw_histograms(
    file: "FigureFile | Path",
    rows: Sequence[tuple[str, Sequence[Cell]]],
    bins: Array,
    *,
    title: str,
    x: str,
    note: str,
    log: bool = False,
    cut_at: float = CUT_AT,
) -> None:
    """Draw a row of cells per network, with its label.

    bins    edges of the bars of all cells
    x       label of the horizontal axis
    log     whether it is logarithmic
    cut_at  highest end of the vertical axis
    """
    layers = shown_layers(len(rows[0][1]))
    tallest = max(float(cells[k].fractions.max()) for _, cells in rows for k in layers)
    height = min(cut_at, 1.05 * tallest) or 1.0
    if tallest > height:
        note += " Taller bars are cut off."
    natural = 1.6 + 1.75 * len(layers), 1.4 + 1.05 * len(rows)
    with drawing(file, *natural, title=title, note=note) as figure:
        figure.set_layout_engine("constrained", w_pad=0.12)  # room for the outermost tick labels
        grid = figure.subplots(len(rows), len(layers), sharex=True, sharey=True, squeeze=False)
        palette = colors()
        room = 0.85 * figure.get_figwidth() / len(layers)
        for i, (label, cells) in enumerate(rows):
            for axes, layer in zip(grid[i], layers, strict=True):
                axes.stairs(cells[layer].fractions, bins, fill=True, color=palette[i % len(palette)])
                head = f"layer {layer + 1}\n" if i == 0 else ""
                axes.set_title(head + _fitting(cells[layer].texts, room), size="small", parse_math=False)
                axes.tick_params(left=False, labelleft=False)
                axes.spines["left"].set_visible(False)
            grid[i, 0].set_ylabel(
                shortened(label).replace(":", ":\n"), rotation=0, ha="right", va="center", parse_math=False
            )
        grid[0, 0].set_ylim(0, height)
        _scale_x(grid[0, 0], bins, log=log)
        _label_x(figure, grid, x)


def shown_layers(count: int) -> list[int]:
    """The layers to draw, from 0."""
    return [int(k) for k in np.unique(np.linspace(0, count - 1, min(count, MOST_COLUMNS)).round())]


def _fitting(texts: Sequence[str], inches: float) -> str:
    """The texts in one line, as many as fit."""
    from matplotlib.font_manager import FontProperties

    most = 72 * inches / (0.58 * FontProperties(size="small").get_size_in_points())
    count = len(texts)
    while count > 1 and len(", ".join(texts[:count])) > most:
        count -= 1
    return ", ".join(texts[:count])


def _scale_x(axes: "Axes", bins: Array, *, log: bool) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    if not log:
        axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    else:
        axes.set_xscale("log")
        low, high = np.log10(bins[[0, -1]]).round()
        step = max(1, -(-int(high - low) * 2 // 5))
        powers = [k for k in range(int(low), int(high) + 1) if k % step == 0]
        axes.xaxis.set_major_locator(FixedLocator([10.0**k for k in powers]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FixedFormatter([f"{10.0**k:g}" if -3 < k < 3 else f"1e{k}" for k in powers]))
    axes.set_xlim(bins[0], bins[-1])


def _label_x(figure: "Figure", grid: "npt.NDArray[np.object_]", text: str) -> None:
    """One label below the middle column."""
    grid[-1, grid.shape[1] // 2].set_xlabel(text, parse_math=False)
