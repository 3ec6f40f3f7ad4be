"""Data that cannot be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import POINTS, SIDES, refused_and_nothing_changed, trained, write_cats, write_csv

from nn_core.testing import write_hdf5


def text(content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "points.csv"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def h5(**arrays: Any) -> Callable[[Path], Path]:
    return lambda folder: write_hdf5(folder / "photos.h5", **arrays)


def npz(**arrays: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / "points.npz", **arrays)
        return folder / "points.npz"

    return write


def a_folder(folder: Path) -> Path:
    (folder / "points.csv").mkdir()
    return folder / "points.csv"


def a_truncated_h5(folder: Path) -> Path:
    path = write_cats(folder / "photos.h5", "train")
    path.write_bytes(path.read_bytes()[:2000])
    return path


def with_nan(folder: Path) -> Path:
    return npz(x=np.where(POINTS[7, 1] == POINTS, np.nan, POINTS), y=SIDES)(folder)


BAD_DATA: dict[str, tuple[Callable[[Path], object], str]] = {
    "no such file": (lambda folder: folder / "none.csv", "no such file"),
    "a name almost right": (lambda folder: "mons", "did you mean 'moons'?"),
    "a directory": (a_folder, "points.csv is a directory without data files"),
    "an empty CSV": (text(""), "points.csv is empty"),
    "a CSV of blank lines": (text("\n\n"), "points.csv is empty"),
    "a CSV with a header only": (text("u,v,side\n"), "has a header but no rows"),
    "text in a number column": (text("1,2,a\n3,four,b\n"), "points.csv, line 2, column 2: 'four' is not a number"),
    "NaN in a CSV": (text("1,2,a\n3,nan,b\n"), "line 2"),
    "NaN in an .npz": (with_nan, "nan at example 7, column 1"),
    "infinity": (text("1,2,a\n-inf,2,b\n"), "line 2, column 1: '-inf' is not finite"),
    "only one class": (text("1,2,a\n3,4,a\n"), "only one class ('a')"),
    "only one class in an .npz": (npz(x=POINTS, y=SIDES * 0), "only one class ('0')"),
    "labels out of range": (
        h5(train_set_x=POINTS, train_set_y=SIDES * 2, list_classes=[b"a", b"b"]),
        "label 2 is out of range; there are 2 classes",
    ),
    "labels that are not finite": (npz(x=POINTS, y=SIDES * np.nan), "label nan of example 0"),
    ".h5 without the keys": (h5(a=POINTS, b=POINTS), "its arrays are a (60, 2), b (60, 2); rename them: f = h5py"),
    ".h5 without labels": (h5(train_set_x=POINTS), "train_set_x (60, 2) has no labels beside it"),
    ".h5 with a test part only": (h5(test_set_x=POINTS, test_set_y=SIDES), "has only a test set, no training set"),
    "a truncated .h5": (a_truncated_h5, "is damaged or incomplete"),
    "an unknown suffix": (lambda folder: __file__, "unsupported suffix (.py)"),
    "settings that a set has not": (lambda folder: "moons:radius=1", "no setting 'radius'"),
    "settings out of range": (lambda folder: "moons:points=1", "points must be 4 to"),
}


class TestData:
    @pytest.mark.parametrize("kind", BAD_DATA)
    def test_bad_data_in_train(self, here: Path, kind: str) -> None:
        make, words = BAD_DATA[kind]
        data = make(here)
        status = 2 if "settings" in kind else 1
        outputs = ("--save", "m.h5", "--log", "log.jsonl", "--figure", "f.png")
        line = refused_and_nothing_changed(here, "train", "--data", data, *outputs, status=status)
        assert words in line

    @pytest.mark.parametrize("kind", ["no such file", "text in a number column", "a truncated .h5"])
    def test_bad_data_in_compare(self, here: Path, kind: str) -> None:
        make, words = BAD_DATA[kind]
        line = refused_and_nothing_changed(here, "compare-optimizers", "--data", make(here), status=1)
        assert words in line

    @pytest.mark.parametrize("kind", ["no such file", "a directory", "an empty CSV", "NaN in a CSV", "a truncated .h5"])
    def test_bad_data_in_evaluate(self, here: Path, kind: str) -> None:
        path = trained(here / "m.h5")
        make, words = BAD_DATA[kind]
        line = refused_and_nothing_changed(here, "evaluate", "--model", path, "--data", make(here), "--json", status=1)
        assert words in line

    def test_a_test_file_of_another_shape(self, here: Path) -> None:
        write_csv(here / "points.csv")
        write_cats(here / "photos.h5", "test")
        line = refused_and_nothing_changed(here, "train", "--data", "points.csv", "--test", "photos.h5", status=1)
        assert "photos.h5" in line

    def test_a_test_file_with_an_unknown_class(self, here: Path) -> None:
        write_csv(here / "points.csv", SIDES, "ab")
        write_csv(here / "others.csv", SIDES, "ax")
        line = refused_and_nothing_changed(here, "train", "--data", "points.csv", "--test", "others.csv", status=1)
        assert "class 'x' is unknown to the training data" in line

    def test_too_few_examples_to_split(self, here: Path) -> None:
        text("1,2,a\n3,4,b\n")(here)
        line = refused_and_nothing_changed(here, "train", "--data", "points.csv", status=1)
        assert "cannot hold out examples" in line
