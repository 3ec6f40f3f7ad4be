"""Figures of novelty: how new generated names and texts are, by temperature."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from char_rnn_dino.names.novelty import Novelty
from char_rnn_dino.text.overlap import Overlap
from char_rnn_dino.tokens import UNIT_NAMES, Unit
from nn_core.plots import drawing, muted, percent_axis, series, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

NARROW = 5.5
"""Inches."""


def plot_novelty(found: Mapping[float, Novelty], path: "FigureFile | Path", *, note: str) -> None:
    """Plot copies, duplicates and cut names by temperature on the left, distance and length on the right."""
    temperatures = sorted(found)
    of_names = {"copies": "copies of training names", "duplicates": "repeats of earlier names"}
    if any(each.cut for each in found.values()):
        of_names["cut"] = "cut at the maximum length"
    of_letters = {"length": "length", "distance": "edits to the nearest real name"}
    with drawing(path, 10, 4.6, title="How new generated names are, by temperature", note=note) as figure:
        fractions, letters = _two_plots(figure)
        first = 0
        for axes, labels in ((fractions, of_names), (letters, of_letters)):
            for i, (field, label) in enumerate(labels.items(), start=first):
                values = [getattr(found[temperature], field) for temperature in temperatures]
                axes.plot(temperatures, values, label=label, **series(i) | {"markevery": 1})
            first += len(labels)
        tidy(fractions, x="temperature", y="fraction of generated names")
        fractions.set_ylim(0, 1)
        percent_axis(fractions)
        tidy(letters, x="temperature", y="mean (letters)")
        letters.set_ylim(bottom=0)
        for axes, title in ((fractions, "generated names"), (letters, "mean of generated names")):
            _legend_above(axes, title)


def plot_overlaps(
    found: Mapping[float, Overlap],
    held_out: Overlap | None,
    path: "FigureFile | Path",
    *,
    unit: Unit,
    shortest: int,
    note: str,
) -> None:
    """Plot the fraction of copied text by temperature on the left, the longest copied passage on the right.

    held_out  the same of text that was held out, for comparison, as a dotted line
    """
    temperatures, name = sorted(found), UNIT_NAMES[unit]
    with drawing(path, 10, 4.6, title="How much of generated text is copied, by temperature", note=note) as figure:
        shares, lengths = _two_plots(figure)
        for i, (axes, field) in enumerate(((shares, "copied"), (lengths, "longest"))):
            values = [getattr(found[temperature], field) for temperature in temperatures]
            axes.plot(temperatures, values, label="generated", **series(i) | {"markevery": 1})
            if held_out is not None:
                axes.axhline(getattr(held_out, field), color=muted(), ls=":", label="held out from training")
        tidy(shares, x="temperature", y=f"fraction of {name}s")
        shares.set_ylim(0, 1)
        percent_axis(shares)
        tidy(lengths, x="temperature", y=f"length ({name}s)")
        lengths.set_ylim(bottom=0)
        below = any(each.longest == 0 for each in found.values())
        longest = f"longest copied passage{f' (0: below {shortest})' if below else ''}"
        titles = (f"in copied passages of {shortest} {name}s or more", longest)
        for axes, title in zip((shares, lengths), titles, strict=True):
            _legend_above(axes, title)


def _two_plots(figure: "Figure") -> "list[Axes]":
    """Side by side; in a narrow figure, the legend of the second leaves no room for both, and it is not drawn."""
    from matplotlib.figure import Figure

    if figure.get_figwidth() >= NARROW:
        return list(figure.subplots(1, 2))
    return [figure.subplots(), Figure().subplots()]


def _legend_above(axes: "Axes", title: str) -> None:
    """A legend above the axes, so that it covers nothing; markers on the edges are drawn whole."""
    for line in axes.lines:
        line.set_clip_on(line.get_marker() in ("", "None"))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(
        title=title, loc="lower left", bbox_to_anchor=(0, 1.0), alignment="left", handlelength=3.0, borderaxespad=0.2
    )
