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
    states, predictions = figure.axes[:2]
    assert image_shape(states) == (8, 5)
    assert states.images[0].get_clim() == (-1, 1)
    assert image_shape(predictions) == (4, 5)
    assert predictions.images[0].get_clim() == (0, 1)
    read = [text.get_text() for text in predictions.get_xticklabels()]
    assert read == ["start", "k", "i", "r", "a"]
    rows = [text.get_text() for text in predictions.get_yticklabels()]
    assert rows == ["actual", "1st guess", "2nd", "3rd"]
    actual = [text.get_text().split()[0] for text in predictions.texts if text.get_position()[1] == 0]
    assert actual == ["k", "i", "r", "a", "end"]
    shown = {text.get_position(): text.get_text().split()[0] for text in predictions.texts}
    right = {place for place, letter in shown.items() if place[1] and letter == actual[int(place[0])]}
    assert {(box.get_x() + 0.46, box.get_y() + 0.44) for box in predictions.patches} == right  # type: ignore[attr-defined]


def test_units_that_vary_most(model: Path, figures: list[Figure]) -> None:
    found = DINO.json("hidden-states", "Kira", "--model", model, "--units", 3)
    variances = np.var(found["states"], axis=0)
    assert len(found["states"][0]) == 8
    assert found["units"] == sorted(int(unit) + 1 for unit in np.argsort(-variances)[:3])
    labels = [text.get_text() for text in figures[0].axes[0].get_yticklabels()]
    assert labels == [str(unit) for unit in found["units"]]


@pytest.mark.parametrize(("units", "shown"), [("3,1,3", [3, 1]), ("7,", [7]), ("9", list(range(1, 9)))])
def test_chosen_units(model: Path, figures: list[Figure], units: str, shown: list[int]) -> None:
    found = DINO.json("hidden-states", "Kira", "--model", model, "--units", units)
    assert found["units"] == shown
    data = figures[0].axes[0].images[0].get_array()
    assert data is not None
    np.testing.assert_allclose(data, np.array(found["states"]).T[np.array(shown) - 1])


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ("0", "units are counted from 1"),
        ("two", "'two' is not a number of units such as 12, or a list of them such as 3,7,40"),
        ("", "is not a number of units"),
        ("3,9", "no unit 9; the layer has 8"),
    ],
)
def test_units_that_do_not_exist(model: Path, units: str, said: str) -> None:
    assert said in DINO.refusal("hidden-states", "Kira", "--model", model, "--units", units, status=2)


def test_gates(model: Path, figures: list[Figure], tmp_path: Path) -> None:
    found = DINO.json("hidden-states", "Kira", "--model", model, "--gates")
    assert list(found["gates"]) == ["update", "reset"]
    gates = figures[0].axes[1]
    assert image_shape(gates) == (6, 5)
    assert gates.images[0].get_clim() == (0, 1)
    plain = train(DINO, tmp_path, "--cell", "rnn", name="rnn.h5")
    line = DINO.refusal("hidden-states", "Kira", "--model", plain, "--gates", status=2)
    assert line == "--gates: the layer is a plain RNN, which has no gates"


def test_the_gate_drawn_is_that_of_the_units(figures: list[Figure], tmp_path: Path) -> None:
    model = train(DINO, tmp_path, "--hidden", 4, "--cell", "gru", "--epochs", 1)
    found = DINO.json("hidden-states", "ab", "--model", model, "--gates", "--units", "2,4")
    drawn = np.asarray(figures[0].axes[1].images[0].get_array())
    assert drawn.shape == (2, 3)
    assert found
    assert 0 <= drawn.min() <= drawn.max() <= 1
    assert not np.allclose(drawn, np.asarray(figures[0].axes[0].images[0].get_array()))


@pytest.mark.parametrize(
    "units", [pytest.param(1, marks=pytest.mark.slow), 12, pytest.param(50, marks=pytest.mark.slow)]
)
def test_at_most_twelve_units_are_numbered(figures: list[Figure], tmp_path: Path, units: int) -> None:
    model = train(DINO, tmp_path, "--hidden", units, "--epochs", 1)
    DINO.succeed("hidden-states", "a", "--model", model, "--units", 1000, "--style", "slide")
    ticks = [text.get_text() for text in figures[0].axes[0].get_yticklabels()]
    assert len(ticks) <= 12
    assert ticks[0] == "1"
    assert figures[0].get_size_inches().tolist() == pytest.approx([40 / 3, 7.5])


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
