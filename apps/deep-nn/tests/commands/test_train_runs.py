"""Folds, cross-validation, runs that start from a model, and runs without a validation set."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import (
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

from deep_nn.model import Model, load_model
from deep_nn.setup import load_splits

MOONS = ("--data", "moons:points=60", "--hidden", 4, "--epochs", 2)


def model_of(path: Path, *arguments: object) -> Model:
    succeed("train", *arguments, "--save", path)
    return load_model(path)


class TestFolds:
    def test_each_example_is_held_out_once_and_each_class_in_proportion(self, tmp_path: Path) -> None:
        points = write_npz(tmp_path / "points.npz", np.repeat([0, 1], [40, 20]))
        held_out = []
        for fold in ("1/4", "2/4", "3/4", "4/4"):
            splits = load_splits(model_of(tmp_path / "m.h5", "--data", points, "--fold", fold, "--epochs", 1).settings)
            assert splits.origin == f"fold {fold[0]} of 4 held out"
            assert np.bincount(splits.held_out.y).tolist() == [10, 5]
            held_out += splits.held_out.x.tolist()
        assert sorted(held_out) == sorted(POINTS.tolist())

    def test_cross_validation_is_the_folds_alone(self) -> None:
        found = json_of("train", *MOONS, "--dropout", 0.2, "--cross-validate", 3)
        assert found["data"] == "moons"
        for fold in found["folds"]:
            alone = json_of("train", *MOONS, "--dropout", 0.2, "--fold", fold["fold"])
            for name in ("loss", "accuracy"):
                assert fold[name] == alone[f"validation_{name}"]
        losses = [fold["loss"] for fold in found["folds"]]
        assert found["mean"]["loss"] == pytest.approx(np.mean(losses))
        assert found["standard_deviation"]["loss"] == pytest.approx(np.std(losses, ddof=1))

    def test_a_model_of_a_fold_is_evaluated_on_it(self, tmp_path: Path) -> None:
        result = json_of("train", *MOONS, "--fold", "2/3", "--save", tmp_path / "m.h5")
        found = json_of("evaluate", "--model", tmp_path / "m.h5")
        assert (found["examples"], found["loss"]) == (20, pytest.approx(result["validation_loss"]))


class TestWithoutValidationSet:
    def test_everything_is_trained_on_and_the_report_says_so(self, tmp_path: Path) -> None:
        path = tmp_path / "m.h5"
        result = succeed("train", *MOONS, "--validation", 0, "--save", path)
        assert result.stdout.startswith("moons; no validation set\n")
        assert "validation" not in result.stdout.split("\n", 1)[1]
        found = json_of("train", *MOONS, "--validation", 0)
        assert found["examples"] == {"training": 60}
        assert not [name for name in found if name.startswith("validation_")]
        line = refusal("evaluate", "--model", path, status=1)
        assert line == "the model was trained on all of moons, with no validation set; give --data"
        assert json_of("evaluate", "--model", path, "--data", "moons:points=80")["examples"] == 80

    def test_its_boundary_is_drawn_and_comparisons_run(self, tmp_path: Path) -> None:
        path, figure = trained(tmp_path / "m.h5", *MOONS, "--validation", 0), tmp_path / "f.png"
        succeed("boundary", "--model", path, "--figure", figure)
        assert figure.read_bytes().startswith(b"\x89PNG")
        asked = ("compare-l2", 0, *MOONS, "--validation", 0, "--seeds", 1, "--figure", figure)
        assert json_of(*asked)["trials"][0]["validation_accuracy"] is None

    def test_a_test_set_is_still_a_validation_set(self, tmp_path: Path) -> None:
        photos = write_cats(tmp_path / "photos.h5", "train", "test")
        asked = ("train", "--data", photos, "--epochs", 1, "--validation", 0, "--early-stopping", 1)
        assert json_of(*asked)["examples"] == {"training": 40, "validation": 40}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of points in a CSV file."""
    folder = tmp_path_factory.mktemp("base")
    write_csv(folder / "points.csv", SIDES, "ab")
    trained(folder / "m.h5", "--data", folder / "points.csv", "--hidden", "6,4", "--epochs", 3)
    return folder


class TestFrom:
    def test_it_goes_on_from_the_loss_of_the_model(self, base: Path) -> None:
        loss = json_of("evaluate", "--model", base / "m.h5")["loss"]
        slow = json_of("train", "--from", base / "m.h5", "--learning-rate", 1e-9, "--epochs", 1)
        assert slow["validation_loss"] == pytest.approx(loss, rel=1e-4)

    def test_more_rows_are_preprocessed_as_the_model_was_trained(self, base: Path, tmp_path: Path) -> None:
        more = tmp_path / "more.csv"
        rows = [f"{u + 5},{v},{name}" for (u, v), name in zip(POINTS.tolist(), "ab" * 30, strict=True)]
        more.write_text("\n".join(["u,v,side", *rows]), "utf-8")
        result = invoke("train", "--from", base / "m.h5", "--data", more, "--save", tmp_path / "n.h5")
        assert result.exit_code == 0
        assert "Note: m.h5: may have been trained on some of the examples held out here" in result.stderr
        old, new = load_model(base / "m.h5"), load_model(tmp_path / "n.h5")
        assert (new.preprocessing, new.classes) == (old.preprocessing, old.classes)
        assert new.fingerprint != old.fingerprint
        assert json_of("evaluate", "--model", tmp_path / "n.h5")["data"].startswith(f"{more}")

    def test_a_run_from_a_model_resumes_with_its_columns_and_preprocessing(self, base: Path, tmp_path: Path) -> None:
        swapped = tmp_path / "swapped.csv"
        rows = [f"{name},{v},{u + 5}" for (u, v), name in zip(POINTS.tolist(), "ab" * 30, strict=True)]
        swapped.write_text("\n".join(["side,v,u", *rows]), "utf-8")
        start = ("--from", base / "m.h5", "--data", swapped)
        whole, halves = tmp_path / "whole.h5", tmp_path / "halves.h5"
        succeed("train", *start, "--epochs", 4, "--save", whole)
        succeed("train", *start, "--epochs", 2, "--save", halves)
        succeed("train", "--resume", halves, "--epochs", 4)
        assert (load_model(halves).network.vector == load_model(whole).network.vector).all()
        assert load_model(halves).preprocessing == load_model(base / "m.h5").preprocessing

    def test_dropout_may_change_and_an_export_will_do(self, base: Path, tmp_path: Path) -> None:
        bare = tmp_path / "bare.h5"
        succeed("export", "--model", base / "m.h5", "--save", bare)
        model = model_of(tmp_path / "n.h5", "--from", bare, "--dropout", 0.5, "--learning-rate", 1e-9, "--epochs", 1)
        assert len(model.network.layers) == 7
        np.testing.assert_allclose(model.network.vector, load_model(bare).network.vector, atol=1e-6)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--hidden", "6,5"), "--hidden is 6,4 in the model to start from; omit it"),
            (("--activation", "tanh"), "--activation is relu in the model"),
            (("--initializer", "xavier"), "--initializer is he in the model"),
            (("--dtype", "float64"), "--dtype is float32 in the model"),
        ],
    )
    def test_the_network_stays(self, base: Path, options: tuple[str, str], words: str) -> None:
        assert words in refusal("train", "--from", base / "m.h5", *options, status=2)

    def test_a_new_class_and_other_columns(self, base: Path, tmp_path: Path) -> None:
        thirds = write_csv(tmp_path / "thirds.csv", THIRDS, "abc")
        line = refusal("train", "--from", base / "m.h5", "--data", thirds, status=1)
        assert line == f"{thirds}: class 'c' is unknown to the model; its classes are 'a', 'b'"
        narrow = tmp_path / "narrow.csv"
        narrow.write_text("u,side\n" + "1,a\n2,b\n" * 10, "utf-8")
        line = refusal("train", "--from", base / "m.h5", "--data", narrow, status=1)
        assert line.startswith(f"{narrow}")
        assert "'v'" in line

    def test_data_of_the_model_that_is_gone(self, tmp_path: Path) -> None:
        points = write_csv(tmp_path / "points.csv")
        model = trained(tmp_path / "m.h5", "--data", points)
        points.unlink()
        line = refusal("train", "--from", model, status=1)
        assert line == f"no such file: {points} (the training data of m.h5; give other data)"
        assert refusal("train", "--from", model, "--data", points, status=1) == f"no such file: {points}"

    def test_resuming_names_it_where_it_would_help(self, base: Path) -> None:
        line = refusal("train", "--resume", base / "m.h5", "--learning-rate", 0.5, status=2)
        assert line.startswith(
            "--learning-rate is not set in the run to resume; omit it, or start a new run with --from"
        )
        line = refusal("train", "--resume", base / "m.h5", "--hidden", "6,5", status=2)
        assert "--from" not in line


@pytest.mark.parametrize("early_stopping", [(), ("--early-stopping", 3)])
def test_divergence_with_a_finite_loss(tmp_path: Path, early_stopping: tuple[Any, ...]) -> None:
    asked = ("train", "--learning-rate", 1e6, "--epochs", 10, *early_stopping, "--save", tmp_path / "m.h5")
    line = refusal(*asked, status=1)
    assert line.startswith("training diverged: the training loss is ")
    assert "lower --learning-rate (now 1e+06)" in line
    assert load_model(tmp_path / "m.h5").checkpoint.snapshot is not None
