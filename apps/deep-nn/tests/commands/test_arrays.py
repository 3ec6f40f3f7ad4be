"""Files of arrays on the command line: notes, refusals, and models that know their classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from command_line import POINTS, PROGRAM, SIDES, THIRDS, write_npz

NOTED = replace(PROGRAM, remarks=f"{PROGRAM.remarks}|Note: ")
succeed, refusal, json_of = NOTED.succeed, NOTED.refusal, NOTED.json


def test_a_file_as_others_write_it_is_trained_on_and_evaluated(tmp_path: Path) -> None:
    path, model = tmp_path / "points.npz", tmp_path / "m.h5"
    np.savez(path, X_train=POINTS, Y_train=np.eye(3)[THIRDS], X_test=POINTS[:9], Y_test=np.eye(3)[THIRDS[:9]])
    done = succeed("train", "--data", path, "--epochs", 1, "--save", model)
    assert f"Note: {path} (X_train, Y_train): one-hot labels (60, 3) read as the class numbers 0 to 2" in done.stderr
    assert done.stdout.startswith(f"{path} (X_train, Y_train); validation: {path} (X_test, Y_test)\n")
    assert json_of("evaluate", "--model", model, "--data", path)["examples"] == 9


def test_classes_are_known_by_their_numbers(tmp_path: Path) -> None:
    path, model = write_npz(tmp_path / "points.npz", 2 * SIDES - 1), tmp_path / "m.h5"
    done = succeed("train", "--data", path, "--epochs", 60, "--learning-rate", 0.03, "--save", model)
    assert done.stderr.count("Note:") == 1
    assert f"Note: {path} (x, y): 2 classes, named by their numbers: -1, 1" in done.stderr
    found = json_of("evaluate", "--model", model, "--data", write_npz(tmp_path / "same.npz", SIDES * 2.0 - 1))
    assert found["accuracy"] > 0.9
    wrong = write_npz(tmp_path / "other.npz", SIDES)
    line = refusal("evaluate", "--model", model, "--data", wrong, status=1)
    assert "class '0' is unknown to the model; its classes are '-1', '1'" in line


def test_a_run_is_resumed_with_the_same_classes(tmp_path: Path) -> None:
    path, model = write_npz(tmp_path / "points.npz", THIRDS + 1), tmp_path / "m.h5"
    succeed("train", "--data", path, "--epochs", 1, "--save", model)
    assert json_of("train", "--resume", model, "--epochs", 2)["epochs"] == 2


def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "points.npz"
    np.savez(path, x=POINTS, y=SIDES.astype(object))
    line = refusal("train", "--data", path, status=1)
    assert line.endswith("which is never read; save it as text or numbers: np.savez(..., y=y.astype(str))")
