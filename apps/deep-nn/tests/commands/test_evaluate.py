"""The command `evaluate`."""

import re
from pathlib import Path

import numpy as np
import pytest
from command_line import CATS, SIDES, THIRDS, json_of, refusal, succeed, trained, write_csv

from deep_nn.model import load_model
from deep_nn.setup import evaluation_data, set_up


class TestEvaluate:
    def test_the_default_is_the_validation_set(self, tmp_path: Path) -> None:
        saved = ("--save", tmp_path / "m.h5")
        said = json_of("train", "--epochs", 3, "--seed", 4, "--validation", "0.3", *saved)
        found = json_of("evaluate", "--model", tmp_path / "m.h5")
        assert found["accuracy"] == said["validation_accuracy"]
        assert found["loss"] == said["validation_loss"]
        assert found["examples"] == 150

    def test_the_test_file_is_kept_in_the_checkpoint(self, folder: Path, tmp_path: Path) -> None:
        data = ("--data", folder / "photos.h5", "--test", folder / "test.h5")
        said = json_of("train", *data, "--epochs", 2, "--save", tmp_path / "m.h5")
        found = json_of("evaluate", "--model", tmp_path / "m.h5")
        assert found["loss"] == said["validation_loss"]
        assert "test.h5" in found["data"]

    def test_json_is_one_object_with_accuracy_and_loss(self, folder: Path) -> None:
        result = succeed("evaluate", "--model", folder / "cats.h5", "--data", folder / "test.h5", "--json")
        assert len(result.stdout.splitlines()) == 1
        assert result.stderr == ""
        found = json_of("evaluate", "--model", folder / "cats.h5", "--data", folder / "test.h5")
        assert set(found) >= {"accuracy", "loss"}
        assert found["accuracy"] > 0.9
        assert 0 <= found["loss"] < 0.7
        assert found["examples"] == len(CATS)

    def test_the_loss_is_the_cross_entropy_of_what_it_predicts(self, folder: Path) -> None:
        path, data = folder / "thirds-model.h5", folder / "thirds.csv"
        found = json_of("evaluate", "--model", path, "--data", data)
        rows = json_of("predict", "--model", path, data)
        p = [row["probabilities"]["abc"[label]] for row, label in zip(rows, THIRDS, strict=True)]
        assert found["loss"] == pytest.approx(-np.mean(np.log(p)), rel=1e-5)
        right = [row["class"] == "abc"[label] for row, label in zip(rows, THIRDS, strict=True)]
        assert found["accuracy"] == np.mean(right)

    def test_generated_points_are_new_ones(self, folder: Path) -> None:
        found = json_of("evaluate", "--model", folder / "moons.h5", "--data", "moons")
        assert found["examples"] == 500
        assert found["accuracy"] > 0.8
        model = load_model(folder / "moons.h5")
        seen = set_up(model.settings).splits
        known = np.concatenate([seen.train.x, seen.validation.x])
        judged = evaluation_data(model, "moons")
        assert not np.isin(judged.x, known).any()

    def test_changed_data_is_refused(self, tmp_path: Path) -> None:
        data = write_csv(tmp_path / "points.csv", SIDES)
        path = trained(tmp_path / "m.h5", "--data", data)
        write_csv(data, 1 - SIDES)
        for command in ("evaluate", "boundary"):
            line = refusal(command, "--model", path, status=1)
            assert "points.csv is not the data that the model was trained on" in line

    def test_classes_are_matched_by_name(self, folder: Path, tmp_path: Path) -> None:
        mine = write_csv(tmp_path / "some.csv", SIDES, "lr")
        rows = mine.read_text(encoding="utf-8").splitlines()
        only_right = [row for row in rows[1:] if row.endswith("r")]
        mine.write_text("\n".join(only_right), encoding="utf-8")
        found = json_of("evaluate", "--model", folder / "sides-model.h5", "--data", mine)
        assert found["examples"] == len(only_right)
        assert found["accuracy"] > 0.8

    def test_the_report(self, folder: Path) -> None:
        result = succeed("evaluate", "--model", folder / "sides-model.h5", "--data", folder / "sides.csv")
        lines = result.stdout.splitlines()
        assert re.fullmatch(r".*sides\.csv: 60 examples, accuracy \d+\.\d\d%, loss [\d.e-]+", lines[0])
        assert re.fullmatch(r"majority-class baseline \(always '[lr]'\): accuracy 5\d\.\d\d%", lines[1])
        assert lines[2].split() == ["class", "examples", "precision", "recall", "F1"]
        assert [line.split()[0] for line in lines[3:5]] == ["l", "r"]
        assert re.fullmatch(r"ROC AUC \d\.\d{3}, average precision of '[lr]' \d\.\d{3}", lines[6])

    def test_a_figure_of_the_confusion_matrix(self, folder: Path, tmp_path: Path) -> None:
        figure = tmp_path / "confusion.svg"
        data = ("--data", folder / "thirds.csv", "--figure", figure)
        assert "wrote " in succeed("evaluate", "--model", folder / "thirds-model.h5", *data).stderr
        assert "Confusion matrix, thirds.csv: " in figure.read_text("utf-8")
        model = folder / "thirds-model.h5"
        line = refusal("evaluate", "--model", model, "--data", figure, "--figure", figure, status=2)
        assert "--figure would overwrite --data" in line

    def test_an_unknown_class_is_refused(self, folder: Path, tmp_path: Path) -> None:
        other = write_csv(tmp_path / "other.csv", THIRDS, "lrx")
        line = refusal("evaluate", "--model", folder / "sides-model.h5", "--data", other, status=1)
        assert "class 'x' is unknown to the model; its classes are 'l', 'r'" in line

    def test_data_of_another_shape_is_refused(self, folder: Path) -> None:
        line = refusal("evaluate", "--model", folder / "cats.h5", "--data", folder / "sides.csv", status=1)
        assert "sides.csv" in line
