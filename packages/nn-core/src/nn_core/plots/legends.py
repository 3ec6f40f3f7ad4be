"""Legends that fit beside their plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

LONGEST = 40
"""Most characters of a label."""


def add_legend(figure: "Figure", handles: Sequence[Any], labels: Sequence[str], *, title: str) -> "Legend":
    """A legend at the right of all axes, in as many columns as its height needs.

    title  what the labels are, such as "learning rate"
    """
    from matplotlib.font_manager import FontProperties

    shown = [label if len(label) <= LONGEST else f"{label[: LONGEST - 3]}..." for label in labels]
    points = FontProperties(size="small").get_size_in_points()
    rows = max(int((72 * figure.get_figheight() - 8 * points) / (1.65 * points)), 1)
    columns = -(-len(shown) // rows)
    legend = figure.legend(
        handles, shown, loc="outside right center", title=title, ncols=columns, alignment="left", handlelength=3.0,
        columnspacing=1.2,
    )  # fmt: skip
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_parse_math(False)
    return legend
