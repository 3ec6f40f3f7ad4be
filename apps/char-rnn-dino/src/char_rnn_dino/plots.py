"""The figures of both programs: novelty, hidden states and gradient norms."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from char_rnn_dino.names.gradient_norms import GradientNorms
from char_rnn_dino.names.novelty import Novelty
from char_rnn_dino.names.trace import Trace
from char_rnn_dino.text.overlap import Overlap
from char_rnn_dino.tokens import END, UNIT_NAMES, Unit
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Array
from nn_core.plots import colors, drawing, ink, muted, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def plot_trace(traced: Trace, vocabulary: Vocabulary, name: str, path: "FigureFile | Path", *, title: str) -> None:
    """Plot hidden states by letter read, and below them the probabilities of the next letter."""
    T, units = traced.states.shape
    letters = ["end" if token == END else token for token in vocabulary.tokens]
    V = len(letters)
    upper, lower = min(max(2.2, 0.055 * units), 12.0), max(2.0, 0.16 * V)
    with drawing(path, max(5.5, 2.4 + 0.3 * T), upper + lower + 1.6, title=title) as figure:
        states, following = figure.subplots(2, 1, height_ratios=[upper, lower], sharex=True)
        image = states.imshow(traced.states.T, aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1,
                              interpolation="nearest")  # fmt: skip
        bar = figure.colorbar(image, ax=states, ticks=[-1, -0.5, 0, 0.5, 1])
        bar.set_label("hidden state")
        step = next(s for s in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) if units / s <= 20)
        ticks = [0, *range(step - 1, units, step)] if step > 1 else list(range(units))
        states.set_yticks(ticks, labels=[str(tick + 1) for tick in ticks])
        states.set_ylabel("unit")
        states.tick_params(labelbottom=True)
        image = following.imshow(traced.probabilities.T, aspect="auto", cmap="Blues", vmin=0, vmax=1,
                                 interpolation="nearest")  # fmt: skip
        figure.colorbar(image, ax=following, format="{x:.0%}").set_label("probability")
        following.plot(range(T), traced.next_tokens, "s", markersize=8, markerfacecolor="none",
                       markeredgecolor=colors()[1], markeredgewidth=1.6, clip_on=False)  # fmt: skip
        following.set_yticks(range(V), labels=letters, parse_math=False)
        following.set_ylabel("next letter")
        following.set_xticks(range(T), labels=["start", *name], parse_math=False)
        following.set_xlabel("letter read (square: actual next letter)")


def plot_gradient_norms(
    found: Mapping[str, Mapping[float, GradientNorms]], path: "FigureFile | Path", *, clip_norm: float, title: str
) -> None:
    """Plot gradient norms by steps back, a column per cell: state gradient above, weights below.

    found  cell -> factor on the recurrent weights -> norms
    """
    with drawing(path, max(6.0, 1.2 + 3.8 * len(found)), 7.2, title=title) as figure:
        panels = figure.subplots(2, len(found), sharex=True, sharey="row", squeeze=False)
        for (cell, by_scale), upper, lower in zip(found.items(), *panels, strict=True):
            for i, (scale, norms) in enumerate(by_scale.items()):
                color = colors()[i % 8]
                upper.plot(_positive(norms.state), color=color, label=f"x {scale:g}")
                steps = np.arange(1, len(norms.weights) + 1)
                lower.plot(steps, _positive(norms.weights), color=color)
                lower.plot(steps, _positive(norms.clipped), color=color, ls="--")
            lower.axhline(clip_norm, color=muted(), lw=0.8, ls=":")
            for axes in (upper, lower):
                axes.set_yscale("log")
            first = cell == next(iter(found))
            state, weights = "state gradient norm (last step = 1)", "weight gradient norm (cumulative)"
            tidy(upper, x="", y=state if first else "", title=cell.upper())
            tidy(lower, x="steps back", y=weights if first else "")
        panels[0, 0].legend(title="recurrent weights", frameon=False)
        _line_style_legend(panels[1, 0], clip_norm)


def _line_style_legend(axes: "Axes", clip_norm: float) -> None:
    from matplotlib.lines import Line2D

    styles = {"unclipped": "-", f"clipped to norm {clip_norm:g}": "--", "maximum norm": ":"}
    lines = [Line2D([], [], color=ink(), ls=style, label=label) for label, style in styles.items()]
    axes.legend(handles=lines, frameon=False)


def _positive(values: Array) -> Array:
    """Replace zeros by NaN, since a logarithmic axis cannot show them."""
    return np.where(values > 0, values, np.nan)
