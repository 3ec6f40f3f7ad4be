"""Plots, written to files. Matplotlib is imported only when needed."""

import io
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nn_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000",
)  # fmt: skip
"""Color-blind-safe palette. Source: Okabe, Ito, Color universal design (2008)."""


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure; width and height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a figure atomically, in the format of its suffix. Raises OSError."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box is drawn instead
        figure.savefig(buffer, format=path.suffix[1:].lower(), dpi=150)
    atomic_write(path, buffer.getvalue())


def tidy(axes: "Axes", *, x: str, y: str, title: str = "") -> None:
    """Axis labels, a light grid, and no top or right spine."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title, loc="left")
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def log_scale_if_wide(axes: "Axes", values: Sequence[float]) -> None:
    """Use a logarithmic y axis for positive values that span more than a factor of 8."""
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    if positive and len(positive) == len(values) and max(positive) > 8 * min(positive):
        from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
