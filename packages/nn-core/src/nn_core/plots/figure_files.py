"""Figures as files: size, title, fonts, and the atomic write."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nn_core.plots.styles import STYLES, new_figure, styled
from nn_core.progress import job
from nn_core.registry import require
from nn_core.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".jpg", ".jpeg", ".svg", ".pdf")
MAX_PIXELS = 20_000
"""Most pixels along a side."""
LEAST_FOR_NOTES = 180.0
"""Smaller figures, in points, have no note below the plots."""
SUMMARY_KEY = "nn-core data"
"""Where a PNG file has the summary of what it shows."""


@dataclass(frozen=True)
class FigureFile:
    """A figure to write, and what the user chose of its looks.

    size   width and height in inches; None for those of the style, or else of the plot
    dpi    pixels per inch; None for that of the style
    title  None for that of the plot; "" for none
    """

    path: Path
    style: str = "paper"
    size: tuple[float, float] | None = None
    dpi: int | None = None
    title: str | None = None

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)


@contextlib.contextmanager
def drawing(
    file: FigureFile | Path, width: float, height: float, *, title: str = "", note: str = ""
) -> "Iterator[Figure]":
    """An empty figure to draw on, written to its file at the end of the block.

    width, height  in inches, unless the style or the user says otherwise
    title          what is seen, above all plots; or set by `figure.suptitle` in the block
    note           how to read it, below all plots; or set by `figure.supxlabel` in the block
    Raises OSError if it cannot be written, SettingError if it has too many pixels.
    """
    if not isinstance(file, FigureFile):
        file = FigureFile(Path(file))
    with job("drawing the figure"), canvas(file, width, height) as figure:
        yield figure
        shown = (title or figure.get_suptitle()) if file.title is None else file.title
        write_around(figure, shown, note or figure.get_supxlabel())
        save_figure(figure, file.path, dpi=int(figure.dpi))


@contextlib.contextmanager
def canvas(file: FigureFile, width: float, height: float) -> "Iterator[Figure]":
    """An empty figure with the looks of a file, to be drawn within the block and written by the caller.

    width, height  in inches, unless the style or the user says otherwise
    Raises SettingError if it has too many pixels.
    """
    with styled(file.style) as style:
        size, dpi = file.size or style.size or (width, height), file.dpi or style.dpi
        largest = max(size) * dpi
        require(largest <= MAX_PIXELS, f"a side of {largest:,.0f} pixels is too long; the limit is {MAX_PIXELS:,}")
        figure = new_figure(*size)
        figure.set_dpi(dpi)
        yield figure


def save_figure(figure: "Figure", path: Path, *, dpi: int = STYLES["paper"].dpi) -> None:
    """Write a figure atomically, in the format of its suffix. Raises OSError."""
    from nn_core.plots.axes import lay_out
    from nn_core.plots.drawn_data import summary_text
    from nn_core.plots.fonts import cover_characters

    form = path.suffix[1:].lower()
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": "nn-core", SUMMARY_KEY: summary_text(figure)},
        "svg": {"Date": None, "Creator": "nn-core"},
        "pdf": {"CreationDate": None, "Creator": "nn-core"},
    }
    comment: dict[str, Any] = {"pil_kwargs": {"comment": "nn-core"}} if form in {"jpg", "jpeg"} else {}
    cover_characters(figure)
    buffer = io.BytesIO()
    figure.set_dpi(dpi)
    lay_out(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        figure.savefig(buffer, format=form, dpi=dpi, metadata=metadata.get(form), **comment)
    atomic_write(path, buffer.getvalue())


def write_around(figure: "Figure", title: str, note: str) -> None:
    """Write a title above all plots and a note below them, broken into lines as wide as the figure."""
    from nn_core.plots.fonts import cover_characters
    from nn_core.plots.legends import place_above_legends
    from nn_core.plots.series import muted
    from nn_core.plots.text_sizes import fitted, points_of

    figure.suptitle("")
    figure.supxlabel("")
    width, height = 72 * figure.get_size_inches()
    parts: list[tuple[Any, float, float]] = []
    below: Any = None
    if title:
        parts.append((figure.suptitle(title), points_of("large"), 0.25))
    if note and min(width, height) >= LEAST_FOR_NOTES:
        below = figure.supxlabel(note, size="small", color=muted())
        parts.append((below, points_of("small"), 0.15))
    cover_characters(figure)  # since code points are longer
    for text, points, share in parts:
        lines = max(int(share * height / (1.2 * points)), 1)
        text.set_text(fitted(text.get_text(), width, points, most_lines=lines))
        if text is below:
            place_above_legends(figure, below)
