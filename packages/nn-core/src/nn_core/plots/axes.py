"""Axes: labels, scales and ticks."""

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nn_core.plots.text_sizes import points_of
from nn_core.plots.texts import make_drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LAYOUTS = 3
"""A layout starts from the sizes that texts and ticks have in the one before."""


def tidy(axes: "Axes", *, x: str, y: str, title: str = "") -> None:
    """Axis labels and a light grid."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title)
    axes.grid(visible=True)


def percent_axis(axes: "Axes", *, which: str = "y", low: float | None = None) -> None:
    """Label fractions as percentages. The axis ends at 100%, and markers on its end are drawn whole.

    low  lower end; None for that of the data
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis = axes.yaxis if which == "y" else axes.xaxis
    limits = axes.get_ylim() if which == "y" else axes.get_xlim()
    low = max(0.0, limits[0]) if low is None else low
    high = 1.0 if limits[1] > 1 - 0.1 * (1 - low) else limits[1]
    (axes.set_ylim if which == "y" else axes.set_xlim)(low, high)
    decimals = 0 if high - low > 0.05 else 1
    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10] if decimals else [1, 2, 5, 10]))
    for line in axes.lines:
        line.set_clip_on(False)
        line.set_zorder(3)


def log_scale(axes: "Axes", *, which: str = "y") -> None:
    """A logarithmic axis with plain labels, such as 0.01 or 1e-8."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    (axes.set_yscale if which == "y" else axes.set_xscale)("log")
    axis = axes.yaxis if which == "y" else axes.xaxis
    low, high = axes.get_ylim() if which == "y" else axes.get_xlim()
    decades = math.log10(high / low) if 0 < low < high else 1.0
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=8))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))


def log_scale_if_wide(axes: "Axes", values: Sequence[float]) -> None:
    """Use a logarithmic y axis for positive values that span more than a factor of 8."""
    positive = [value for value in values if value > 0 and math.isfinite(value)]
    if positive and len(positive) == len(values) and max(positive) > 8 * min(positive):
        log_scale(axes)


def plain_number(value: float) -> str:
    """A number of an axis: "0.001", "10,000", "1e-8"."""
    if value == 0 or not math.isfinite(value) or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.10g}"
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def cell_text_fits(axes: "Axes", rows: int, columns: int, longest: int) -> bool:
    """Whether small text of `longest` characters fits in the cells of a grid that fills the axes.

    Draws the layout once, so everything else must have been added to the figure.
    """
    laid_out_size(axes)
    return cell_text_size(axes, rows, columns, longest, sizes=("small",)) is not None


def cell_text_size(
    axes: "Axes", rows: int, columns: int, longest: int, *, sizes: Sequence[str] = ("medium", "small")
) -> str | None:
    """The first of `sizes` in which text of `longest` characters fits in the cells of a grid; None if none fits.

    The layout must be made (see `lay_out`).
    """
    axes.apply_aspect()
    box, dpi = axes.get_window_extent(), axes.figure.dpi
    width, height = (72 / dpi * side for side in (box.width / columns, box.height / rows))
    for size in sizes:
        points = points_of(size)
        if 0.65 * points * longest < width and 1.2 * points < height:
            return size
    return None


def laid_out_size(axes: "Axes") -> tuple[float, float]:
    """Width and height of axes in points, as the layout of the figure makes them."""
    figure: Any = axes.figure
    lay_out(figure)
    axes.apply_aspect()
    box = axes.get_window_extent()
    return 72 / figure.dpi * box.width, 72 / figure.dpi * box.height


def lay_out(figure: Any) -> None:
    """Place the axes of a figure, without drawing it, until they stay where they are."""
    engine = figure.get_layout_engine()
    make_drawable(figure)
    if engine is None or not figure.axes:
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="constrained_layout not applied|Glyph .* missing")
        places: list[float] = []
        for _ in range(MOST_LAYOUTS):
            engine.execute(figure)
            before, places = places, [edge for axes in figure.axes for edge in axes.get_position().bounds]
            if before and max(abs(a - b) for a, b in zip(before, places, strict=True)) < 1e-3:
                break
