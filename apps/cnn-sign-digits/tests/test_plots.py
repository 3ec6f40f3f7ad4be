"""Grids of photos: as many as can be read, and as large as possible."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from cnn_sign_digits.plots import plot_mistakes
from nn_core.plots import FigureFile, figure_files
from nn_core.plots.legibility import flaws
from nn_core.plots.styles import LEAST_POINTS

LONG = ("a class name of 40 letters with $x$ 100%", "golden \\retriever\nand other dogs")


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (6, (2, 3)), (40, (3, 7))])
@pytest.mark.parametrize("names", [("3", "8"), LONG])
def test_mistakes_on_a_slide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, shape: tuple[int, int], names: tuple[str, str]
) -> None:
    drawn: list[Figure] = []
    save = figure_files.save_figure
    monkeypatch.setattr(
        figure_files, "save_figure", lambda figure, path, **looks: (save(figure, path, **looks), drawn.append(figure))
    )
    file = FigureFile(tmp_path / "a.png", "slide")
    photos = np.zeros((count, 8, 8, 3), np.uint8)
    plot_mistakes(photos, [(*names, 0.9)] * count, file, data="hands", counts=(count, 2000))
    [figure] = drawn
    assert flaws(figure, least_points=LEAST_POINTS) == []
    grid = figure.axes[0].get_subplotspec().get_gridspec()  # type: ignore[union-attr]
    if names != LONG:
        assert (grid.nrows, grid.ncols) == shape
        assert (f"the {shape[0] * shape[1]} most" in figure.get_suptitle()) is (count > shape[0] * shape[1])
