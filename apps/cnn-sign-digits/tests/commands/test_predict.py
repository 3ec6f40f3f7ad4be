"""`predict` on every kind of photo, and on other files."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from photos import photo
from PIL import Image
from program import PHOTOS, json_of, refusal, succeed, trained

from cnn_sign_digits.model import read_photo


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies the three signs without error."""
    folder = tmp_path_factory.mktemp("model")
    return trained(folder, "--epochs", 30, "--batch-size", 10)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [photo(tmp_path / f"{i}.png", PHOTOS[i]) for i in range(3)]


def test_the_three_likeliest(model: Path, photos: list[Path]) -> None:
    lines = succeed("predict", *photos, "--model", model).stdout.splitlines()
    assert [line.split()[1] for line in lines] == ["a", "b", "c"]
    assert all(line.count("%") == 3 for line in lines)


def test_json(model: Path, photos: list[Path]) -> None:
    (answer, *_) = answers = json_of("predict", *photos, "--model", model)
    assert [a["class"] for a in answers] == ["a", "b", "c"]
    assert answer["file"] == str(photos[0])
    assert set(answer["probabilities"]) == set("abc")
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert [top["probability"] for top in answer["top"]] == sorted(answer["probabilities"].values(), reverse=True)
    assert answer["top"][0] == {"class": "a", "probability": answer["probability"]}


def test_photos_of_any_kind_and_size(model: Path, tmp_path: Path) -> None:
    image = Image.fromarray(PHOTOS[1])
    kinds = {
        "gray.png": image.convert("L"),
        "alpha.png": image.convert("RGBA"),
        "palette.gif": image.convert("P"),
        "large.jpg": image.resize((8000, 6300)),
        "wide.png": Image.fromarray(np.pad(PHOTOS[1], ((0, 0), (30, 30), (0, 0)))),
        "pixel.png": image.resize((1, 1)),
    }
    files = [photo(tmp_path / name, kind) for name, kind in kinds.items()]
    predicted = [answer["class"] for answer in json_of("predict", *files, "--model", model)]
    assert predicted[:5] == ["b"] * 5
    assert len(predicted) == 6


def test_files_that_are_no_photos(model: Path, tmp_path: Path, photos: list[Path]) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes(photos[0].read_bytes()[:-400])
    for name in ("a.txt", "empty.png", "cut.png", "none.png"):
        line = refusal("predict", photos[0], tmp_path / name, "--model", model, status=1)
        assert name in line
    assert "is a directory" in refusal("predict", tmp_path, "--model", model, status=1)
    assert "Missing argument" in refusal("predict", status=2)


def test_models_that_are_none(photos: list[Path], model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.h5"
    cut.write_bytes(model.read_bytes()[:2000])
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file.attrs.update(format="nn-core checkpoint", version=1, program="deep-nn")
    for path, words in {
        cut: "damaged",
        other: "was written by deep-nn, not by cnn-sign",
        photos[0]: "is not a checkpoint (not HDF5)",
        tmp_path / "none.h5": "No such file",
    }.items():
        assert words in refusal("predict", photos[0], "--model", path, status=1)


def test_a_square_from_the_middle(tmp_path: Path) -> None:
    wide = np.zeros((64, 192, 3), np.uint8)
    wide[:, 64:128] = PHOTOS[0]
    np.testing.assert_array_equal(read_photo(photo(tmp_path / "w.png", wide))[0], PHOTOS[0])
