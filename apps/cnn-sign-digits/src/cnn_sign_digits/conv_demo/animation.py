"""The steps of a convolution, as an animation or one still figure."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_sign_digits.conv_demo.scenes import HEIGHT, WIDTH, Scene
from nn_core.plots import FigureFile, animations, canvas, write_around
from nn_core.plots.figure_files import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FRAME_MS = 700


def write_step(file: FigureFile, draw: "Callable[[Figure], Scene]", step: int, *, title: str) -> None:
    """Write a single step, counted from 0, as a figure. Raises OSError."""
    with canvas(file, WIDTH, HEIGHT) as figure:
        write_around(figure, title if file.title is None else file.title, "")
        draw(figure).show(step)
        save_figure(figure, file.path, dpi=int(figure.dpi))


def write_animation(
    file: FigureFile, draw: "Callable[[Figure], Scene]", *, title: str, folder: Path | None = None
) -> int:
    """Write a looping .gif or an .mp4 with a frame per step; see `nn_core.plots.animations`."""
    return animations.write_animation(
        file, draw, width=WIDTH, height=HEIGHT, title=title, frame_ms=FRAME_MS, folder=folder
    )
