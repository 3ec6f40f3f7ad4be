"""What a network looks like inside, on sheets of small pictures: kernels and maps."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.cli.plots import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 16
"""Pictures in a row of a sheet, at most."""
ROWS = 16
"""Filters on a sheet of single channels, at most."""
_SMALL, _MIDDLE, _LARGE, _GAP = 0.6, 1.0, 1.6, 0.08
_LINE = 0.24
"""All in inches: the sides of pictures, what is between them, a line of text."""


def draw_colour_kernels(W: Array, path: Path, *, title: str) -> None:
    """Kernels (height, width, 3, filters) that read photos, a coloured picture for each filter."""
    count = W.shape[3]
    columns = min(8, count)
    step = _MIDDLE + _GAP
    lines = [
        title,
        "middle grey is a weight of 0; a filter's largest (±) is full red, green or blue, or none",
    ]
    rows = -(-count // columns)
    figure, axes = _sheet(lines, columns * step, rows * (step + _LINE))
    for f in range(count):
        largest = _largest(W[..., f])
        x, y = f % columns * step, f // columns * (step + _LINE) + _LINE
        _write(axes, f"{f + 1}: ±{largest:.2g}", x, y)
        _put(axes, _around_grey(W[..., f], largest), x, y, _MIDDLE)
    save_figure(figure, path)


def draw_kernels(W: Array, path: Path, *, title: str) -> None:
    """Kernels (height, width, channels, filters), a row for each filter, a picture per channel."""
    channels, count = W.shape[2:]
    columns, rows = min(COLUMNS, channels), min(ROWS, count)
    step, left = _SMALL + _GAP, 0.85
    rows_shown, columns_shown = _part(rows, count, "filters"), _part(columns, channels, "maps read")
    lines = [
        f"{title}: {rows_shown} in rows, {columns_shown} in columns",
        "middle grey is a weight of 0; a filter's largest (±) is white if positive, else black",
    ]
    figure, axes = _sheet(lines, left + columns * step, _LINE + rows * step)
    for c in range(columns):
        _write(axes, str(c + 1), left + c * step, _LINE)
    for f in range(rows):
        largest = _largest(W[..., f])
        y = _LINE + f * step
        _write(axes, f"{f + 1}: ±{largest:.2g}", 0, y + _SMALL / 2 + 0.1)
        for c in range(columns):
            picture = _around_grey(W[:, :, c, f], largest)
            _put(axes, picture, left + c * step, y, _SMALL, cmap="gray", vmin=0, vmax=1)
    save_figure(figure, path)


def draw_maps(
    photo: npt.NDArray[np.uint8], layers: Sequence[tuple[str, Array]], path: Path, *, title: str
) -> None:
    """A photo, and below it a row of maps (h, w, K) for each layer; of one layer alone, all maps.

    layers  title and maps
    """
    step = _SMALL + _GAP
    columns = max(min(COLUMNS, maps.shape[2]) for _, maps in layers)
    rows = [-(-maps.shape[2] // columns) if len(layers) == 1 else 1 for _, maps in layers]
    height = _LARGE + sum(1.5 * _LINE + count * step for count in rows)
    figure, axes = _sheet([title], columns * step, height)
    _put(axes, photo, 0, 0, _LARGE)
    y = _LARGE
    for (name, maps), count in zip(layers, rows, strict=True):
        y += 1.5 * _LINE
        shown = min(count * columns, maps.shape[2])
        low, high = min(0.0, float(maps.min())), float(maps.max())
        _write(
            axes,
            f"{name}: {_part(shown, maps.shape[2], 'maps')} of {maps.shape[0]} x "
            f"{maps.shape[1]}, dark {low:.2g} to bright {high:.2g}",
            0,
            y,
        )
        for k in range(shown):
            place = k % columns * step, y + k // columns * step
            _put(axes, maps[..., k], *place, _SMALL, cmap="viridis", vmin=low, vmax=high)
        y += count * step
    save_figure(figure, path)


def _sheet(lines: Sequence[str], width: float, height: float) -> "tuple[Figure, Axes]":
    """A sheet with lines at its head; coordinates are inches from below them at the left."""
    margin, head = 0.15, len(lines) * _LINE + 0.2
    widest = max(width, 0.066 * max(map(len, lines)))
    figure = new_figure(widest + 2 * margin, head + height + margin)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    axes.set_xlim(-margin, widest + margin)
    axes.set_ylim(height + margin, -head)
    for i, line in enumerate(lines):
        axes.text(0, (i + 0.85) * _LINE - head, line, size=9, parse_math=False)
    return figure, axes


def _put(axes: "Axes", picture: Any, x: float, y: float, side: float, **style: Any) -> None:
    """A picture whose longer side is `side`."""
    height, width = picture.shape[:2]
    unit = side / max(height, width)
    extent = (x, x + width * unit, y + height * unit, y)
    axes.imshow(picture, extent=extent, aspect="auto", **style)


def _write(axes: "Axes", text: str, x: float, y: float) -> None:
    """Text that stands right above y."""
    axes.text(x, y - 0.05, text, size=8, parse_math=False)


def _around_grey(values: Array, largest: float) -> Any:
    """Weights from -largest to largest as levels from 0 to 1."""
    return 0.5 + values / (2.0 * largest)


def _largest(values: Array) -> float:
    return float(np.abs(values).max()) or 1.0


def _part(shown: int, there: int, what: str) -> str:
    """Such as "the first 16 of 128 maps", or "8 maps" if that is all."""
    return f"the first {shown} of {there:,} {what}" if shown < there else f"{there:,} {what}"
