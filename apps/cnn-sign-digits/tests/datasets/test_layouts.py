"""Folders of photos as people lay them out: parts, wrappers, lists, and what else lies there."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photos import folder_of, hdf5_file, photo, pixels

from cnn_sign_digits.datasets.catalog import read_path
from cnn_sign_digits.datasets.layouts import EXPECTED
from cnn_sign_digits.model import SHIPPED
from nn_core.cli.dataset import Contents
from nn_core.errors import DataError, DataWarning


def read(folder: Path) -> tuple[Contents[Any], list[str]]:
    """The contents of a folder, and the remarks on it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        contents = read_path(folder)
    assert all(note.category is DataWarning for note in caught)
    return contents, [str(note.message) for note in caught]


def message_of(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_path(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def classes_of(part: Any) -> dict[str, int]:
    """The photos of each class."""
    return {name: int((part.y == i).sum()) for i, name in enumerate(part.names)}


@pytest.mark.parametrize("name", ["val", "Valid", "VALIDATION", "test"])
def test_parts_are_not_classes(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path / "Train", {"0": 3, "1": 2})
    folder_of(tmp_path / name, {"1": 2})
    contents, notes = read(tmp_path)
    assert (classes_of(contents.train), classes_of(contents.test)) == ({"0": 3, "1": 2}, {"1": 2})
    assert notes == []


@pytest.mark.parametrize(
    ("train", "test"),
    [("training_set", "test_set"), ("seg_train/seg_train", "seg_test/seg_test"), ("asl-train", "asl-dev")],
)
def test_names_of_several_words(tmp_path: Path, train: str, test: str) -> None:
    folder_of(tmp_path / train, {"0": 3, "1": 2})
    folder_of(tmp_path / test, {"1": 2})
    contents, notes = read(tmp_path)
    assert (classes_of(contents.train), classes_of(contents.test), notes) == ({"0": 3, "1": 2}, {"1": 2}, [])


def test_a_part_in_a_part_without_classes(tmp_path: Path) -> None:
    folder_of(tmp_path / "asl_train" / "asl_train", {"0": 1, "1": 1})
    photo(tmp_path / "asl_test" / "asl_test" / "A.png", pixels(1)[0])
    contents, notes = read(tmp_path)
    assert (classes_of(contents.train), contents.test) == ({"0": 1, "1": 1}, None)
    assert notes == [f"{tmp_path}: the photos in 'asl_test' are not read: they are not in class folders"]


@pytest.mark.parametrize("names", [("freight train", "bus"), ("train 1", "test 2"), ("steam train", "freight train")])
def test_classes_with_such_words(tmp_path: Path, names: tuple[str, str]) -> None:
    for name in names:
        photo(tmp_path / name / "session" / "a.png", pixels(1)[0])
    assert set(read(tmp_path)[0].train.names) == set(names)  # type: ignore[union-attr]


def test_of_val_and_test_val_validates(tmp_path: Path) -> None:
    for i, part in enumerate(("train", "test", "val"), start=1):
        folder_of(tmp_path / part, {"0": i, "1": i})
    contents, notes = read(tmp_path)
    assert (classes_of(contents.train), classes_of(contents.test)) == ({"0": 1, "1": 1}, {"0": 3, "1": 3})
    (note,) = notes
    assert note.startswith(f"{tmp_path}: validating on {tmp_path / 'val'}; {tmp_path / 'test'} is not read")


def test_one_part_alone(tmp_path: Path) -> None:
    folder_of(tmp_path / "a" / "train", {"0": 1, "1": 1})
    folder_of(tmp_path / "b" / "test", {"0": 1})
    assert read(tmp_path / "a")[0].test is None
    contents, _ = read(tmp_path / "b")
    assert contents.train is None
    assert classes_of(contents.test) == {"0": 1}


def test_a_test_set_beside_the_classes(tmp_path: Path) -> None:
    folder_of(tmp_path, {"0": 3, "1": 2})
    folder_of(tmp_path / "test", {"0": 1, "1": 1})
    contents, _ = read(tmp_path)
    assert (classes_of(contents.train), classes_of(contents.test)) == ({"0": 3, "1": 2}, {"0": 1, "1": 1})


def test_folders_beside_the_parts_are_named(tmp_path: Path) -> None:
    for part in ("train", "val"):
        folder_of(tmp_path / part, {"0": 1, "1": 1})
    photo(tmp_path / "samples" / "a.png", pixels(1)[0])
    contents, notes = read(tmp_path)
    assert classes_of(contents.train) == {"0": 1, "1": 1}
    assert notes == [f"{tmp_path}: the photos in 'samples' are not read"]


def test_a_part_without_class_folders_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path / "train", {"0": 1, "1": 1})
    photo(tmp_path / "test" / "a.png", pixels(1)[0])
    contents, notes = read(tmp_path)
    assert (classes_of(contents.train), contents.test) == ({"0": 1, "1": 1}, None)
    assert notes == [f"{tmp_path}: the photos in 'test' are not read: they are not in class folders"]


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("bus", "train"):
        photo(tmp_path / name / "a.png", pixels(1)[0])
    assert read(tmp_path)[0].train.names == ("bus", "train")  # type: ignore[union-attr]
    for name in ("bus", "train"):
        photo(tmp_path / name / "night" / "b.png", pixels(1)[0])
    assert "'train' may be a class, like 'bus', or the training set; give --data" in message_of(tmp_path)


def test_classes_that_differ_in_case_only(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"0": 1, "1": 1})
    (folder / "labels.csv").write_text("filename,label\na.png,Cat\nb.png,cat\n")
    for name in ("0", "1"):
        next((folder / name).iterdir()).rename(folder / f"{'ab'[int(name)]}.png")
        (folder / name).rmdir()
    contents, notes = read(folder)
    assert contents.train.names == ("Cat", "cat")  # type: ignore[union-attr]
    assert notes == [f"{folder / 'labels.csv'}: 'Cat' and 'cat' are classes of their own, which differ in case only"]


def test_one_part_under_two_names(tmp_path: Path) -> None:
    for part in ("train", "val", "valid"):
        folder_of(tmp_path / part, {"0": 1, "1": 1})
    assert message_of(tmp_path) == f"{tmp_path} has both 'val' and 'valid'; name one of them"


def test_the_only_folder_of_a_folder_is_opened(tmp_path: Path) -> None:
    inner = folder_of(tmp_path / "archive" / "data", {"0": 1, "1": 2}, "{digit}/session/photo{number}.png")
    (tmp_path / "__MACOSX" / "archive").mkdir(parents=True)
    photo(tmp_path / "__MACOSX" / "archive" / "a.png", pixels(1)[0])
    contents, notes = read(tmp_path)
    assert classes_of(contents.train) == {"0": 1, "1": 2}
    assert notes == [f"{tmp_path}: reading its only folder, {inner}"]


def test_what_is_skipped(tmp_path: Path) -> None:
    folder_of(tmp_path, {"0": 2, "1": 1})
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._photo0.png", ".hidden/a.png", "__MACOSX/0.png"):
        (tmp_path / "0" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "0" / name).write_text("x")
    assert read(tmp_path)[1] == []
    for name in ("a.heic", "b.HEIC", "c.svg", "README"):
        (tmp_path / "0" / name).write_text("x")
    contents, notes = read(tmp_path)
    assert classes_of(contents.train) == {"0": 2, "1": 1}
    (note,) = notes
    kinds = "2 .heic, 1 .svg, 1 no suffix"
    assert note.startswith(f"{tmp_path}: skipped 4 files that are not photos ({kinds}); photos are JPEG, ")
    assert note.endswith("HEIC must be saved as JPEG")


def test_a_class_of_other_files(tmp_path: Path) -> None:
    folder_of(tmp_path, {"0": 1})
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "a.heic").write_text("x")
    assert message_of(tmp_path).endswith("; it has 1 of .heic")


def test_loose_photos_need_folders_or_a_list(tmp_path: Path) -> None:
    for name in ("0_1.png", "1_1.png", "1_2.png"):
        photo(tmp_path / name, pixels(1)[0])
    assert message_of(tmp_path) == f"{tmp_path} has photos but no subfolders; {EXPECTED}"
    train = tmp_path / "parts" / "train"
    photo(train / "cat.1.png", pixels(1)[0])
    assert message_of(tmp_path / "parts") == f"{train} has photos but no subfolders; {EXPECTED}"


class TestPhotoLists:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for i in range(3):
            photo(tmp_path / "data" / f"p{i}.png", np.full((5, 5, 3), i, np.uint8))
        return tmp_path / "data"

    @pytest.mark.parametrize(
        "text",
        [
            "filename,label\np2.png,b\np0.png,a\n",
            "label,file\nb,./p2.png\na,p0.png\n",
            "id,Class,width\np2,b,5\np0,a,5\n",
            "image_id,label\np2,b\np0,a\n",
        ],
    )
    def test_the_photos_listed(self, folder: Path, text: str) -> None:
        (folder / "labels.csv").write_text(text)
        contents, notes = read(folder)
        assert notes == [f"{folder / 'labels.csv'}: skipped 1 photo in {folder} that it does not list"]
        part = contents.train
        assert part is not None
        assert (part.names, part.y.tolist(), part.x[:, 0, 0, 0].tolist()) == (("a", "b"), [1, 0], [2, 0])

    def test_a_name_without_suffix_that_two_photos_have(self, folder: Path) -> None:
        photo(folder / "p0.bmp", np.full((5, 5, 3), 9, np.uint8))
        (folder / "labels.csv").write_text("id,label\np2,b\np0,a\n")
        assert "line 3: which photo is 'p0', p0.bmp or p0.png? Give its suffix" in message_of(folder)
        (folder / "labels.csv").write_text("id,label\np2,b\np0.png,a\np0.bmp,a\n")
        assert read(folder)[0].train.x[:, 0, 0, 0].tolist() == [2, 0, 9]  # type: ignore[union-attr]

    def test_photos_in_a_folder_beside_the_list(self, folder: Path) -> None:
        (folder.parent / "train.csv").write_text("filename,label\np2.png,b\ndata/p0.png,a\n")
        assert read(folder.parent)[0].train.y.tolist() == [1, 0]  # type: ignore[union-attr]

    @pytest.mark.parametrize("suffix", ["", "_images"])
    def test_photos_to_predict_beside_those_listed(self, folder: Path, suffix: str) -> None:
        train = folder.rename(folder.parent / f"train{suffix}")
        for i in range(3):
            photo(folder.parent / f"test{suffix}" / f"p{i}.png", np.full((5, 5, 3), 9, np.uint8))
        (folder.parent / "sample_submission.csv").write_text("id,label\np0,a\n")
        (folder.parent / "train.csv").write_text("id,label\np2,b\np0,a\n")
        part = read(folder.parent)[0].train
        assert part is not None
        assert (part.y.tolist(), part.x[:, 0, 0, 0].tolist()) == ([1, 0], [2, 0])
        (folder.parent / "train.csv").unlink()
        (folder.parent / "other.csv").write_text("id,label\np2,b\n")
        assert message_of(folder.parent).startswith(f"{train} has photos but no subfolders; ")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a,b\np0.png,x\n", "none of its columns (a, b) is named filename"),
            ("filename,label\np0.png,x\np9.png,x\n", "line 3: no photo 'p9.png'"),
            ("filename,label\np0.png,x\np0,x\n", "line 3: 'p0' is listed twice"),
            ("filename,label\np0.png\n", "line 2: expected filename, label; found ['p0.png']"),
            ("filename,label\n", "lists no photos"),
        ],
    )
    def test_lists_that_are_wrong(self, folder: Path, text: str, message: str) -> None:
        (folder / "labels.csv").write_text(text)
        assert message in message_of(folder)


class TestHDF5Beside:
    def test_a_stray_model_does_not_hide_the_photos(self, tmp_path: Path) -> None:
        folder_of(tmp_path, {"0": 1, "1": 2})
        (tmp_path / "model.h5").write_bytes(SHIPPED.read_bytes())
        contents, notes = read(tmp_path)
        assert classes_of(contents.train) == {"0": 1, "1": 2}
        assert notes == [f"{tmp_path}: reading the photos; ignored: model.h5"]

    def test_class_folders_win_and_a_folder_of_figures_does_not(self, tmp_path: Path) -> None:
        hdf5_file(tmp_path / "signs.h5", train_set_x=pixels(4), train_set_y=np.arange(4) % 2)
        photo(tmp_path / "figures" / "loss.png", pixels(1)[0])
        assert read(tmp_path)[0].train.names is None  # type: ignore[union-attr]
        folder_of(tmp_path, {"0": 1, "1": 2})
        assert read(tmp_path)[0].train.names is not None  # type: ignore[union-attr]

    def test_a_model_alone_is_not_data(self, tmp_path: Path) -> None:
        (tmp_path / "model.h5").write_bytes(SHIPPED.read_bytes())
        with pytest.warns(DataWarning, match="ignored: model.h5"):
            assert message_of(tmp_path).startswith(f"{tmp_path} has no photos")


def test_all_broken_photos_are_named(tmp_path: Path) -> None:
    folder_of(tmp_path, {"0": 3, "1": 2})
    for i in range(12):
        (tmp_path / "1" / f"x{i:02}.jpg").write_text("x")
    message = message_of(tmp_path)
    assert message.startswith(f"{tmp_path}: 12 of 17 photos are broken; replace or remove {tmp_path}/1/x00.jpg, ")
    assert "x09.jpg and 2 more (the first: " in message
