"""`cnn-sign make-data` as it is typed."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from program import PROGRAM

SMALL = ("--count", "20", "--test-count", "10", "--image-size", "32")


def test_it_writes_images_with_their_digits_and_a_figure(tmp_path: Path) -> None:
    path, figure = tmp_path / "hands.h5", tmp_path / "hands.png"
    result = PROGRAM.invoke("make-data", "--save", path, *SMALL, "--figure", figure)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{path}: 20 training and 10 test images, 32x32x3\n"
    with h5py.File(path) as file:
        assert file["train_set_x"].shape == (20, 32, 32, 3)
        assert file["train_set_x"].dtype == np.uint8
        assert np.bincount(file["train_set_y"][()]).tolist() == [2] * 10
        assert np.bincount(file["test_set_y"][()]).tolist() == [1] * 10
        assert [name.decode() for name in file["list_classes"][()]] == list("0123456789")
        assert not np.array_equal(file["train_set_x"][:10], file["test_set_x"][()])
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hands.h5", "hands.png"]


def test_the_same_seed_gives_the_same_images_and_another_does_not(tmp_path: Path) -> None:
    content = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        path = tmp_path / f"{name}.h5"
        assert PROGRAM.invoke("make-data", "--save", path, *SMALL, "--seed", seed).exit_code == 0
        with h5py.File(path) as file:
            content.append(file["train_set_x"][()])
    assert np.array_equal(content[0], content[1])
    assert not np.array_equal(content[0], content[2])


def test_without_test_images_there_is_no_test_set(tmp_path: Path) -> None:
    path = tmp_path / "hands.h5"
    assert PROGRAM.invoke("make-data", "--save", path, *SMALL, "--test-count", "0").exit_code == 0
    with h5py.File(path) as file:
        assert sorted(file) == ["list_classes", "train_set_x", "train_set_y"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--save", "hands.txt"), "must end in .h5 or .hdf5"),
        (("--save", "nowhere/hands.h5"), "no such folder"),
        (("--count", "3"), "3 is not in the range"),
        (("--image-size", "33"), "size must be even"),
        (("--diversity", "2"), "2 is not at least 0 and at most 1"),
        (("--diversity", "nan"), "is not a finite number"),
        (("--figure", "hands.h5"), "must end in"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = PROGRAM.invoke("make-data", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    *_, line = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert words in line
    assert list(tmp_path.iterdir()) == []
