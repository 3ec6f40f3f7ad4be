"""`dino-gen novelty`."""

from pathlib import Path

import numpy as np
import pytest
from commands import DINO, train
from matplotlib.figure import Figure
from small_models import names_drawn

from char_rnn_dino.model import load_model
from char_rnn_dino.training_data import names_of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(DINO, tmp_path_factory.mktemp("names"), "--layers", 2, "--epochs", 30)


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_at_temperature_0_all_names_are_the_same(model: Path) -> None:
    found = DINO.json("novelty", "--model", model, "--count", 80, "--temperatures", "0,1")
    names = names_of(load_model(model, DINO.name))
    assert found["training_names"] == len(names.training) == 36
    assert found["count"] == 80
    greedy = DINO.succeed("--model", model, "--temperature", 0, "--count", 1).stdout
    cold, warm = found["rows"]
    name = greedy.strip().lower()
    assert cold["temperature"] == 0
    assert cold["duplicates"] == pytest.approx(79 / 80)
    assert cold["copies"] == (name in names.training)
    assert cold["length"] == len(name)
    assert (cold["distance"] == 0) == (name in names.training + names.validation)
    assert warm["duplicates"] < cold["duplicates"]


def test_copies_are_training_names_and_not_validation_names(tmp_path: Path) -> None:
    well = ("--epochs", 60, "--hidden", 24, "--learning-rate", 0.02)
    model = train(DINO, tmp_path, *well)
    asked = ("--model", model, "--count", 300, "--temperatures", 0.7, "--seed", 5)
    (row,) = DINO.json("novelty", *asked)["rows"]
    loaded = load_model(model, DINO.name)
    training = names_of(loaded).training
    (rng,) = np.random.default_rng(5).spawn(1)
    names = names_drawn(loaded.network, loaded.vocabulary, "", 300, rng=rng, temperature=0.7)
    assert 0 < row["copies"] == pytest.approx(sum(name in training for name in names) / 300)


def test_table_and_figure(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: figures.append(figure))
    asked = ("--model", model, "--count", 30, "--temperatures", "1.5,0.5")
    lines = DINO.succeed("novelty", *asked, "--figure", "n.png").stdout.splitlines()
    assert lines[0].endswith("names.txt: 36 training names; 30 generated per temperature")
    assert lines[1].split() == ["temperature", "copies", "duplicates", "cut", "distance", "length"]
    assert [line.split()[0] for line in lines[2:]] == ["1.5", "0.5"]
    (figure,) = figures
    assert [axes.get_xlabel() for axes in figure.axes] == ["temperature", "temperature"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["fraction of generated names", "mean (letters)"]
    for axes in figure.axes:
        for line in axes.lines:
            assert np.asarray(line.get_xdata()).tolist() == [0.5, 1.5]


def test_a_seed_reproduces_the_table(model: Path) -> None:
    asked = ("novelty", "--model", model, "--count", 40, "--temperatures", "1")
    one, again, other = (DINO.json(*asked, "--seed", seed) for seed in (1, 1, 2))
    assert one == again != other


def test_the_default_figure(model: Path, tmp_path: Path) -> None:
    DINO.succeed("novelty", "--model", model, "--count", 5, "--temperatures", "1")
    assert (tmp_path / "novelty.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("wrong", ["", "1,,2", "a", "-1", "nan", "1;2"])
def test_invalid_temperatures(wrong: str) -> None:
    assert "'--temperatures'" in DINO.refusal("novelty", "--temperatures", wrong, status=2)


def test_a_figure_that_would_overwrite_the_model(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("x")
    line = DINO.refusal("novelty", "--model", "m.png", "--figure", "m.png", "--force", status=2)
    assert "--figure would overwrite --model" in line
