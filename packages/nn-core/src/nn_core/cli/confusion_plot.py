"""Plot of a confusion matrix."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nn_core.plots import cell_text_fits, drawing, ink_on, laid_out_size, sequential
from nn_core.plots.text_sizes import points_of, text_width
from nn_core.printable import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.plots import FigureFile

ROOM_FOR_NAMES = 0.2
"""Part of the figure's height that names along the x axis may take; longer ones are numbered."""


def plot_confusion_matrix(
    confusion: npt.ArrayLike, classes: Sequence[str], path: "FigureFile | Path", *, data: str
) -> None:
    """Counts by true and predicted label, shaded by their fraction of the true class.

    The counts are written where they fit, and so is every label, or every second, and so on.
    data  what was classified, for the title
    """
    confusion = np.asarray(confusion)
    count = len(classes)
    totals = confusion.sum(axis=1, keepdims=True)
    fractions = confusion / np.maximum(totals, 1)
    names = [shortened(name) for name in classes]
    correct = confusion.trace() / max(confusion.sum(), 1)
    title = f"Confusion matrix, {data}: {correct:.1%} of {confusion.sum():,} correct"
    side = max(3.2, (0.45 if count <= 20 else 0.25) * min(count, 40))
    beside = max(text_width(name, 8.4) for name in names) / 72
    with drawing(path, side + beside + 1.6, side + 1.2, title=title) as figure:
        axes = figure.subplots()
        image = axes.imshow(fractions, cmap=sequential(), vmin=0, vmax=1, aspect="auto")
        axes.set_xlabel("predicted label")
        axes.set_ylabel("true label")
        bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 0.25, 0.5, 0.75, 1], format="{x:.0%}")
        _label_classes(axes, names)
        label = "fraction of the true class"
        if text_width(label, points_of("medium")) < laid_out_size(axes)[1]:
            bar.set_label(label)
        if cell_text_fits(axes, count, count, max(len(f"{cell:,}") for cell in confusion.flat)):
            for (row, column), cell in np.ndenumerate(confusion):
                if cell:
                    color = ink_on(image.to_rgba(fractions[row, column])[:3])
                    axes.text(column, row, f"{cell:,}", ha="center", va="center", color=color, size="small")


def _label_classes(axes: "Axes", names: Sequence[str]) -> None:
    """Names along both axes; where those along the x axis are too long, numbers, which stand beside the names."""
    count, points = len(names), points_of("small")
    figure_width, figure_height = 72 * axes.figure.get_size_inches()  # type: ignore[union-attr]
    names = [shortened(name, int(0.4 * figure_width / (0.62 * points))) for name in names]
    longest = max(text_width(name, points) for name in names)
    width, height = laid_out_size(axes)
    below, rotation, needed = names, 0, longest + points / 2
    if longest > 0.9 * width / count:
        rotation, needed = 90, 1.25 * points
        if longest > ROOM_FOR_NAMES * figure_height:
            below, rotation = [str(i) for i in range(1, count + 1)], 0
            needed = text_width(below[-1], points) + points / 2
            names = [f"{name}  {number}" for name, number in zip(names, below, strict=True)]
            axes.set_xlabel("predicted label, by number")
    axes.set_xticks(range(count), labels=below, rotation=rotation)
    axes.set_yticks(range(count), labels=names)
    width, height = laid_out_size(axes)
    across, down = math.ceil(needed * count / width), math.ceil(1.25 * points * count / height)
    axes.set_xticks(range(0, count, across), labels=below[::across], rotation=rotation)
    axes.set_yticks(range(0, count, down), labels=names[::down])
