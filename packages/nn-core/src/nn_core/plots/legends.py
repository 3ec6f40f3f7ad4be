"""Legends that fit beside their plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nn_core.plots.text_sizes import points_of, text_width
from nn_core.printable import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.text import Text

LONGEST = 40
"""Most characters of a label."""

NARROW = 4.5
"""Width in inches below which a legend stands below the axes instead of beside them."""


def add_legend(where: "Figure | Axes", handles: Sequence[Any], labels: Sequence[str], *, title: str) -> "Legend":
    """A legend at the right of a figure, or beside one of its axes, in as many columns as its height needs; below in
    a narrow figure.

    title  what the labels are, such as "learning rate"
    """
    from matplotlib.axes import Axes

    shown = [shortened(label, LONGEST) for label in labels]
    points = points_of("small")
    figure: Any = where.figure if isinstance(where, Axes) else where
    rows = max(int((72 * figure.get_figheight() - 8 * points) / (1.65 * points)), 1)
    beside = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)} if where is not figure else {}
    looks: dict[str, Any] = {"loc": "outside right center", **beside, "ncols": -(-len(shown) // rows)}
    if figure.get_figwidth() < NARROW:
        column = max(text_width(label, points) for label in shown) + 5 * points
        looks = {
            "loc": "outside lower center",
            "ncols": max(1, min(len(shown), int(72 * figure.get_figwidth() / column))),
        }
        where = figure
    lines = any(getattr(handle, "get_linestyle", lambda: "none")() not in ("none", "None") for handle in handles)
    return where.legend(
        handles, shown, title=title, alignment="left", handlelength=3.0 if lines else 1.0, columnspacing=1.2, **looks
    )  # fmt: skip


def place_above_legends(figure: "Figure", note: "Text") -> None:
    """Place the note below the plots of a narrow figure above its legends, for which the layout would use one place."""
    engine: Any = figure.get_layout_engine()
    if not figure.legends or engine is None or figure.get_figwidth() >= NARROW:
        return
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    height = 72 * figure.get_figheight()
    below = max(legend.get_window_extent(renderer).height for legend in figure.legends) * 72 / figure.dpi
    gap = 0.5 * points_of("small")
    room = note.get_window_extent(renderer).height * 72 / figure.dpi + gap
    note.set_y((below + gap) / height)
    note._autopos = False  # type: ignore[attr-defined]  # as for a note given its place: the layout leaves it there
    engine.set(rect=(0, room / height, 1, 1 - room / height))
