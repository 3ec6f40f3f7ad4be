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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn_core.plots import FigureFile

MOST_RINGS = 200
"""Most validation points to draw, unless there are more training points: many would hide the boundary."""


@dataclass(frozen=True)
class Panel:
    """A network and its data.

    title  which network it is
    parts  name -> points, for the accuracies
    """

    title: str
    model: Model
    parts: Parts

    @property
    def drawn(self) -> Parts:
        """The parts whose points are drawn."""
        most = max(MOST_RINGS, len(next(iter(self.parts.values()))))
        return {name: part for i, (name, part) in enumerate(self.parts.items()) if i == 0 or len(part) <= most}

    def accuracies(self) -> list[str]:
        """The accuracy on each part: "training 98.0%"."""
        return [
            f"{name or 'accuracy'} {accuracy(self.model.logits(part.x, part.name), part.y):.1%}"
            for name, part in self.parts.items()
        ]


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
    first = panels[0]
    columns = len(panels) if len(panels) <= 4 else _columns(len(panels), 4.0, 3.0)
    rows = -(-len(panels) // columns)
    hidden = [
        f"{len(first.parts[name]):,} {name} points are not drawn" for name in first.parts if name not in first.drawn
    ]
    note = "; ".join([*([note] if note else []), *hidden])
    with drawing(path, 3.3 * columns + 1.6, 3.0 * rows + 0.9, title=title, note=note) as figure:
        width, height = figure.get_size_inches()
        columns = _columns(len(panels), width, height)
        rows = -(-len(panels) // columns)
        grid = figure.subplots(rows, columns, squeeze=False)
        for i, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
            plot_boundary(axes, panel.model, panel.drawn)
            axes.set_title(_title(panel, figure, columns), size="small", parse_math=False)
            if i % columns:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
            if i + columns < len(panels):
                axes.set_xlabel("")
                axes.tick_params(labelbottom=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        handles, labels = boundary_legend(first.model, first.drawn)
        add_legend(figure, handles, labels, title="class; data set" if len(first.drawn) > 1 else "class")


def _columns(count: int, width: float, height: float) -> int:
    """How many panels to place in a row so that they become as large as possible."""
    return max(range(1, count + 1), key=lambda columns: min(width / columns, height / math.ceil(count / columns)))


def _title(panel: Panel, figure: "Figure", columns: int) -> str:
    """The name of the network and its accuracies, in one line or several."""
    from matplotlib.font_manager import FontProperties

    points = FontProperties(size="small").get_size_in_points()
    fits = 0.85 * 72 * figure.get_figwidth() / columns / (0.56 * points)
    found = panel.accuracies()
    line = ", ".join(found)
    return "\n".join([panel.title, line] if len(line) <= fits else [panel.title, *found])
