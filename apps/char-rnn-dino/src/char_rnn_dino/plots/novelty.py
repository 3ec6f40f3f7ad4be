"""Figures of novelty: how new generated names and texts are, by temperature."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from char_rnn_dino.names.novelty import Novelty
from char_rnn_dino.text.overlap import Overlap
from char_rnn_dino.tokens import UNIT_NAMES, Unit
from nn_core.plots import colors, drawing, muted, tidy

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


def plot_novelty(found: Mapping[float, Novelty], path: "FigureFile | Path", *, title: str) -> None:
    """Plot copies and duplicates by temperature on the left, distance and length on the right."""
    from matplotlib.ticker import PercentFormatter

    temperatures = sorted(found)
    with drawing(path, 10, 4, title=title) as figure:
        fractions, letters = figure.subplots(1, 2)
        lines = (
            (fractions, "copies", "copies of training names"),
            (fractions, "duplicates", "duplicates"),
            (letters, "distance", "edit distance to nearest real name"),
            (letters, "length", "length"),
        )
        for color, (axes, field, label) in zip(colors(), lines, strict=False):
            values = [getattr(found[temperature], field) for temperature in temperatures]
            axes.plot(temperatures, values, color=color, label=label, marker="o")
        tidy(fractions, x="temperature", y="fraction of generated names", title="Copies and duplicates")
        fractions.yaxis.set_major_formatter(PercentFormatter(1.0))
        fractions.set_ylim(-0.03, 1.03)
        tidy(letters, x="temperature", y="mean (letters)", title="Distance and length")
        letters.set_ylim(bottom=0)
        for axes in (fractions, letters):
            axes.legend(frameon=False)


def plot_overlaps(
    found: Mapping[float, Overlap],
    held_out: Overlap | None,
    path: "FigureFile | Path",
    *,
    unit: Unit,
    shortest: int,
    title: str,
) -> None:
    """Plot the fraction of copied text by temperature on the left, the longest copied passage on the right.

    held_out  the same of text that was held out, for comparison, as a dotted line
    """
    from matplotlib.ticker import PercentFormatter

    temperatures, name = sorted(found), UNIT_NAMES[unit]
    with drawing(path, 10, 4, title=title) as figure:
        shares, lengths = figure.subplots(1, 2)
        for axes, field, color in ((shares, "copied", colors()[0]), (lengths, "longest", colors()[1])):
            values = [getattr(found[temperature], field) for temperature in temperatures]
            axes.plot(temperatures, values, color=color, label="generated text", marker="o")
            if held_out is not None:
                axes.axhline(getattr(held_out, field), color=muted(), lw=1, ls=":", label="text held out from training")
        tidy(
            shares,
            x="temperature",
            y=f"fraction of {name}s",
            title=f"In copied passages of at least {shortest} {name}s",
        )
        shares.yaxis.set_major_formatter(PercentFormatter(1.0))
        shares.set_ylim(-0.03, 1.03)
        tidy(lengths, x="temperature", y=f"length ({name}s)", title="Longest copied passage")
        lengths.set_ylim(bottom=0)
        for axes in (shares, lengths):
            axes.legend(frameon=False)
