"""`dino-gen hidden-states`."""

from pathlib import Path

import numpy as np
import pytest
from commands import DINO, SMALL, names_file, notes, train
from matplotlib.axes import Axes
from matplotlib.figure import Figure


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(DINO, tmp_path_factory.mktemp("names"), "--layers", 2, "--epochs", 30)


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def image_shape(axes: Axes) -> tuple[int, ...]:
    data = axes.images[0].get_array()
    assert data is not None
    return data.shape


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, which are not saved."""
    saved: list[Figure] = []
    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: saved.append(figure))
    return saved


def test_table(model: Path) -> None:
    lines = DINO.succeed("hidden-states", "Kira", "--model", model).stdout.splitlines()
    assert lines[0].split() == ["read", "next", "probability", "most", "likely"]
    assert [line.split()[0] for line in lines[2:]] == ["k", "ki", "kir", "kira"]
    assert lines[-1].split()[1] == "end"


def test_json(model: Path, tmp_path: Path) -> None:
    found = DINO.json("hidden-states", "Kira", "--model", model, "--layer", 1)
    assert found["layer"] == 1
    assert [step["next"] for step in found["steps"]] == ["k", "i", "r", "a", ""]
    assert np.shape(found["states"]) == (5, 8)
    for step in found["steps"]:
        p = [each["probability"] for each in step["most_likely"]]
        assert p == sorted(p, reverse=True)
    assert (tmp_path / "hidden-states.png").read_bytes().startswith(b"\x89PNG")


def test_figure(model: Path, figures: list[Figure]) -> None:
    DINO.succeed("hidden-states", "Kira", "--model", model)
    (figure,) = figures
    states, following = figure.axes[:2]
    assert image_shape(states) == (8, 5)
    assert states.images[0].get_clim() == (-1, 1)
    assert image_shape(following) == (18, 5)
    assert following.images[0].get_clim() == (0, 1)
    read = [text.get_text() for text in following.get_xticklabels()]
    assert read == ["start", "k", "i", "r", "a"]
    letters = [text.get_text() for text in following.get_yticklabels()]
    marked = [letters[int(y)] for y in np.asarray(following.lines[0].get_ydata())]
    assert marked == ["k", "i", "r", "a", "end"]


@pytest.mark.parametrize("units", [1, 20, 21, 300])
def test_at_most_twenty_units_are_numbered(figures: list[Figure], tmp_path: Path, units: int) -> None:
    model = train(DINO, tmp_path, "--hidden", units, "--epochs", 1)
    DINO.succeed("hidden-states", "a", "--model", model)
    ticks = [text.get_text() for text in figures[0].axes[0].get_yticklabels()]
    assert len(ticks) <= 21
    assert ticks[0] == "1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "the name is empty"),
        ("Kir4", "a name cannot start with 'Kir4': unknown 4; choose from a b"),
        ("ki ra", "unknown ' '; choose from"),
        ("a" * 61, "a name of 61 letters is too long to plot; the limit is 60"),
    ],
)
def test_invalid_names(model: Path, tmp_path: Path, name: str, said: str) -> None:
    assert said in DINO.refusal("hidden-states", name, "--model", model, status=2)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_that_does_not_exist(model: Path) -> None:
    line = DINO.refusal("hidden-states", "a", "--model", model, "--layer", 3, status=2)
    assert line == "no recurrent layer 3; the network has 2"


def test_a_name_in_another_form_of_unicode(tmp_path: Path, figures: list[Figure]) -> None:
    names = names_file(tmp_path / "accents.txt", ["zoé", "rené", "andré", "josé", "chloé"])
    notes(DINO, "train", "--data", names, "--epochs", 1, *SMALL, "--save", "m.h5")
    found = DINO.json("hidden-states", "Zoe\u0301", "--model", "m.h5")
    assert [step["read"] for step in found["steps"]] == ["", "z", "zo", "zoé"]
