"""Decision boundaries of several networks side by side, with training and validation accuracy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deep_nn.model import Model
from deep_nn.plots import Parts, boundary_legend, plot_boundary
from nn_core.errors import DataError
from nn_core.metrics import accuracy
from nn_core.plots import add_legend, drawing
from nn_core.plots.text_sizes import points_of
from nn_core.printable import shortened

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

MOST_RINGS = 200
"""Most validation points to draw, unless there are more training points: many would hide the boundary."""
MOST_LABELED = 8
"""Most panels with axis labels."""
TALLEST = 1.2
"""Height of a panel divided by its width, at most."""
LEAST_LINES = 16
"""Least height of a panel with axis labels, in heights of small text."""


@dataclass(frozen=True)
class Panel:
    """A network and its data.

    title  which network it is, such as "L2 strength 0.1"
    parts  name -> points, for the accuracies
    short  the title without what all panels share; "" for all of it
    """

    title: str
    model: Model
    parts: Parts
    short: str = ""

    @property
    def drawn(self) -> Parts:
        """The parts whose points are drawn."""
        most = max(MOST_RINGS, len(next(iter(self.parts.values()))))
        return {name: part for i, (name, part) in enumerate(self.parts.items()) if i == 0 or len(part) <= most}

    def accuracies(self) -> dict[str, float]:
        """The accuracy on each part."""
        return {
            name or "accuracy": accuracy(self.model.logits(part.x, part.name), part.y)
            for name, part in self.parts.items()
        }


def require_plane(model: Model, what: str, source: str) -> None:
    """Raise DataError unless a network predicts classes from two numbers.

    what    what needs it, source  where the network or its data comes from, for the message
    """
    if model.target is not None:
        raise DataError(f"{what} needs a network that predicts classes; {source} predicts a number")
    if model.preprocessing.shape != (2,) or not model.preprocessing.is_plain:
        raise DataError(f"{what} needs a network with two numeric inputs; {source} has others")


def draw_boundaries(panels: Sequence[Panel], path: "FigureFile | Path", *, title: str, note: str = "") -> None:
    """The boundary and the points of each network, all with the same classes."""
    import matplotlib as mpl

    first = panels[0]
    columns = len(panels) if len(panels) <= 4 else _columns(len(panels), 4.0, 3.0)
    rows = -(-len(panels) // columns)
    with drawing(path, 3.3 * columns + 1.6, 3.0 * rows + 0.9, title=title) as figure:
        width, height = figure.get_size_inches()
        columns = _columns(len(panels), width, height)
        rows = -(-len(panels) // columns)
        grid = figure.subplots(rows, columns, squeeze=False)
        room = 72 * 0.85 * width / columns
        tall = (height / rows - 1.4) / (0.85 * width / columns)
        is_compact = len(panels) > MOST_LABELED or height / rows < LEAST_LINES * points_of("small") / 72
        figure.supxlabel(_note(first, note, is_compact=is_compact))
        for i, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
            with mpl.rc_context({"lines.markersize": mpl.rcParams["lines.markersize"] / (2 if is_compact else 1)}):
                plot_boundary(axes, panel.model, panel.drawn)
            if tall > 0.75:  # a narrow panel would leave most of its height empty
                axes.set_aspect("auto")
                axes.set_box_aspect(min(tall, TALLEST))
            axes.set_title(_title(panel, room, is_compact=is_compact), size="small")
            if i % columns or is_compact:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
            if i + columns < len(panels) or is_compact:
                axes.set_xlabel("")
                axes.tick_params(labelbottom=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        handles, labels = boundary_legend(first.model, first.drawn)
        add_legend(figure, handles, labels, title="class; data set" if len(first.drawn) > 1 else "class")


def _note(panel: Panel, note: str, *, is_compact: bool) -> str:
    """What the accuracies are, and which points are not drawn."""
    notes = [note] if note else []
    if is_compact:
        notes.append(f"accuracy: {' / '.join(panel.parts)}" if len(panel.parts) > 1 else "accuracy")
    notes += [
        f"{len(panel.parts[name]):,} {name} points are not drawn" for name in panel.parts if name not in panel.drawn
    ]
    return "; ".join(notes)


def _columns(count: int, width: float, height: float) -> int:
    """How many panels to place in a row so that they become as large as possible."""
    return max(range(1, count + 1), key=lambda columns: min(width / columns, height / math.ceil(count / columns)))


def _title(panel: Panel, room: float, *, is_compact: bool) -> str:
    """The name of the network and its accuracies, in lines of at most `room` points."""
    fits = int(room / (0.56 * points_of("small")))
    accuracies = panel.accuracies()
    if is_compact:
        found = [" / ".join(f"{100 * value:.1f}" for value in accuracies.values()) + "%"]
        name = panel.title if len(panel.title) <= fits else panel.short or panel.title
    else:
        found = [f"{part} {value:.1%}" for part, value in accuracies.items()]
        name, line = panel.title, ", ".join(found)
        found = [line] if len(line) <= fits else found
    return "\n".join([shortened(name, max(fits, 8)), *found])
