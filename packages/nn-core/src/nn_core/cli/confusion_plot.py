"""Plot of a confusion matrix."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nn_core.cli.class_report import shortened
from nn_core.plots import drawing

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

MAX_COUNTS = 20
"""Number of classes up to which the counts are written into the matrix."""
MAX_LABELS = 40
"""Most labels along each axis."""


def plot_confusion_matrix(
    confusion: npt.ArrayLike, classes: Sequence[str], path: "FigureFile | Path", *, title: str
) -> None:
    """Counts by true and predicted label, shaded by their fraction of the true class."""
    confusion = np.asarray(confusion)
    totals = confusion.sum(axis=1, keepdims=True)
    fractions = confusion / np.maximum(totals, 1)
    cell = 0.45 if len(classes) <= MAX_COUNTS else 0.25
    side = max(4.5, cell * min(len(classes), MAX_LABELS) + 1.5)
    with drawing(path, side + 1, side, title=title) as figure:
        axes = figure.subplots()
        image = axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
        if len(classes) <= MAX_COUNTS:
            for (row, column), count in np.ndenumerate(confusion):
                if count:
                    color = "white" if fractions[row, column] > 0.5 else "black"
                    axes.text(column, row, f"{count:,}", ha="center", va="center", color=color, size="small")
        ticks = range(0, len(classes), -(-len(classes) // MAX_LABELS))
        labels = [shortened(classes[tick]) for tick in ticks]
        rotation = 90 if max(map(len, labels)) > 2 else 0
        axes.set_xticks(ticks, labels=labels, rotation=rotation, parse_math=False)
        axes.set_yticks(ticks, labels=labels, parse_math=False)
        axes.set_xlabel("predicted label")
        axes.set_ylabel("true label")
        bar = figure.colorbar(image, ax=axes, shrink=0.8, format="{x:.0%}")
        bar.set_label("fraction of the true class")
