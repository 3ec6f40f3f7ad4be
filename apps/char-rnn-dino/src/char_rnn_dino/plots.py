"""The figures of dino-gen: how new its names are, what goes on inside, how gradients fare."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from char_rnn_dino.novelty import Novelty
from char_rnn_dino.reading_along import Reading
from char_rnn_dino.vanishing import GradientsBack
from char_rnn_dino.vocabulary import END, Vocabulary
from nn_core.arrays import Array
from nn_core.cli.plots import COLORS, new_figure, save_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEGINNING, ENDING = "start", "end"
"""What stands for END before a name and after it."""


def draw_novelty(
    temperatures: Sequence[float], found: Sequence[Novelty], path: Path, *, title: str
) -> None:
    """Shares over the temperature, and beside them what is counted in letters."""
    from matplotlib.ticker import PercentFormatter

    order = np.argsort(temperatures, kind="stable")
    x = [temperatures[i] for i in order]
    figure = new_figure(10, 4)
    shares, letters = figure.subplots(1, 2)
    columns = {
        "copies of the training list": (shares, 0, [found[i].copies for i in order]),
        "duplicates among themselves": (shares, 1, [found[i].duplicates for i in order]),
        "edit distance to the nearest real name": (letters, 2, [found[i].distance for i in order]),
        "length": (letters, 3, [found[i].length for i in order]),
    }
    for label, (axes, color, y) in columns.items():
        axes.plot(x, y, color=COLORS[color], label=label, marker="o", markersize=4)
    tidy(shares, x="temperature", y="share of the names made", title="Copies and duplicates")
    shares.yaxis.set_major_formatter(PercentFormatter(1.0))
    shares.set_ylim(-0.03, 1.03)
    tidy(letters, x="temperature", y="letters, in the mean", title="Distance and length")
    letters.set_ylim(bottom=0)
    for axes in (shares, letters):
        axes.legend(frameon=False)
    figure.suptitle(title, parse_math=False)
    save_figure(figure, path)


def draw_reading(
    reading: Reading, vocabulary: Vocabulary, name: str, path: Path, *, title: str
) -> None:
    """The states over the letters read, and below them the probabilities of what comes next."""
    T, units = reading.states.shape
    letters = [_shown(token) for token in vocabulary.tokens]
    V = len(letters)
    upper, lower = min(max(2.2, 0.055 * units), 12.0), max(2.0, 0.16 * V)
    figure = new_figure(max(5.5, 2.4 + 0.3 * T), upper + lower + 1.6)
    state, following = figure.subplots(2, 1, height_ratios=[upper, lower], sharex=True)
    image = state.imshow(reading.states.T, aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1,
                         interpolation="nearest")  # fmt: skip
    scale = figure.colorbar(image, ax=state, ticks=[-1, -0.5, 0, 0.5, 1])
    scale.set_label("hidden state, -1 to 1")
    step = next(s for s in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) if units / s <= 20)
    marks = [0, *range(step - 1, units, step)] if step > 1 else list(range(units))
    state.set_yticks(marks, labels=[str(mark + 1) for mark in marks])
    state.set_ylabel("unit")
    state.tick_params(labelbottom=True)
    image = following.imshow(reading.probabilities.T, aspect="auto", cmap="Blues", vmin=0, vmax=1,
                             interpolation="nearest")  # fmt: skip
    scale = figure.colorbar(image, ax=following, format="{x:.0%}")
    scale.set_label("probability, 0 to 100%")
    following.plot(range(T), reading.following, "s", markersize=8, markerfacecolor="none",
                   markeredgecolor=COLORS[1], markeredgewidth=1.6, clip_on=False)  # fmt: skip
    following.set_yticks(range(V), labels=letters, size=8, parse_math=False)
    following.set_ylabel("next letter")
    following.set_xticks(range(T), labels=[BEGINNING, *name], parse_math=False)
    following.set_xlabel("letter read last; the square is the letter that comes next")
    figure.suptitle(title, parse_math=False)
    save_figure(figure, path)


def draw_vanishing(
    found: Mapping[str, Mapping[float, GradientsBack]],
    path: Path,
    *,
    clip_norm: float,
    title: str,
) -> None:
    """For each cell, the gradient of the state over the steps back; below, that of the weights.

    found  cell -> what the recurrent weights were multiplied by -> its gradients
    """
    figure = new_figure(max(6.0, 1.2 + 3.8 * len(found)), 7.2)
    panels = figure.subplots(2, len(found), sharex=True, sharey="row", squeeze=False)
    for (cell, by_scale), upper, lower in zip(found.items(), *panels, strict=True):
        for color, (scale, gradients) in zip(_colors(len(by_scale)), by_scale.items(), strict=True):
            upper.plot(_positive(gradients.state), color=color, label=f"x {scale:g}")
            steps = np.arange(1, len(gradients.weights) + 1)
            lower.plot(steps, _positive(gradients.weights), color=color)
            lower.plot(steps, _positive(gradients.clipped), color=color, ls="--")
        lower.axhline(clip_norm, color="0.4", lw=0.8, ls=":")
        for axes in (upper, lower):
            axes.set_yscale("log")
        first = cell == next(iter(found))
        tidy(upper, x="", y="|dL/dstate|, of that at the last step" if first else "", title=cell)
        tidy(lower, x="steps back from the last", y="|dL/dweights|, from the last steps"
             if first else "")  # fmt: skip
    panels[0, 0].legend(title="recurrent weights", frameon=False)
    _key(panels[1, 0], clip_norm)
    figure.suptitle(title)
    save_figure(figure, path)


def _key(axes: "Axes", clip_norm: float) -> None:
    """Which line is which, whatever its colour."""
    from matplotlib.lines import Line2D

    kinds = {"as it is": "-", f"clipped to {clip_norm:g}": "--", "the longest it may be": ":"}
    lines = [Line2D([], [], color="0.3", ls=style, label=label) for label, style in kinds.items()]
    axes.legend(handles=lines, frameon=False)


def _colors(count: int) -> list[str]:
    return [COLORS[i % len(COLORS)] for i in range(count)]


def _positive(values: Array) -> Array:
    """What a logarithmic axis can show: nothing where there is nothing left."""
    return np.where(values > 0, values, np.nan)


def _shown(token: str) -> str:
    return ENDING if token == END else token
