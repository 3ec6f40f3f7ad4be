"""The figures of `evaluate`: which class is taken for which, and photos in rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnn_sign_digits.rendering import Images
from nn_core.arrays import Labels
from nn_core.cli.plots import new_figure, save_figure

MISTAKES = 40
"""Photos that fit on a sheet."""
_COLUMNS = 8
_WRITTEN = 20
"""Classes up to which each square of a confusion matrix has its number in it."""


def draw_confusion(confusion: Labels, classes: tuple[str, ...], path: Path, *, title: str) -> None:
    """A square for each pair of classes, darker for a larger share of the true class."""
    there = confusion.sum(axis=1, keepdims=True)
    shares = confusion / np.maximum(there, 1)
    side = max(4.5, 0.45 * len(classes) + 1.5)
    figure = new_figure(max(side + 1, 0.085 * len(title) + 1), side)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= _WRITTEN:
        for (row, column), count in np.ndenumerate(confusion):
            if count:
                color = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=color, size=8)
    places = range(len(classes))
    turned = 90 if max(map(len, classes)) > 2 else 0
    axes.set_xticks(places, labels=classes, rotation=turned, parse_math=False)
    axes.set_yticks(places, labels=classes, parse_math=False)
    axes.set_xlabel("told class")
    axes.set_ylabel("true class")
    axes.set_title(title, loc="left", size=10, parse_math=False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format="{x:.0%}")
    bar.set_label("share of the true class")
    save_figure(figure, path)


def draw_photos(x: Images, captions: Sequence[str], path: Path, *, title: str) -> None:
    """Photos (N, H, W, 3) in rows, each with a line above it."""
    rows = -(-len(x) // _COLUMNS)
    columns = min(_COLUMNS, len(x))
    figure = new_figure(max(4.0, 1.35 * columns, 0.085 * len(title)), 1.6 * rows + 0.5)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.axis("off")
    for axes, photo, caption in zip(panels.flat, x, captions, strict=False):
        axes.imshow(photo)
        axes.set_title(caption, size=8, parse_math=False)
    figure.suptitle(title, size=10, parse_math=False)
    save_figure(figure, path)
