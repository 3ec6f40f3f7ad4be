"""The commands that use a trained network, look inside it, or list and fetch data."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import (
    CATS,
    PHOTOS,
    POINTS,
    SIDES,
    THIRDS,
    invoke,
    json_of,
    refusal,
    succeed,
    trained,
    write_cats,
    write_csv,
    write_npz,
)
from PIL import Image

from deep_nn.data import FETCHED
from deep_nn.dataset import Dataset
from deep_nn.generated import GENERATED
from deep_nn.looking import check_gradients_command
from deep_nn.model import load_model, prepare
from deep_nn.using import evaluation_data
from nn_core.cli.download import RemoteDataset
from nn_core.errors import GradientError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of two classes and three, of columns and of photos, and what they learned from."""
    folder = tmp_path_factory.mktemp("models")
    write_cats(folder / "photos.h5", "train")
    write_cats(folder / "test.h5", "test")
    write_csv(folder / "sides.csv", SIDES, "lr")
    write_csv(folder / "thirds.csv", THIRDS, "abc")
    trained(folder / "moons.h5", "--epochs", 20)
    trained(folder / "blobs.h5", "--data", "blobs", "--epochs", 3)
    trained(folder / "sides-model.h5", "--data", folder / "sides.csv", "--epochs", 40)
    trained(folder / "thirds-model.h5", "--data", folder / "thirds.csv", "--epochs", 60)
    trained(folder / "cats.h5", "--data", folder / "photos.h5", "--epochs", 30)
    return folder


class TestEvaluate:
    def test_by_default_it_judges_by_what_the_training_held_back(self, tmp_path: Path) -> None:
        saved = ("--save", tmp_path / "m.h5")
        said = json_of("train", "--epochs", 3, "--seed", 4, "--validation", "0.3", *saved)
        found = json_of("evaluate", tmp_path / "m.h5")
        assert found["accuracy"] == said["validation_accuracy"]
        assert found["loss"] == said["validation_loss"]
        assert found["examples"] == 150

    def test_a_test_file_of_the_training_is_remembered(self, folder: Path, tmp_path: Path) -> None:
        data = ("--data", folder / "photos.h5", "--test", folder / "test.h5")
        said = json_of("train", *data, "--epochs", 2, "--save", tmp_path / "m.h5")
        found = json_of("evaluate", tmp_path / "m.h5")
        assert found["loss"] == said["validation_loss"]
        assert "test.h5" in found["data"]

    def test_scripts_get_one_object_with_accuracy_and_loss(self, folder: Path) -> None:
        result = succeed("evaluate", folder / "cats.h5", "--data", folder / "test.h5", "--json")
        assert len(result.stdout.splitlines()) == 1
        assert result.stderr == ""
        found = json_of("evaluate", folder / "cats.h5", "--data", folder / "test.h5")
        assert set(found) >= {"accuracy", "loss"}
        assert found["accuracy"] > 0.9
        assert 0 <= found["loss"] < 0.7
        assert found["examples"] == len(CATS)

    def test_the_loss_is_the_cross_entropy_of_what_it_predicts(self, folder: Path) -> None:
        path, data = folder / "thirds-model.h5", folder / "thirds.csv"
        found = json_of("evaluate", path, "--data", data)
        rows = json_of("predict", path, data)
        p = [row["probabilities"]["abc"[label]] for row, label in zip(rows, THIRDS, strict=True)]
        assert found["loss"] == pytest.approx(-np.mean(np.log(p)), rel=1e-5)
        right = [row["class"] == "abc"[label] for row, label in zip(rows, THIRDS, strict=True)]
        assert found["accuracy"] == np.mean(right)

    def test_points_made_here_are_other_points_than_those_trained_on(self, folder: Path) -> None:
        found = json_of("evaluate", folder / "moons.h5", "--data", "moons")
        assert found["examples"] == 500
        assert found["accuracy"] > 0.8
        model = load_model(folder / "moons.h5")
        seen = prepare(model.settings).splits
        known = np.concatenate([seen.train.x, seen.validation.x])
        judged, _ = evaluation_data(model, "moons")
        assert not np.isin(judged.x, known).any()

    def test_data_that_has_changed_since_is_refused(self, tmp_path: Path) -> None:
        data = write_csv(tmp_path / "points.csv", SIDES)
        path = trained(tmp_path / "m.h5", "--data", data)
        write_csv(data, 1 - SIDES)
        for command in ("evaluate", "boundary"):
            line = refusal(command, path, status=1)
            assert "points.csv is not the data that the model was trained on" in line

    def test_names_of_classes_are_matched_and_not_their_order(
        self, folder: Path, tmp_path: Path
    ) -> None:
        mine = write_csv(tmp_path / "some.csv", SIDES, "lr")
        rows = mine.read_text(encoding="utf-8").splitlines()
        only_right = [row for row in rows[1:] if row.endswith("r")]
        mine.write_text("\n".join(only_right), encoding="utf-8")
        found = json_of("evaluate", folder / "sides-model.h5", "--data", mine)
        assert found["examples"] == len(only_right)
        assert found["accuracy"] > 0.8

    def test_a_person_gets_one_line(self, folder: Path) -> None:
        result = succeed("evaluate", folder / "sides-model.h5", "--data", folder / "sides.csv")
        (line,) = result.stdout.splitlines()
        pattern = r".*sides\.csv: 60 examples, accuracy \d+\.\d\d%, loss [\d.e-]+"
        assert re.fullmatch(pattern, line)

    def test_a_class_that_it_does_not_know_is_refused(self, folder: Path, tmp_path: Path) -> None:
        other = write_csv(tmp_path / "other.csv", THIRDS, "lrx")
        line = refusal("evaluate", folder / "sides-model.h5", "--data", other, status=1)
        assert "class 'x' is unknown to the model, which has 'l', 'r'" in line

    def test_data_of_another_shape_is_refused(self, folder: Path) -> None:
        line = refusal("evaluate", folder / "cats.h5", "--data", folder / "sides.csv", status=1)
        assert "sides.csv" in line


class TestPredict:
    def test_the_photos_that_it_learned_it_knows(self, folder: Path, tmp_path: Path) -> None:
        paths = [tmp_path / f"{i}.png" for i in range(6)]
        for photo, path in zip(PHOTOS, paths, strict=False):
            Image.fromarray(photo).save(path)
        found = json_of("predict", folder / "cats.h5", *paths)
        assert [answer["file"] for answer in found] == [str(path) for path in paths]
        assert [answer["class"] for answer in found] == ["non-cat", "cat"] * 3
        for answer in found:
            assert answer["row"] is None
            assert set(answer["probabilities"]) == {"non-cat", "cat"}
            assert sum(answer["probabilities"].values()) == pytest.approx(1)
            assert answer["probability"] == max(answer["probabilities"].values())
            assert answer["probability"] == answer["probabilities"][answer["class"]]

    @pytest.mark.parametrize(
        ("mode", "size", "name"),
        [
            ("RGB", (300, 200), "large.jpg"),
            ("RGB", (1, 1), "dot.png"),
            ("L", (5, 6), "grey.png"),
            ("RGBA", (50, 60), "clear.png"),
            ("P", (20, 10), "palette.gif"),
            ("1", (9, 9), "ink.bmp"),
            ("CMYK", (9, 9), "print.tiff"),
        ],
    )
    def test_a_picture_of_any_size_and_kind(
        self, folder: Path, tmp_path: Path, mode: str, size: tuple[int, int], name: str
    ) -> None:
        Image.new(mode, size).save(tmp_path / name)
        (answer,) = json_of("predict", folder / "cats.h5", tmp_path / name)
        assert answer["class"] in {"cat", "non-cat"}

    def test_a_csv_gives_a_row_per_row(self, folder: Path, tmp_path: Path) -> None:
        bare = tmp_path / "bare.csv"
        np.savetxt(bare, POINTS[:5], delimiter=",")
        found = json_of("predict", folder / "sides-model.h5", bare)
        assert [answer["row"] for answer in found] == [1, 2, 3, 4, 5]
        labelled = json_of("predict", folder / "sides-model.h5", folder / "sides.csv")
        assert [a["class"] for a in found] == [a["class"] for a in labelled[:5]]
        assert len(labelled) == 60

    def test_a_person_gets_a_table(self, folder: Path, tmp_path: Path) -> None:
        Image.fromarray(PHOTOS[1]).save(tmp_path / "photo.png")
        (line,) = succeed("predict", folder / "cats.h5", tmp_path / "photo.png").stdout.splitlines()
        assert re.fullmatch(r".*photo\.png +cat +\d+\.\d%", line)
        lines = succeed("predict", folder / "thirds-model.h5", folder / "thirds.csv").stdout
        assert "thirds.csv row 60 " in lines.splitlines()[-1]

    def test_three_classes_share_out_the_probability(self, folder: Path) -> None:
        found = json_of("predict", folder / "thirds-model.h5", folder / "thirds.csv")
        for answer in found:
            assert list(answer["probabilities"]) == ["a", "b", "c"]
            assert sum(answer["probabilities"].values()) == pytest.approx(1)

    def test_rows_of_another_width_are_refused(self, folder: Path, tmp_path: Path) -> None:
        for text, columns in (("1\n", 1), ("1,2,3,4\n", 4)):
            (tmp_path / "wide.csv").write_text(text)
            line = refusal("predict", folder / "moons.h5", tmp_path / "wide.csv", status=1)
            assert "the model was trained on 2 columns" in line
            assert f"wide.csv has {columns}" in line

    def test_one_bad_file_means_no_answers(self, folder: Path, tmp_path: Path) -> None:
        Image.new("RGB", (5, 5)).save(tmp_path / "good.png")
        (tmp_path / "bad.png").write_text("no picture")
        files = (tmp_path / "good.png", tmp_path / "bad.png")
        assert "bad.png is not a picture" in refusal(
            "predict", folder / "cats.h5", *files, status=1
        )

    def test_without_a_file_it_is_used_wrongly(self, folder: Path) -> None:
        assert "FILES" in refusal("predict", folder / "cats.h5", status=2)


class TestSummary:
    def test_the_ledger_the_classes_and_the_settings(self, folder: Path) -> None:
        lines = succeed("summary", folder / "cats.h5").stdout.splitlines()
        assert lines[0].split() == ["layer", "output", "parameters", "bytes", "multiply-adds"]
        assert lines[1].split() == ["input", "90"]
        assert "classes: non-cat, cat" in lines
        assert "optimizer: adam" in lines
        assert "batch-size: 64" in lines
        assert not any(line.endswith("None") for line in lines)

    def test_as_json(self, folder: Path) -> None:
        found = json_of("summary", folder / "blobs.h5")
        assert found["classes"] == ["0", "1", "2"]
        assert found["settings"]["data"] == "blobs"
        assert found["settings"]["hidden"] == "16,16"
        network = load_model(folder / "blobs.h5").network
        assert found["network"]["parameters"] == network.parameters.size
        assert [layer["output_shape"] for layer in found["network"]["layers"]][-1] == [3]


class TestBoundary:
    @pytest.mark.parametrize("model", ["moons.h5", "blobs.h5", "sides-model.h5"])
    def test_of_two_classes_and_three(self, folder: Path, tmp_path: Path, model: str) -> None:
        result = succeed("boundary", folder / model, "--figure", tmp_path / "b.png")
        assert result.stdout == ""
        assert result.stderr == f"wrote {tmp_path / 'b.png'}\n"
        assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")

    def test_by_default_the_points_are_those_of_the_training(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawn: dict[str, Dataset] = {}

        def draw(model: object, parts: dict[str, Dataset], path: Path, **options: str) -> None:
            drawn.update(parts)

        monkeypatch.setattr("deep_nn.looking.draw_boundary", draw)
        succeed("boundary", folder / "moons.h5", "--figure", tmp_path / "b.png")
        splits = prepare(load_model(folder / "moons.h5").settings).splits
        assert list(drawn) == ["training", "validation"]
        np.testing.assert_array_equal(drawn["training"].x, splits.train.x)
        np.testing.assert_array_equal(drawn["validation"].x, splits.validation.x)

    def test_with_other_points(self, folder: Path, tmp_path: Path) -> None:
        figure = tmp_path / "b.svg"
        succeed("boundary", folder / "moons.h5", "--data", "moons:points=20", "--figure", figure)
        assert "</svg>" in figure.read_text(encoding="utf-8")

    def test_by_default_it_is_drawn_here(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        succeed("boundary", folder / "moons.h5")
        assert [path.name for path in tmp_path.iterdir()] == ["boundary.png"]

    def test_where_one_class_wins_everywhere(self, tmp_path: Path) -> None:
        lonely = np.zeros(60, dtype=np.int64)
        lonely[::20] = 1
        write_npz(tmp_path / "lonely.npz", lonely)
        network = ("--hidden", "", "--initializer", "zeros", "--epochs", 3)
        path = trained(tmp_path / "m.h5", "--data", tmp_path / "lonely.npz", *network)
        succeed("boundary", path, "--figure", tmp_path / "b.png")

    def test_of_other_inputs_is_refused(self, folder: Path, tmp_path: Path) -> None:
        figure = tmp_path / "b.png"
        line = refusal("boundary", folder / "cats.h5", "--figure", figure, status=1)
        assert "a boundary needs a model of two columns" in line
        assert not figure.exists()


class TestCheckGradients:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_all_are_right(self, seed: int) -> None:
        lines = succeed("check-gradients", "--seed", seed).stdout.splitlines()
        assert lines[0].split()[0] == "checked"
        assert lines[-1] == f"all {len(lines) - 2} gradients are right to within 1e-6"

    def test_every_layer_loss_and_kernel_is_among_them(self) -> None:
        found = json_of("check-gradients")
        checked = {entry["checked"].partition("(")[0] for entry in found}
        assert checked == {
            "Dense",
            "Sigmoid",
            "Tanh",
            "ReLU",
            "LeakyReLU",
            "GELU",
            "Dropout",
            "Flatten",
            "Conv2D",
            "MaxPool2D",
            "AveragePool2D",
            "GlobalAveragePool2D",
            "BatchNorm",
            "InstanceNorm",
            "Embedding",
            "SimpleRNN",
            "GRU",
            "LSTM",
            "binary cross-entropy",
            "softmax cross-entropy",
            "sequence cross-entropy",
            "mean squared error",
            "network 2-5-3-1",
            "BatchNormReLU",
            "BatchNormReLUMaxPool",
            "ConvReLUMaxPool",
            "EmbeddedRecurrent",
            "WinogradConv2D",
        }
        assert all(entry["error"] < 1e-6 for entry in found)

    def test_the_seed_draws_the_numbers(self) -> None:
        assert json_of("check-gradients") == json_of("check-gradients", "--seed", 0)
        assert json_of("check-gradients") != json_of("check-gradients", "--seed", 1)

    def test_one_that_is_wrong_is_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*arguments: Any, **options: Any) -> None:
            raise GradientError("Dense, d_W[0, 1]: expected 1.0, received 2.0")

        monkeypatch.setattr("deep_nn.looking.check_layer", fail)
        assert "expected 1.0, received 2.0" in refusal(check_gradients_command.name, status=1)


class TestDatasets:
    def test_every_set_is_listed_with_its_settings(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nn_core.cli.download.data_folder", lambda: tmp_path)
        text = succeed("datasets").stdout
        for name in (*GENERATED, *FETCHED):
            assert re.search(f"^{name}", text, re.MULTILINE)
        assert "moons:points=500,noise=0.2\n    Two half circles" in text
        assert "cats  (not here yet: deep-nn fetch cats)\n" in text
        for file in FETCHED["cats"].files:
            (tmp_path / file.name).touch()
        assert "not here yet" not in succeed("datasets").stdout

    def test_what_is_listed_can_be_trained_on(self) -> None:
        found = json_of("datasets")
        assert [entry["name"] for entry in found] == [*GENERATED, *FETCHED]
        for entry in found[: len(GENERATED)]:
            assert entry["is_here"]
            assert json_of("train", "--data", entry["spec"], "--epochs", 1)["epochs"] == 1


class TestFetch:
    def test_it_asks_for_the_set_and_prints_where_it_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, Path | None, bool]] = []

        def fetch(dataset: RemoteDataset, to: Path | None, *, progress: bool) -> tuple[Path, ...]:
            asked.append((dataset.name, to, progress))
            return tuple((to or tmp_path) / file.name for file in dataset.files)

        monkeypatch.setattr("nn_core.cli.download.fetch", fetch)
        for options, folder in ((), None), (("--to", tmp_path / "new"), tmp_path / "new"):
            result = invoke("fetch", "cats", *options)
            names = [Path(line).name for line in result.stdout.splitlines()]
            assert names == ["train_catvnoncat.h5", "test_catvnoncat.h5"]
            assert asked.pop() == ("cats", folder, False)

    def test_it_says_what_it_is_and_under_which_licence(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nn_core.cli.download.fetch", lambda *a, **options: ())
        said = invoke("fetch", "cats").stderr
        assert "64x64 RGB" in said
        assert "licence: " in said

    def test_a_set_that_there_is_not(self) -> None:
        assert "no data set 'cat' to fetch; did you mean 'cats'?" in refusal(
            "fetch", "cat", status=1
        )

    def test_a_server_that_does_not_answer(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import requests.exceptions

        def retrieve(*arguments: Any, **options: Any) -> None:
            raise requests.exceptions.ConnectTimeout

        monkeypatch.setattr("pooch.retrieve", retrieve)
        result = invoke("fetch", "cats", "--to", tmp_path)
        assert result.exit_code == 1
        assert result.stdout == ""
        line = result.stderr.splitlines()[-1]
        assert line.startswith("Error: cannot fetch cats, file train_catvnoncat.h5")
        assert "did not answer in time" in line
        assert list(tmp_path.iterdir()) == []
