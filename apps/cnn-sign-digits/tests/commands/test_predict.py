"""`predict` on every kind of photo, and on other files."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from photos import photo
from PIL import Image
from program import PHOTOS, invoke, json_of, refusal, succeed, trained

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
        assert name in refusal("predict", tmp_path / name, "--model", model, status=1)
    assert "missing IMAGE|FOLDER...; e.g. cnn-sign predict photo.jpg" in refusal("predict", status=2)


def test_a_broken_photo_is_skipped(model: Path, tmp_path: Path, photos: list[Path]) -> None:
    (tmp_path / "broken.jpg").write_text("x")
    (tmp_path / "empty.jpg").touch()
    files = [photos[0], tmp_path / "broken.jpg", photos[1], tmp_path / "empty.jpg", photos[2]]
    run = invoke("predict", *files, "--model", model)
    assert run.exit_code == 1
    assert [line.split()[1] for line in run.stdout.splitlines()] == ["a", "b", "c"]
    broken, empty = run.stderr.splitlines()
    assert broken.startswith(f"Error: {tmp_path / 'broken.jpg'} is not an image")
    assert empty == f"Error: {tmp_path / 'empty.jpg'} is empty"
    run = invoke("predict", *files, "--model", model, "--json")
    assert run.exit_code == 1
    assert [answer.get("class") for answer in json.loads(run.stdout)] == ["a", None, "b", None, "c"]
    assert json.loads(run.stdout)[3] == {"file": str(files[3]), "error": f"{files[3]} is empty"}


def test_the_photos_of_a_folder(model: Path, tmp_path: Path, photos: list[Path]) -> None:
    photo(tmp_path / "deep" / "9.webp", PHOTOS[1], lossless=True)
    (tmp_path / ".DS_Store").touch()
    answers = json_of("predict", tmp_path, photos[0], "--model", model)
    assert [answer["file"] for answer in answers] == [*map(str, photos), str(tmp_path / "deep" / "9.webp")]
    (tmp_path / "deep" / "notes.txt").touch()
    run = invoke("predict", tmp_path, "--model", model)
    assert run.exit_code == 0
    assert run.stderr.startswith(f"Note: {tmp_path}: skipped 1 file that is not a photo (1 .txt); ")
    (tmp_path / "none").mkdir()
    assert refusal("predict", tmp_path / "none", "--model", model, status=1) == f"{tmp_path / 'none'} has no photos"


def test_a_csv_file(model: Path, tmp_path: Path, photos: list[Path]) -> None:
    (tmp_path / "broken.png").touch()
    out = tmp_path / "out.csv"
    run = invoke("predict", *photos, tmp_path / "broken.png", "--model", model, "--output", out)
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr.splitlines() == [f"wrote {out}: 3 predictions", f"Error: {tmp_path / 'broken.png'} is empty"]
    header, *lines = out.read_text().splitlines()
    assert header == "file,prediction,rejected"
    assert lines == [f"{path},{name},false" for path, name in zip(photos, "abc", strict=True)]
    succeed("predict", *photos, "--model", model, "--output", out, "--proba")
    header, first, *_ = out.read_text().splitlines()
    assert header == "file,prediction,rejected,probability_a,probability_b,probability_c"
    expected = json_of("predict", photos[0], "--model", model)[0]["probabilities"]
    assert [float(cell) for cell in first.split(",")[3:]] == pytest.approx(list(expected.values()))
    printed = succeed("predict", *photos, "--model", model, "--output", "-", "--proba").stdout
    assert printed == out.read_text("utf-8")
    assert "omit one of them" in refusal("predict", *photos, "--output", out, "--json", status=2)


def test_what_the_network_sees(model: Path, tmp_path: Path, photos: list[Path]) -> None:
    drawn = tmp_path.parent / f"{tmp_path.name}.svg"
    said = succeed("predict", tmp_path, "--model", model, "--show-input", drawn)
    assert said.stderr.endswith(f"wrote {drawn}\n")
    text = drawn.read_text()
    assert all(words in text for words in ("0.png", "a, ", "64 x 64 pixels"))
    assert text.count("<image") == 3
    line = refusal("predict", tmp_path, "--model", model, "--show-input", tmp_path / "a.png", status=2)
    assert "--show-input would become one of the photos" in line
    assert "would overwrite" in refusal("predict", *photos, "--show-input", photos[1], "--force", status=2)


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
        tmp_path / "none.h5": "no such file",
    }.items():
        assert words in refusal("predict", photos[0], "--model", path, status=1)


def test_a_square_from_the_middle(tmp_path: Path) -> None:
    wide = np.zeros((64, 192, 3), np.uint8)
    wide[:, 64:128] = PHOTOS[0]
    np.testing.assert_array_equal(read_photo(photo(tmp_path / "w.png", wide))[0], PHOTOS[0])


def test_a_photo_on_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "gray.png"
    Image.new("RGB", (90, 70), "gray").save(path)
    (expected,) = json_of("predict", path)
    done = invoke("predict", "-", "--json", input=path.read_bytes())
    assert json.loads(done.stdout) == [expected | {"file": "-"}]
    done = invoke("predict", "-", input=b"no photo")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: standard input is not an image")
