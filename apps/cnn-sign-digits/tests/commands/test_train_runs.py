"""Folds by subject, runs that start from a model, and runs without a validation set."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from program import invoke, json_of, refusal, signs_file, subjects_folder, succeed, trained

from cnn_sign_digits.datasets import subjects
from cnn_sign_digits.model import load_model
from nn_core.layers import BatchNorm

QUICK = ("--epochs", 1, "--augment", "none")
SUBJECTS = ("--group", r"p(\d+)_")


def test_cross_validation_holds_out_each_subject_once(tmp_path: Path) -> None:
    folder = subjects_folder(tmp_path / "photos", 6)
    asked = ("train", "--data", folder, *SUBJECTS, *QUICK)
    found = json_of(*asked, "--cross-validate", 2)
    assert [fold["fold"] for fold in found["folds"]] == ["1/2", "2/2"]
    alone = json_of(*asked, "--fold", "2/2")
    assert found["folds"][1]["loss"] == alone["validation_loss"]
    assert alone["examples"]["training"] + alone["examples"]["validation"] == 24
    report = succeed(*asked, "--cross-validate", 2).stdout.splitlines()
    assert report[0] == f"{folder}: 2-fold cross-validation, classic network"
    assert report[-2].startswith("mean ± std ")


def test_nothing_is_held_out(tmp_path: Path) -> None:
    signs_file(tmp_path / "signs.h5", ("train",))
    model = tmp_path / "m.h5"
    asked = ("train", "--data", tmp_path / "signs.h5", *QUICK, "--validation", 0, "--save", model)
    assert succeed(*asked).stdout.startswith(f"{tmp_path / 'signs.h5'} (train_set); no validation set\n")
    line = refusal("evaluate", "--model", model, status=1)
    assert "with no validation set; give --data" in line
    assert "--early-stopping needs a validation set" in refusal(*asked, "--early-stopping", 2, status=2)


class TestFrom:
    def test_running_statistics_start_from_those_of_the_model(self, tmp_path: Path) -> None:
        model = trained(tmp_path, "--preset", "accurate")
        tuned = tmp_path / "tuned.h5"
        succeed("train", "--from", model, "--learning-rate", 1e-9, "--dropout", 0.3, "--save", tuned)
        before, after = (load_model(path) for path in (model, tuned))
        assert any(isinstance(layer, BatchNorm) for layer in after.network.layers)
        assert len(after.network.layers) == len(before.network.layers) + 1
        trainable = slice(before.network.trained_count)
        np.testing.assert_allclose(before.network.vector[trainable], after.network.vector[trainable], atol=1e-6)
        assert after.settings["preset"] == "accurate"

    def test_the_shipped_network_is_tuned_on_photos_of_some_of_its_classes(self, tmp_path: Path) -> None:
        folder = subjects_folder(tmp_path / "photos", 4)
        asked = ("train", "--from", "shipped", "--data", folder, *QUICK, "--extra-data", "none", "--backgrounds", 0)
        result = invoke(*asked, "--save", tmp_path / "tuned.h5")
        assert result.exit_code == 0, result.stderr
        assert "Note: accurate.h5: may have been trained on some of the examples held out here" in result.stderr
        tuned = load_model(tmp_path / "tuned.h5")
        assert tuned.classes == tuple("0123456789")
        assert tuned.settings["test"] is None

    def test_a_file_of_this_name_goes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "shipped").write_text("not a model", "utf-8")
        assert refusal("train", "--from", "shipped", status=1) == "shipped is not a checkpoint (not HDF5)"

    def test_the_preset_and_the_classes_stay(self, tmp_path: Path) -> None:
        model = trained(tmp_path)
        line = refusal("train", "--from", model, "--preset", "accurate", status=2)
        assert line.startswith("--preset is classic in the model to start from; omit it")
        signs_file(tmp_path / "others.h5", names=("a", "b", "z"))
        line = refusal("train", "--from", model, "--data", tmp_path / "others.h5", status=1)
        assert "class 'z' is unknown to the model; its classes are 'a', 'b', 'c'" in line

    def test_other_data_has_no_subjects_of_the_old(self, tmp_path: Path) -> None:
        folder = subjects_folder(tmp_path / "photos", 4)
        model = tmp_path / "m.h5"
        succeed("train", "--data", folder, *SUBJECTS, *QUICK, "--save", model)
        result = invoke("train", "--from", model, "--data", "synthetic:count=10", "--epochs", 1)
        assert "class '2' is unknown to the model" in result.stderr


class TestGroupsOfACheckpoint:
    """The subjects that `--group` found are kept; the expression in a checkpoint is text, and is never run."""

    @pytest.fixture
    def model(self, tmp_path: Path) -> Path:
        subjects_folder(tmp_path / "photos", 6)
        model = tmp_path / "m.h5"
        succeed("train", "--data", tmp_path / "photos", *SUBJECTS, *QUICK, "--save", model)
        return model

    def test_the_stored_subjects_repeat_the_split(self, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        expected = json_of("evaluate", "--model", model, *SUBJECTS)
        _with_details(model, settings={"group": "(x+x+)+y"})
        monkeypatch.setattr(subjects, "_from_pattern", None)  # no expression is run
        found = json_of("evaluate", "--model", model)
        assert (found["loss"], found["examples"]) == (expected["loss"], expected["examples"])
        assert expected["subjects"]["count"] > 0
        assert "subjects" not in found
        assert json_of("train", "--resume", model, "--epochs", 2)["epochs"] == 2
        assert load_model(model).subjects is not None
        assert json_of("train", "--from", model, "--epochs", 1)["epochs"] == 1

    def test_a_checkpoint_without_subjects_needs_the_option(self, model: Path) -> None:
        expected = json_of("evaluate", "--model", model)
        _with_details(model, subjects=None)
        for asked in (("evaluate", "--model", model), ("train", "--resume", model, "--epochs", 2)):
            line = refusal(*asked, status=1)
            assert line.endswith("the checkpoint does not have the subjects; give --group again (it was 'p(\\\\d+)_')")
        assert json_of("evaluate", "--model", model, *SUBJECTS)["loss"] == expected["loss"]

    def test_subjects_of_other_photos_are_refused(self, model: Path) -> None:
        _with_details(model, subjects=[0, 1])
        assert "24 photos, and 2 subjects in the checkpoint" in refusal("evaluate", "--model", model, status=1)

    def test_accuracy_by_subject_of_new_photos(self, model: Path, tmp_path: Path) -> None:
        folder = subjects_folder(tmp_path / "new", 3)
        asked = ("evaluate", "--model", model, "--data", folder)
        assert json_of(*asked, *SUBJECTS)["subjects"]["count"] == 6
        assert "\nby subject (6): mean accuracy " in succeed(*asked, *SUBJECTS).stdout
        line = refusal("evaluate", "--model", model, "--data", "synthetic:count=10", *SUBJECTS, status=2)
        assert "--group needs a folder of photos, not synthetic" in line


def _with_details(path: Path, settings: dict[str, Any] | None = None, **changes: Any) -> None:
    """Change the details in a checkpoint, as a stranger may."""
    with h5py.File(path, "r+") as file:
        details = json.loads(file["details"].asstr()[()])
        details["settings"] |= settings or {}
        del file["details"]
        file["details"] = json.dumps(details | changes)
