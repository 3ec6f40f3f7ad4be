"""A folder with models and a photo, and figures that are not written."""

from pathlib import Path

import pytest
from figures import Figures
from matplotlib.figure import Figure
from photos import photo, pixels
from small_models import network_of, save


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for preset in ("classic", "accurate"):
        save(folder / f"{preset}.h5", network_of(preset))
    return folder


@pytest.fixture
def here(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with classic.h5, accurate.h5 and photo.png."""
    monkeypatch.chdir(tmp_path)
    for path in models.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    photo(tmp_path / "photo.png", pixels(1, 80, 100, 3)[0])
    return tmp_path


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Figures:
    """The figures that would have been saved."""
    saved: Figures = []

    def save_figure(figure: Figure, path: Path, dpi: int = 0) -> None:
        saved.append(figure)

    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", save_figure)
    return saved
