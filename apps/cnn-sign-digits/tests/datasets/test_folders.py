"""Folders of photos, good and bad."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photos import folder_of, numbered_folder, photo, pixels
from PIL import Image

from cnn_sign_digits.datasets.folders import read_folder
from cnn_sign_digits.datasets.layouts import EXPECTED
from nn_core.errors import DataError, DataWarning, NNError


def read(folder: Path, **options: str) -> Any:
    """The training set of a folder that has no other."""
    contents = read_folder(folder, size=64, **options)
    assert contents.test is None
    return contents.train


def message_of(folder: Path, **options: str) -> str:
    with pytest.raises(NNError) as caught:
        read(folder, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_each_photo_has_the_class_of_its_folder(tmp_path: Path) -> None:
    part = read(folder_of(tmp_path, {"0": 2, "3": 1, "10": 3}))
    assert part.names == ("0", "3", "10")
    assert part.y.tolist() == [0, 0, 1, 2, 2, 2]
    assert part.x.shape == (6, 64, 64, 3)
    assert part.x[:, 0, 0, 0].tolist() == [0, 0, 3, 10, 10, 10]
    assert part.x[:, 63, 63, 1].tolist() == [0, 1, 0, 0, 1, 2]
    assert part.groups is None
    assert part.source == str(tmp_path)


def test_class_names_are_in_alphabetical_order(tmp_path: Path) -> None:
    for name in ("two", "one", "3"):
        photo(tmp_path / name / "a.png", pixels(1)[0])
    assert read(tmp_path).names == ("3", "one", "two")


def test_which_files_are_photos(tmp_path: Path) -> None:
    image = pixels(1)[0]
    for name in ("a.jpg", "b.JPG", "c.JPEG", "d.png", "deep/er/e.PNG"):
        photo(tmp_path / "0" / name, image)
    photo(tmp_path / "1" / "a.png", image)
    (tmp_path / "0" / "notes.txt").write_text("not counted")
    (tmp_path / "0" / "._a.jpg").write_text("not counted")
    (tmp_path / "0" / "folder.jpg").mkdir()
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.md").write_text("not counted")
    photo(tmp_path / "sample.png", image)
    with pytest.warns(DataWarning) as caught:
        part = read(tmp_path)
    assert sorted(str(note.message).partition(" (")[0] for note in caught) == [
        f"{tmp_path}: skipped 1 file that is not a photo",
        f"{tmp_path}: skipped 1 photo outside the class folders",
    ]
    assert np.bincount(part.y).tolist() == [5, 1]
    np.testing.assert_array_equal(part.x[3:], image[None].repeat(3, axis=0))


@pytest.mark.parametrize(
    ("mode", "color", "seen"),
    [
        ("L", 9, [9, 9, 9]),
        ("LA", (9, 255), [9, 9, 9]),
        ("1", 1, [255, 255, 255]),
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBA", (1, 2, 3, 255), [1, 2, 3]),
        ("RGBA", (1, 2, 3, 0), [255, 255, 255]),
        ("P", 0, [0, 0, 0]),
        ("I;16", 257 * 40, [40, 40, 40]),
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (64, 64), (3, 200), (300, 100)])
def test_photos_of_any_mode_and_size(
    tmp_path: Path, mode: str, color: Any, seen: list[int], size: tuple[int, int]
) -> None:
    photo(tmp_path / "0" / "a.png", Image.new(mode, size, color))
    assert (read(tmp_path).x == seen).all()


def test_a_photo_is_upright_and_cropped_to_the_middle(tmp_path: Path) -> None:
    image = np.zeros((20, 100, 3), np.uint8)
    image[:10, 30:70] = 255
    exif = Image.Exif()
    exif[0x0112] = 3
    photo(tmp_path / "0" / "a.png", image, exif=exif)
    x = read(tmp_path).x[0]
    assert (x[:30] == 0).all()
    assert (x[34:] == 255).all()


def test_subjects_are_inferred_from_numbered_photos(tmp_path: Path) -> None:
    part = read(numbered_folder(tmp_path, 3))
    assert np.bincount(part.groups).tolist() == [10, 10, 10]
    assert part.y.tolist() == np.repeat(range(10), 3).tolist()
    np.testing.assert_array_equal(part.groups, np.tile([0, 1, 2], 10))
    np.testing.assert_allclose(part.x[:, 5, 5, 1], part.groups, atol=2)


def test_a_group_is_searched_for_in_the_path_below_the_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "by-9", {"0": 3, "1": 2})
    assert read(folder, group=r"(\d)\.png$").groups.tolist() == [0, 1, 2, 0, 1]
    assert read(folder, group=r"^(\d)/").groups.tolist() == [0, 0, 0, 1, 1]
    table = tmp_path / "people.csv"
    table.write_text("".join(f"{d}/photo{n}.png,{n}\n" for d in "01" for n in range(3)))
    assert read(folder, group=str(table)).groups.tolist() == [0, 1, 2, 0, 1]
    assert "does not match '0/photo0.png'" in message_of(folder, group="(x)")


def test_broken_photos_are_named(tmp_path: Path) -> None:
    folder_of(tmp_path, {"0": 3, "1": 2})
    whole = photo(tmp_path / "1" / "whole.jpg", pixels(1, 100, 100, 3)[0]).read_bytes()
    cut = tmp_path / "1" / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    assert message_of(tmp_path).startswith(f"{cut} is not an image, or is damaged: ")
    cut.write_bytes(b"")
    assert message_of(tmp_path) == f"{cut} is empty"
    cut.write_text("<html>")
    assert message_of(tmp_path).startswith(f"{cut} is not an image; supported formats are ")


def test_folders_with_nothing_to_train_on(tmp_path: Path) -> None:
    assert message_of(tmp_path) == (f"{tmp_path} has no photos; {EXPECTED}")
    photo(tmp_path / "a.png", pixels(1)[0])
    assert "has photos but no subfolders" in message_of(tmp_path)
    (tmp_path / "0").mkdir()
    assert message_of(tmp_path).startswith(f"{tmp_path / '0'} has no photos (JPEG, PNG, ")
    photo(tmp_path / "1" / "a.png", pixels(1)[0])
    assert message_of(tmp_path).startswith(f"{tmp_path / '0'} has no photos")
    assert "cannot be read, or is damaged" in message_of(tmp_path / "none").replace(
        "a folder that can be read", "cannot be read"
    )


def test_a_line_break_in_a_name_stays_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "0\n1").mkdir()
    assert "0\\n1 has no photos" in message_of(tmp_path)
    (tmp_path / "0\n1" / "a\n.jpg").write_text("x")
    with pytest.raises(DataError, match="is not an image"):
        read(tmp_path)


def test_links_in_circles_end(tmp_path: Path) -> None:
    for name in ("a", "b"):
        photo(tmp_path / "data" / name / "1.png", Image.new("RGB", (4, 4)))
        (tmp_path / "data" / name / "up").symlink_to("..")
    (tmp_path / "data" / "self").symlink_to(".")
    (tmp_path / "data" / "loop").symlink_to("loop")
    with pytest.warns(DataWarning, match="not a photo"):
        found = read_folder(tmp_path / "data", size=8).train
    assert found is not None
    assert found.names is not None
    assert set(found.names) >= {"a", "b"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_and_devices_called_like_photos_are_broken_ones(tmp_path: Path) -> None:
    for name in ("a", "b"):
        photo(tmp_path / name / "1.png", Image.new("RGB", (4, 4)))
    os.mkfifo(tmp_path / "a" / "2.png")
    (tmp_path / "b" / "2.png").symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"2 of 4 photos are broken.*2\.png is not a regular file"):
        read_folder(tmp_path, size=8)
