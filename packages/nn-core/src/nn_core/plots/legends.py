"""Legends that fit beside their plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nn_core.plots.text_sizes import points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

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

    shown = [label if len(label) <= LONGEST else f"{label[: LONGEST - 3]}..." for label in labels]
    points = points_of("small")
    figure: Any = where.figure if isinstance(where, Axes) else where
    rows = max(int((72 * figure.get_figheight() - 8 * points) / (1.65 * points)), 1)
    beside = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)} if where is not figure else {}
    looks: dict[str, Any] = {"loc": "outside right center", **beside, "ncols": -(-len(shown) // rows)}
    if figure.get_figwidth() < NARROW:
        looks = {"loc": "outside lower center", "ncols": min(len(shown), 3)}
        where = figure
    lines = any(getattr(handle, "get_linestyle", lambda: "none")() not in ("none", "None") for handle in handles)
    legend = where.legend(
        handles, shown, title=title, alignment="left", handlelength=3.0 if lines else 1.0, columnspacing=1.2, **looks
    )  # fmt: skip
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_parse_math(False)
    return legend
