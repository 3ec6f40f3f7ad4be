"""Figures of `evaluate`, `predict` and `make-data`: photos in a grid."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Labels
from nn_core.plots import drawing
from nn_core.plots.text_sizes import points_of, text_width
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

Images = npt.NDArray[np.uint8]

MAX_MISTAKES = 40
"""Maximum number of photos in the figure of mistakes."""
MAX_INPUTS = 64
"""Maximum number of photos in the figure of inputs."""
MAX_COLUMNS = 8
PAPER_POINTS = 8.4
"""Size of captions on paper."""
_NAME = 18
"""Maximum length of a file name above a photo."""
LEAST_SIDE = 7.5
"""Least size of a photo, in heights of its caption's letters."""


def plot_photos(x: Images, captions: Sequence[str], path: "FigureFile | Path", *, title: Callable[[int], str]) -> None:
    """Photos (N, H, W, 3) in a grid, each with a caption above it; the first ones, where not all fit.

    title  what is seen, by the number of photos shown
    """
    cell = _cell(captions, PAPER_POINTS)
    columns = min(MAX_COLUMNS, len(x), int(800 // cell[0]))
    rows = -(-len(x) // columns)
    width, height = columns * max(cell[0], 95.0), rows * (max(cell[0], 95.0) + cell[1]) + 45
    with drawing(path, max(6.0, width / 72), height / 72) as figure:
        width, height = 72 * figure.get_size_inches()
        rows, columns = _grid(len(x), width, height - 5 * points_of("small"), _cell(captions, points_of("small")))
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes in panels.flat:
            axes.axis("off")
        for axes, photo, caption in zip(panels.flat, x, captions, strict=False):
            axes.imshow(photo)
            axes.set_title(caption, size="small", loc="center")
        figure.suptitle(title(min(len(x), rows * columns)))


def _cell(captions: Sequence[str], points: float) -> tuple[float, float]:
    """Least width of a photo with its caption, and height of the captions, in points."""
    widest = max(text_width(caption, points) for caption in captions)
    lines = max(caption.count("\n") for caption in captions) + 1
    return max(widest, LEAST_SIDE * points) + points, (1.2 * lines + 1.2) * points


def _grid(count: int, width: float, height: float, cell: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns for as many of the photos as fit, and these as large as possible."""
    most = min(count, MAX_COLUMNS, max(int(width // cell[0]), 1))
    least = LEAST_SIDE * points_of("small") + cell[1]
    shown = min(count, most * max(int(height // least), 1))

    def side(columns: int) -> float:
        return min(width / columns, height / -(-shown // columns) - cell[1])

    columns = max(range(1, most + 1), key=side)
    return -(-shown // columns), columns


def plot_mistakes(
    x: Images,
    answers: Sequence[tuple[str, str, float]],
    path: "FigureFile | Path",
    *,
    data: str,
    counts: tuple[int, int],
) -> None:
    """Misclassified photos (N, H, W, 3), the most confident first.

    answers  true class, predicted class, probability
    data     what was classified
    counts   of mistakes and of all photos
    """
    captions = []
    for true, predicted, p in answers:
        apart = "\n" if len(true) + len(predicted) > 8 else " "
        captions.append(f"{_short(true)}{apart}as {_short(predicted)}, {p:.0%}")
    wrong, total = counts

    def title(shown: int) -> str:
        which = f"the {shown} most confident" if shown < wrong else "most confident first"
        return (
            f"Misclassified photos, {data}: {wrong:,} of {total:,}, {which}\ntrue class as predicted class, probability"
        )

    plot_photos(x, captions, path, title=title)


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."


def plot_inputs(x: Images, answers: Sequence[Mapping[str, Any]], path: "FigureFile | Path") -> None:
    """Photos (N, H, W, 3) as a network sees them, each with its file name and predicted class."""
    captions = []
    for answer in answers[:MAX_INPUTS]:
        name = printable(Path(answer["file"]).name)
        name = name if len(name) <= _NAME else f"{name[: _NAME - 7]}...{name[-4:]}"
        unlike = " (unlike)" if answer["rejected"] else ""
        captions.append(f"{name}\n{_short(answer['class'])}, {answer['probability']:.1%}{unlike}")
    height, width = x.shape[1:3]

    def title(shown: int) -> str:
        count = f", first {shown} of {len(x):,} photos" if shown < len(x) else ""
        some = any(answer["rejected"] for answer in answers[:shown])
        unlike = "; (unlike): unlike anything trained on" if some else ""
        return f"Input of the network, {width} x {height} pixels{count}\nfile; predicted class, probability{unlike}"

    plot_photos(x[:MAX_INPUTS], captions, path, title=title)


def plot_samples(x: Images, y: Labels, path: "FigureFile | Path", *, columns: int = 12) -> None:
    """The first images of each digit, a row per digit; missing images are left out."""
    size, columns = x.shape[1], min(columns, np.bincount(y).max())
    grid = np.zeros((10, size, columns, size, 4), np.uint8)  # transparent
    for digit in range(10):
        for column, image in enumerate(x[y == digit][:columns]):
            grid[digit, :, column, :, :3] = image
            grid[digit, :, column, :, 3] = 255
    with drawing(path, 0.75 * columns + 0.4, 7.5, title="Synthetic hands, a row for each digit") as figure:
        axes = figure.subplots()
        axes.imshow(grid.reshape(10 * size, columns * size, 4))
        axes.set_yticks([size * (digit + 0.5) for digit in range(10)], labels=list("0123456789"))
        axes.set_xticks([])
        axes.set_ylabel("digit")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
