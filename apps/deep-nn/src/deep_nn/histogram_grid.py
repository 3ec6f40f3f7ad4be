"""A grid of histograms with common axes: a row per network, a column per layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.plots import colors, drawing
from nn_core.plots.axes import plain_number
from nn_core.printable import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

MOST_COLUMNS = 6
"""Layers drawn; of more, some at even distances, the first and the last among them."""
SHORTEST = 13
"""Letters of the narrowest column, for "std 4.8e-4"."""
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
    count = len(rows[0][1])
    tallest = max(float(cell.fractions.max()) for _, cells in rows for cell in cells)
    height = min(cut_at, 1.05 * tallest) or 1.0
    if tallest > height:
        note += " Taller bars are cut off."
    natural = 1.6 + 1.75 * min(count, MOST_COLUMNS), 1.4 + 1.05 * len(rows)
    with drawing(file, *natural, title=title, note=note) as figure:
        labels = [shortened(label).replace(":", ":\n") for label, _ in rows]
        room = _room(figure, labels)
        layers = shown_layers(count, room.columns)
        figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.06)  # room for the outermost tick labels
        grid = figure.subplots(len(rows), len(layers), sharex=True, sharey=True, squeeze=False)
        palette = colors()
        for i, (label, (_, cells)) in enumerate(zip(labels, rows, strict=True)):
            for axes, layer in zip(grid[i], layers, strict=True):
                axes.stairs(cells[layer].fractions, bins, fill=True, color=palette[i % len(palette)])
                head = f"layer {layer + 1}" if i == 0 else ""
                text = _fitting(cells[layer].texts, room.characters(len(layers))) if room.has_texts else ""
                axes.set_title("\n".join(filter(None, (head, text))), size="small")
                axes.tick_params(left=False, labelleft=False)
                axes.spines["left"].set_visible(False)
            size = "medium" if room.has_texts else "small"
            grid[i, 0].set_ylabel(label, rotation=0, ha="right", va="center", size=size)
        grid[0, 0].set_ylim(0, height)
        _scale_x(grid[0, 0], bins, log=log)
        grid[-1, len(layers) // 2].set_xlabel(x)


def shown_layers(count: int, most: int = MOST_COLUMNS) -> list[int]:
    """The layers to draw, from 0."""
    return [int(k) for k in np.unique(np.linspace(count - 1, 0, min(count, most)).round())]


class _Room(NamedTuple):
    """What fits in a figure.

    width      of all columns, in letters of the small size
    has_texts  whether the rows are high enough for texts above the cells
    """

    width: float
    has_texts: bool

    @property
    def columns(self) -> int:
        """Cells that fit side by side."""
        return min(max(int(self.width / SHORTEST), 1), MOST_COLUMNS)

    def characters(self, columns: int) -> float:
        """Letters that fit above a cell."""
        return self.width / columns - 1


def _room(figure: "Figure", labels: Sequence[str]) -> _Room:
    from matplotlib.font_manager import FontProperties

    small, medium = (FontProperties(size=size).get_size_in_points() for size in ("small", "medium"))
    width, height = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    beside = 0.62 * medium * max(len(line) for label in labels for line in label.splitlines())
    return _Room((width - beside) / (0.6 * small), bool(height - 11 * small > 3.2 * small * len(labels)))


def _fitting(texts: Sequence[str], most: float) -> str:
    """The texts in one line, as many as fit."""
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
