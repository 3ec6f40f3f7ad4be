"""`evaluate` on every kind of data."""

from pathlib import Path

import numpy as np
import pytest
from photos import folder_of, hdf5_file, photo, pixels
from program import PHOTOS, SIGNS, json_of, refusal, signs_file, succeed, trained

from cnn_sign_digits.model import load_model
from nn_core.losses import softmax_cross_entropy


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies the three signs without error."""
    folder = tmp_path_factory.mktemp("model")
    return trained(folder, "--epochs", 30, "--batch-size", 10)


def test_by_default_the_validation_set_of_the_training(model: Path) -> None:
    result = json_of("evaluate", "--model", model)
    assert result["accuracy"] == 1
    assert result["examples"] == 30
    assert result["data"].endswith("signs.h5 (test_set)")
    assert result["confusion"] == [[10, 0, 0], [0, 10, 0], [0, 0, 10]]
    assert result["classes"]["a"] == {"examples": 10, "precision": 1, "recall": 1, "f1": 1}


def test_precision_and_recall_by_class(model: Path, tmp_path: Path) -> None:
    wrong = SIGNS.copy()
    wrong[:3] = [1, 1, 2]  # the first is an "a", labeled "b"
    data = hdf5_file(tmp_path / "w.h5", [b"a", b"b", b"c"], test_set_x=PHOTOS, test_set_y=wrong)
    result = json_of("evaluate", "--model", model, "--data", data)
    assert result["accuracy"] == 29 / 30
    assert result["confusion"] == [[9, 0, 0], [1, 10, 0], [0, 0, 10]]
    assert result["classes"]["a"] == {"examples": 9, "precision": 0.9, "recall": 1, "f1": 18 / 19}
    assert result["classes"]["b"] == {"examples": 11, "precision": 1, "recall": 10 / 11, "f1": 20 / 21}
    log_p = load_model(model).log_probabilities(PHOTOS)
    assert result["loss"] == softmax_cross_entropy(log_p, wrong)[0]


def test_the_report(model: Path) -> None:
    lines = succeed("evaluate", "--model", model).stdout.splitlines()
    assert "30 photos, accuracy 100.00%, loss " in lines[0]
    assert lines[1] == "majority-class baseline (always 'a'): accuracy 33.33%"
    assert lines[2].split() == ["class", "photos", "precision", "recall", "F1"]
    assert lines[3].split() == ["a", "10", "100.0%", "100.0%", "100.0%"]


def test_a_test_set_with_fewer_classes(model: Path, tmp_path: Path) -> None:
    some = SIGNS < 2
    data = hdf5_file(tmp_path / "t.h5", [b"b", b"a"], test_set_x=PHOTOS[some], test_set_y=1 - SIGNS[some])
    result = json_of("evaluate", "--model", model, "--data", data)
    assert (result["accuracy"], result["examples"]) == (1, 20)
    assert result["classes"]["c"] == {"examples": 0, "precision": None, "recall": None, "f1": None}
    assert "\nc                   0\n" in succeed("evaluate", "--model", model, "--data", data).stdout


def test_of_two_sets_the_test_set(model: Path, tmp_path: Path) -> None:
    assert json_of("evaluate", "--model", model, "--data", signs_file(tmp_path / "s.h5"))["examples"] == 30


def test_a_folder_of_photos(model: Path, tmp_path: Path) -> None:
    for i in range(6):
        photo(tmp_path / "f" / "abc"[SIGNS[i]] / f"{i}.png", PHOTOS[i])
    assert json_of("evaluate", "--model", model, "--data", tmp_path / "f")["accuracy"] == 1


def test_figures(model: Path, tmp_path: Path) -> None:
    wrong = (SIGNS + (np.arange(30) < 12)) % 3
    data = hdf5_file(tmp_path / "w.h5", [b"a", b"b", b"c"], test_set_x=PHOTOS, test_set_y=wrong)
    figures = ("--figure", tmp_path / "c.png", "--mistakes", tmp_path / "m.svg")
    said = succeed("evaluate", "--model", model, "--data", data, *figures)
    assert said.stderr.count("wrote ") == 2
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    drawn = (tmp_path / "m.svg").read_text()
    assert ": 12 of 30, most confident first" in drawn


def test_no_mistakes_to_plot(model: Path, tmp_path: Path) -> None:
    said = succeed("evaluate", "--model", model, "--mistakes", tmp_path / "m.png")
    assert said.stderr.splitlines()[-1].startswith("no mistakes")
    assert not (tmp_path / "m.png").exists()


def test_refusals(model: Path, tmp_path: Path) -> None:
    folder_of(tmp_path / "others", {"7": 2, "8": 2})
    odd = hdf5_file(tmp_path / "odd.h5", test_set_x=pixels(3, 8, 8, 5), test_set_y=[0, 1, 2])
    for data, words in {
        tmp_path / "others": "class '7' is unknown to the model",
        tmp_path / "none": "no such file",
        "synthetic:count=20": "class '3' is unknown to the model",
        odd: "channels, not 5",
    }.items():
        assert words in refusal("evaluate", "--model", model, "--data", data, status=1)


def test_training_photos_that_are_gone_or_changed(tmp_path: Path) -> None:
    model = trained(tmp_path)
    signs_file(tmp_path / "signs.h5", photos=PHOTOS[::-1])
    assert "is not the data" in refusal("evaluate", "--model", model, status=1)
    (tmp_path / "signs.h5").unlink()
    assert "give --data instead" in refusal("evaluate", "--model", model, status=1)
