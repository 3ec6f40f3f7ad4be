"""The figure of hidden states: what units hold after each letter of a name, and what comes next."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from char_rnn_dino.names.trace import Trace
from char_rnn_dino.tokens import END
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Array, Labels
from nn_core.plots import cell_text_fits, colors, drawing, ink_on, sequential
from nn_core.plots.text_sizes import points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

RANKS = ("1st guess", "2nd", "3rd")
"""Rows of predictions."""
NUMBERED = 12
"""Most numbers of units beside each other; of more units, every k-th is numbered."""
LINES = 15
"""Lines of small text that all but the units takes."""


def plot_hidden_states(
    traced: Trace,
    units: Labels,
    vocabulary: Vocabulary,
    name: str,
    file: "FigureFile | Path",
    *,
    gate: str | None = None,
    title: str,
    note: str,
) -> None:
    """Plot units by letter read: hidden states, a gate if named, and below the likeliest next letters.

    units  the units to plot, counted from 0
    gate   the gate to plot
    """
    T, rows = len(traced.states), len(units)
    grids = 1 if gate is None else 2
    of_grid = min(max(1.2, 0.19 * rows), 3.6)
    with drawing(file, max(7.5, 2.6 + 0.42 * T), grids * (of_grid + 0.4) + 2.6, title=title, note=note) as figure:
        most = NUMBERED // grids
        heights = [*[min(max(rows, 4), most)] * grids, 1.4 * (len(RANKS) + 1)]
        axes = list(figure.subplots(grids + 1, 1, height_ratios=heights))
        room = 72 * figure.get_figheight() / (1.3 * points_of("small")) - LINES
        numbers = min(max(int(room / grids), 2), most)
        _plot_units(figure, axes[0], traced.states[:, units], units, "hidden state", "RdBu_r", -1, numbers)
        if gate is not None:
            _plot_units(figure, axes[1], traced.gates[gate][:, units], units, f"{gate} gate", "viridis", 0, numbers)
        letters = ["end" if token == END else token for token in vocabulary.tokens]
        _plot_predictions(figure, axes[-1], traced, letters)
        for each in axes:
            each.set_xticks(range(T), labels=["start", *name] if each is axes[-1] else [""] * T)
        axes[-1].set_xlabel("letter read")
        if not cell_text_fits(axes[-1], 1, T, len("start")):
            axes[-1].get_xticklabels()[0].set_rotation(90)


def _plot_units(
    figure: "Figure", axes: "Axes", values: Array, units: Labels, label: str, colormap: str, low: float, numbers: int
) -> None:
    """A row per unit; values (T, units) from `low` to 1."""
    image = axes.imshow(values.T, aspect="auto", cmap=colormap, vmin=low, vmax=1, interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, ticks=[low, (low + 1) / 2, 1], pad=0.015, aspect=12)
    bar.set_label(label)
    step = -(-len(units) // numbers)
    rows = range(0, len(units), step)
    axes.set_yticks(rows, labels=[str(units[row] + 1) for row in rows])
    axes.set_ylabel("unit")


def _plot_predictions(figure: "Figure", axes: "Axes", traced: Trace, letters: list[str]) -> None:
    """The letters that may come next, by rank, shaded by probability; above them the one that does."""
    T = len(traced.next_tokens)
    ranks = min(len(RANKS), len(letters))
    order = np.argsort(-traced.probabilities, axis=1, kind="stable")[:, :ranks]
    tokens = np.concatenate([traced.next_tokens[:, None], order], axis=1)  # (T, 1 + ranks)
    p = np.take_along_axis(traced.probabilities, tokens, axis=1)
    image = axes.imshow(p.T, aspect="auto", cmap=sequential(), vmin=0, vmax=1, interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], format="{x:.0%}", pad=0.015, aspect=12)
    bar.set_label("probability")
    axes.set_yticks(range(ranks + 1), labels=["actual", *RANKS[:ranks]])
    axes.axhline(0.5, color=axes.spines["left"].get_edgecolor())
    fits = max((n for n in (1, 3, 6, 8) if cell_text_fits(axes, ranks + 1, T, n)), default=1)
    for t in range(T):
        for row in range(ranks + 1):
            letter, likely = letters[tokens[t, row]], float(p[t, row])
            both = f"{letter} {likely:.0%}"
            axes.text(
                t, row, both if len(both) <= fits and likely >= 0.005 else letter, ha="center", va="center",
                size="small", color=ink_on(image.cmap(likely)), rotation=90 if len(letter) > fits else 0
            )  # fmt: skip
            right = row > 0 and tokens[t, row] == traced.next_tokens[t]
            if right:
                axes.add_patch(_box(t, row))


def _box(column: int, row: int) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.46, row - 0.44), 0.92, 0.88, fill=False, edgecolor=colors()[1], linewidth=2.0)
