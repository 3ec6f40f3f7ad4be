"""Figures of `evaluate`, `predict` and `make-data`: photos in a grid."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels
from nn_core.plots import drawing
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

Images = npt.NDArray[np.uint8]

MAX_MISTAKES = 40
"""Maximum number of photos in the figure of mistakes."""
MAX_INPUTS = 64
"""Maximum number of photos in the figure of inputs."""
_COLUMNS = 8
_NAME = 18
"""Maximum length of a file name above a photo."""


def plot_photos(x: Images, captions: Sequence[str], path: "FigureFile | Path", *, title: str) -> None:
    """Photos (N, H, W, 3) in a grid, each with a caption above it."""
    rows = -(-len(x) // _COLUMNS)
    columns = min(_COLUMNS, len(x))
    with drawing(path, max(4.0, 1.35 * columns), 1.6 * rows + 0.6, title=title) as figure:
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes in panels.flat:
            axes.axis("off")
        for axes, photo, caption in zip(panels.flat, x, captions, strict=False):
            axes.imshow(photo)
            axes.set_title(caption, size="small", parse_math=False)


def plot_inputs(x: Images, answers: Sequence[Mapping[str, Any]], path: "FigureFile | Path") -> None:
    """Photos (N, H, W, 3) as a network sees them, each with its file name and predicted class."""
    shown = min(len(x), MAX_INPUTS)
    captions = []
    for answer in answers[:shown]:
        name = printable(Path(answer["file"]).name)
        name = name if len(name) <= _NAME else f"{name[: _NAME - 7]}...{name[-4:]}"
        unlike = " (unlike)" if answer["rejected"] else ""
        captions.append(f"{name}\n{answer['class']}, {answer['probability']:.1%}{unlike}")
    height, width = x.shape[1:3]
    count = f", first {shown} of {len(x):,} photos" if shown < len(x) else ""
    unlike = "; (unlike): unlike anything trained on" if any(answer["rejected"] for answer in answers[:shown]) else ""
    title = f"Input of the network, {width} x {height} pixels{count}\nfile; predicted class, probability{unlike}"
    plot_photos(x[:shown], captions, path, title=title)


def plot_samples(x: Images, y: Labels, path: "FigureFile | Path", *, columns: int = 12) -> None:
    """The first images of each digit, a row per digit; missing images are white."""
    size, columns = x.shape[1], min(columns, np.bincount(y).max())
    grid = np.full((10, size, columns, size, 3), 255, np.uint8)
    for digit in range(10):
        for column, image in enumerate(x[y == digit][:columns]):
            grid[digit, :, column] = image
    with drawing(path, 0.75 * columns + 0.4, 7.5, title="Synthetic hands, a row for each digit") as figure:
        axes = figure.subplots()
        axes.imshow(grid.reshape(10 * size, columns * size, 3))
        axes.set_yticks([size * (digit + 0.5) for digit in range(10)], labels=list("0123456789"))
        axes.set_xticks([])
        axes.set_ylabel("digit")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
