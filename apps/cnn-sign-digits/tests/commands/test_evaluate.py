"""`evaluate`, `predict` and `export`: on every kind of photo, and on what is none."""

import h5py
import numpy as np
import pytest
from program import (
    PHOTOS,
    SIGNS,
    contents,
    invoke,
    json_of,
    refusal,
    signs_file,
    succeed,
    trained,
)
from photos import folder_of, hdf5_file, photo, pixels
from PIL import Image

from cnn_sign_digits.model import Model, load_model
from cnn_sign_digits.using import read_photo
from nn_core.losses import softmax_cross_entropy


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that tells the three signs apart."""
    folder = tmp_path_factory.mktemp("model")
    return trained(folder, "--epochs", 30, "--batch-size", 10)


class TestEvaluate:
    def test_what_training_held_back_by_default(self, model):
        result = json_of("evaluate", model)
        assert result["accuracy"] == 1
        assert result["examples"] == 30
        assert result["data"].endswith("signs.h5 (test_set)")
        assert result["confusion"] == [[10, 0, 0], [0, 10, 0], [0, 0, 10]]
        assert result["classes"]["a"] == {"examples": 10, "precision": 1, "recall": 1}

    def test_figures_by_class_when_it_errs(self, model, tmp_path):
        wrong = SIGNS.copy()
        wrong[:3] = [1, 1, 2]  # the first is an "a", said to be a "b"
        data = hdf5_file(tmp_path / "w.h5", [b"a", b"b", b"c"], test_set_x=PHOTOS, test_set_y=wrong)
        result = json_of("evaluate", model, "--data", data)
        assert result["accuracy"] == 29 / 30
        assert result["confusion"] == [[9, 0, 0], [1, 10, 0], [0, 0, 10]]
        assert result["classes"]["a"] == {"examples": 9, "precision": 0.9, "recall": 1}
        assert result["classes"]["b"] == {"examples": 11, "precision": 1, "recall": 10 / 11}
        logits = load_model(model).logits(PHOTOS)
        assert result["loss"] == softmax_cross_entropy(logits, wrong)[0]

    def test_in_words(self, model):
        lines = succeed("evaluate", model).stdout.splitlines()
        assert "30 photos, accuracy 100.00%, loss " in lines[0]
        assert lines[1].split() == ["class", "photos", "precision", "recall"]
        assert lines[2].split() == ["a", "10", "100.0%", "100.0%"]

    def test_a_test_part_alone_with_fewer_classes(self, model, tmp_path):
        some = SIGNS < 2
        data = hdf5_file(
            tmp_path / "t.h5", [b"b", b"a"], test_set_x=PHOTOS[some], test_set_y=1 - SIGNS[some]
        )
        result = json_of("evaluate", model, "--data", data)
        assert (result["accuracy"], result["examples"]) == (1, 20)
        assert result["classes"]["c"] == {"examples": 0, "precision": None, "recall": None}
        assert "\nc           0\n" in succeed("evaluate", model, "--data", data).stdout

    def test_of_a_set_with_both_parts_the_test_part(self, model, tmp_path):
        assert json_of("evaluate", model, "--data", signs_file(tmp_path / "s.h5"))["examples"] == 30

    def test_a_folder_of_photos(self, model, tmp_path):
        for i in range(6):
            photo(tmp_path / "f" / "abc"[SIGNS[i]] / f"{i}.png", PHOTOS[i])
        assert json_of("evaluate", model, "--data", tmp_path / "f")["accuracy"] == 1

    def test_figures(self, model, tmp_path):
        wrong = (SIGNS + (np.arange(30) < 12)) % 3
        data = hdf5_file(tmp_path / "w.h5", [b"a", b"b", b"c"], test_set_x=PHOTOS, test_set_y=wrong)
        figures = ("--figure", tmp_path / "c.png", "--mistakes", tmp_path / "m.svg")
        said = succeed("evaluate", model, "--data", data, *figures)
        assert said.stderr.count("wrote ") == 2
        assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
        drawn = (tmp_path / "m.svg").read_text()
        assert "12 of 30 wrong, the surest first" in drawn

    def test_no_mistakes_to_show(self, model, tmp_path):
        said = succeed("evaluate", model, "--mistakes", tmp_path / "m.png")
        assert said.stderr.startswith("no mistakes")
        assert not (tmp_path / "m.png").exists()

    def test_refusals(self, model, tmp_path):
        folder_of(tmp_path / "others", {"7": 2, "8": 2})
        odd = hdf5_file(tmp_path / "odd.h5", test_set_x=pixels(3, 8, 8, 5), test_set_y=[0, 1, 2])
        for data, words in {
            tmp_path / "others": "class '7' is unknown to the model",
            tmp_path / "none": "no such file",
            "synthetic": "class '3' is unknown to the model",
            odd: "5 channels",
        }.items():
            assert words in refusal("evaluate", model, "--data", data, status=1)

    def test_training_photos_that_are_gone_or_changed(self, tmp_path):
        model = trained(tmp_path)
        signs_file(tmp_path / "signs.h5", photos=PHOTOS[::-1])
        assert "is not the data" in refusal("evaluate", model, status=1)
        (tmp_path / "signs.h5").unlink()
        assert "name other --data" in refusal("evaluate", model, status=1)


class TestPredict:
    @pytest.fixture
    def photos(self, tmp_path):
        return [photo(tmp_path / f"{i}.png", PHOTOS[i]) for i in range(3)]

    def test_the_three_likeliest(self, model, photos):
        lines = succeed("predict", *photos, "--model", model).stdout.splitlines()
        assert [line.split()[1] for line in lines] == ["a", "b", "c"]
        assert all(line.count("%") == 3 for line in lines)

    def test_json(self, model, photos):
        (answer, *_) = answers = json_of("predict", *photos, "--model", model)
        assert [a["class"] for a in answers] == ["a", "b", "c"]
        assert answer["file"] == str(photos[0])
        assert set(answer["probabilities"]) == set("abc")
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
        assert [top["probability"] for top in answer["top"]] == sorted(
            answer["probabilities"].values(), reverse=True
        )
        assert answer["top"][0] == {"class": "a", "probability": answer["probability"]}

    def test_photos_of_any_kind_and_size(self, model, tmp_path):
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
        told = [answer["class"] for answer in json_of("predict", *files, "--model", model)]
        assert told[:5] == ["b"] * 5
        assert len(told) == 6

    def test_files_that_are_no_photos(self, model, tmp_path, photos):
        (tmp_path / "a.txt").write_text("hello")
        (tmp_path / "empty.png").write_bytes(b"")
        (tmp_path / "cut.png").write_bytes(photos[0].read_bytes()[:-400])
        for name in ("a.txt", "empty.png", "cut.png", "none.png"):
            line = refusal("predict", photos[0], tmp_path / name, "--model", model, status=1)
            assert name in line
        assert "is a directory" in refusal("predict", tmp_path, "--model", model, status=1)
        assert "Missing argument" in refusal("predict", status=2)

    def test_models_that_are_none(self, photos, model, tmp_path):
        cut = tmp_path / "cut.h5"
        cut.write_bytes(model.read_bytes()[:2000])
        other = tmp_path / "other.h5"
        with h5py.File(other, "w") as file:
            file.attrs.update(format="nn-core checkpoint", version=1, program="deep-nn")
        for path, words in {
            cut: "damaged",
            other: "was written by deep-nn, not by cnn-sign",
            photos[0]: "it is no HDF5 file",
            tmp_path / "none.h5": "No such file",
        }.items():
            assert words in refusal("predict", photos[0], "--model", path, status=1)

    def test_a_square_from_the_middle(self, tmp_path):
        wide = np.zeros((64, 192, 3), np.uint8)
        wide[:, 64:128] = PHOTOS[0]
        np.testing.assert_array_equal(read_photo(photo(tmp_path / "w.png", wide))[0], PHOTOS[0])


class TestExport:
    def test_smaller_and_the_same(self, model, tmp_path):
        small = tmp_path / "small.h5"
        said = succeed("export", model, small).stdout
        assert said.startswith(f"{small}: {small.stat().st_size:,} bytes, from ")
        assert small.stat().st_size < model.stat().st_size / 1.5
        one, other = load_model(model), load_model(small)
        np.testing.assert_array_equal(one.logits(PHOTOS), other.logits(PHOTOS))
        assert isinstance(other, Model)
        assert other.run is None

    def test_never_over_the_model_itself(self, model):
        before = contents(model.parent)
        assert "would overwrite MODEL" in refusal("export", model, model, status=2)
        assert contents(model.parent) == before


def test_without_a_command_it_explains_itself():
    result = invoke()
    assert result.exit_code == 0
    assert "Example: cnn-sign predict photo.jpg" in result.stdout
