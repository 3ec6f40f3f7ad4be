"""Many small images in one figure, laid out in inches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nn_core.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_COLUMNS = 16
SMALL, MEDIUM, LARGE, GAP = 0.6, 1.0, 1.6, 0.08
"""Sizes of images and the gap between them, in inches."""
LINE = 0.24
"""Height of a line of text, in inches."""


def new_sheet(header: Sequence[str], width: float, height: float) -> "tuple[Figure, Axes]":
    """A figure with lines of text at its top; the origin of its axes is at the left below them."""
    margin, head = 0.15, len(header) * LINE + 0.2
    widest = max(width, 0.066 * max(map(len, header)))
    figure = new_figure(widest + 2 * margin, head + height + margin)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    axes.set_xlim(-margin, widest + margin)
    axes.set_ylim(height + margin, -head)
    for i, line in enumerate(header):
        axes.text(0, (i + 0.85) * LINE - head, line, size=9, parse_math=False)
    return figure, axes


def put_image(axes: "Axes", image: Any, x: float, y: float, side: float, **style: Any) -> None:
    """An image whose longer side is `side`."""
    height, width = image.shape[:2]
    unit = side / max(height, width)
    extent = (x, x + width * unit, y + height * unit, y)
    axes.imshow(image, extent=extent, aspect="auto", **style)


def put_text(axes: "Axes", text: str, x: float, y: float) -> None:
    """Text right above y."""
    axes.text(x, y - 0.05, text, size=8, parse_math=False)


def count_shown(shown: int, total: int, what: str) -> str:
    """A caption such as "first 16 of 128 feature maps", or "8 feature maps" if all are shown."""
    return f"first {shown} of {total:,} {what}" if shown < total else f"{total:,} {what}"
