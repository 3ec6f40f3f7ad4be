"""The formats of data files, and one line per error."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import pytest

from deep_nn.datasets.files import read
from nn_core.cli.dataset import Contents, Part
from nn_core.errors import DataError, DataWarning, NNError

PHOTOS = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)


POINTS = np.arange(12.0).reshape(6, 2)


NUMBERS = np.array([0, 1, 0, 1, 0, 1])


def csv_file(tmp_path: Path, text: str | bytes, name: str = "points.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def npz_file(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "points.npz"
    np.savez(path, **arrays)
    return path


def hdf5_file(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "photos.h5"
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    return path


def message_of(path: Path, reader: Callable[[Path], object] = read) -> str:
    with pytest.raises(NNError) as caught:
        reader(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def train_part(path: Path) -> Part[Any]:
    """The training set of a file that must have one."""
    part = read(path).train
    assert part is not None
    return part


class TestNpz:
    def test_tables_and_labels_of_every_kind(self, tmp_path: Path) -> None:
        for labels, names in [
            (NUMBERS, None),
            (NUMBERS.astype(np.uint8)[:, None], None),
            (NUMBERS.astype(float)[None], None),
            (NUMBERS.astype(bool), None),
            (np.array(["no", "yes"])[NUMBERS], ("no", "yes")),
            (np.array([b"no", b"yes"])[NUMBERS], ("no", "yes")),
            (np.array(["2", "10"])[NUMBERS], ("2", "10")),
        ]:
            part = train_part(npz_file(tmp_path, x=POINTS.astype(np.float32), y=labels))
            assert part.x.dtype == np.float64
            np.testing.assert_array_equal(part.x, POINTS)
            assert part.y.tolist() == NUMBERS.tolist()
            assert part.names == names

    def test_images_have_channels(self, tmp_path: Path) -> None:
        assert train_part(npz_file(tmp_path, x=PHOTOS, y=NUMBERS)).x.shape == (6, 4, 5, 3)
        part = train_part(npz_file(tmp_path, x=PHOTOS[..., 0].astype(int), y=NUMBERS))
        assert part.x.shape == (6, 4, 5, 1)
        assert part.x.dtype == np.uint8

    def test_a_test_set(self, tmp_path: Path) -> None:
        contents = read(npz_file(tmp_path, x=POINTS, y=NUMBERS, x_test=POINTS[:1], y_test=[1]))
        assert contents.train is not None
        assert contents.test is not None
        assert len(contents.train.y) == 6
        assert contents.test.y.tolist() == [1]

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"a": POINTS, "b": POINTS}, "has no x and y; its arrays are a (6, 2), b (6, 2); rename them: d ="),
            ({}, "it has no keys"),
            ({"x": POINTS}, "x (6, 2) has no labels beside it"),
            ({"x": POINTS, "y": NUMBERS[:5]}, "x has shape (6, 2) and y (5,)"),
            ({"x": POINTS, "y": np.ones((6, 3))}, "y.argmax(axis=1)"),
            ({"x": POINTS[:0], "y": NUMBERS[:0]}, ": no examples"),
            ({"x": POINTS[:, :0], "y": NUMBERS}, ": no examples"),
            ({"x": PHOTOS[:0], "y": NUMBERS[:0]}, ": no examples"),
            ({"x": PHOTOS[..., None], "y": NUMBERS}, "must be a table (N, D) or images"),
            ({"x": PHOTOS / 127.5 - 1, "y": NUMBERS}, "pixels must be integers"),
            ({"x": PHOTOS.astype(int) + 1, "y": NUMBERS}, "pixels must be integers"),
            ({"x": PHOTOS.astype(int) - 1, "y": NUMBERS}, "pixels must be integers"),
            ({"x": PHOTOS[:, :2, :, :2], "y": NUMBERS}, "RGBA) channels, not 2"),
            ({"x": POINTS.astype(str), "y": NUMBERS}, "examples must be numbers"),
            ({"x": POINTS * 1j, "y": NUMBERS}, "examples must be numbers"),
            ({"x": np.where(POINTS == 5, np.nan, POINTS), "y": NUMBERS}, "nan at example 2, col"),
            ({"x": np.full(POINTS.shape, 0x7F800001, "u4").view("f4"), "y": NUMBERS}, "nan at example 0, col"),
            ({"x": np.where(POINTS == 5, -np.inf, POINTS), "y": NUMBERS}, "-inf at example 2"),
            ({"x": POINTS, "y": NUMBERS * np.nan}, "label nan of example 0"),
            ({"x": POINTS, "y": NUMBERS * 1j}, "labels must be integers or text"),
            ({"x": POINTS, "y": np.array([None] * 6)}, "a pickle, which is never read; save it as text or numbers"),
        ],
    )
    def test_one_line_per_error(self, tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
        assert message in message_of(npz_file(tmp_path, **arrays))

    def test_files_of_another_format(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path, x=POINTS, y=NUMBERS)
        whole = path.read_bytes()
        for broken in (whole[:-40], whole[:100], b"PK", b"some text"):
            path.write_bytes(broken)
            assert "is not an .npz file" in message_of(path)
        path.write_bytes(b"\x93NUMPY" + whole)
        assert "holds one array; give the folder" in message_of(path)
        path.write_bytes(whole.replace(POINTS.tobytes(), POINTS.tobytes()[::-1]))
        assert "is damaged: Bad CRC-32" in message_of(path)


def names_to_test_on(contents: Contents[Any]) -> tuple[str, ...] | None:
    """The class names of a test set that must be there."""
    assert contents.test is not None
    return contents.test.names


class TestOtherLayouts:
    def test_the_course_stores_one_column_per_example(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path, x=POINTS.T, y=NUMBERS[None])
        with pytest.warns(DataWarning, match=r"x \(2, 6\) read as \(D, N\), one column per example"):
            part = train_part(path)
        np.testing.assert_array_equal(part.x, POINTS)
        assert part.x.flags.c_contiguous

    @pytest.mark.parametrize("stored", [PHOTOS / np.float32(255), PHOTOS.astype(np.uint16) * 257, PHOTOS * 1.0])
    def test_pixels_of_other_types(self, tmp_path: Path, stored: Any) -> None:
        with pytest.warns(DataWarning, match="pixels .* read as"):
            part = train_part(npz_file(tmp_path, x=stored, y=NUMBERS))
        np.testing.assert_array_equal(part.x, PHOTOS, strict=True)

    def test_channels_first(self, tmp_path: Path) -> None:
        with pytest.warns(DataWarning, match="channels first"):
            part = train_part(npz_file(tmp_path, x=PHOTOS.transpose(0, 3, 1, 2), y=NUMBERS))
        np.testing.assert_array_equal(part.x, PHOTOS, strict=True)

    def test_a_table_of_one_column(self, tmp_path: Path) -> None:
        with pytest.warns(DataWarning, match="a table of one column"):
            part = train_part(npz_file(tmp_path, x=POINTS[:, 0], y=NUMBERS))
        np.testing.assert_array_equal(part.x, POINTS[:, :1])

    @pytest.mark.parametrize("y", [POINTS[:, 0] / 4, np.arange(60)])
    def test_real_targets(self, tmp_path: Path, y: Any) -> None:
        with pytest.warns(DataWarning, match="predicting a number"):
            part = train_part(npz_file(tmp_path, x=np.ones((len(y), 2)), y=y))
        assert (part.y.dtype, part.names) == (np.float64, None)
        assert part.y.tolist() == y.tolist()

    def test_a_folder_of_a_training_and_a_test_file(self, tmp_path: Path) -> None:
        for name, rows in (("points_train.npz", 6), ("points_test.npz", 4)):
            npz_file(tmp_path, x=POINTS[:rows], y=NUMBERS[:rows]).rename(tmp_path / name)
        contents = read(tmp_path)
        assert contents.train is not None
        assert contents.test is not None
        assert (len(contents.train.y), len(contents.test.y)) == (6, 4)

    def test_a_folder_of_npy_files(self, tmp_path: Path) -> None:
        np.save(tmp_path / "X.npy", POINTS)
        np.save(tmp_path / "y.npy", NUMBERS)
        np.testing.assert_array_equal(train_part(tmp_path).x, POINTS)


class TestHdf5:
    def test_photos_with_names(self, tmp_path: Path) -> None:
        names = np.array([b"non-cat", b"caf\xc3\xa9"])
        path = hdf5_file(tmp_path, train_set_x=PHOTOS, train_set_y=NUMBERS[None], list_classes=names)
        contents = read(path)
        assert contents.test is None
        assert contents.train is not None
        assert contents.train.names == ("non-cat", "café")
        np.testing.assert_array_equal(contents.train.x, PHOTOS)
        assert contents.train.y.tolist() == NUMBERS.tolist()

    def test_names_of_any_length_and_none(self, tmp_path: Path) -> None:
        arrays = {"test_set_x": POINTS, "test_set_y": NUMBERS}
        contents = read(hdf5_file(tmp_path, **arrays, list_classes=["no", "yes"]))
        assert contents.train is None
        assert names_to_test_on(contents) == ("no", "yes")
        assert names_to_test_on(read(hdf5_file(tmp_path, **arrays))) is None
        numbers = read(hdf5_file(tmp_path, **arrays, list_classes=np.array([0, 1])))
        assert names_to_test_on(numbers) == ("0", "1")

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"a": POINTS, "b": POINTS}, "f.move('...', 'x')"),
            ({}, "it has no keys"),
            ({"train_set_x": POINTS}, "train_set_x (6, 2) has no labels beside it"),
            (
                {"test_set_x": POINTS, "test_set_y": NUMBERS * 2, "list_classes": [b"a", b"b"]},
                "label 2 is out of range; there are 2 classes",
            ),
            ({"test_set_x": POINTS, "test_set_y": NUMBERS, "list_classes": [b"a", b"a"]}, "duplicate name"),
            ({"train_set_x": 3.0, "train_set_y": 1}, "one label per example"),
            ({"train_set_x": POINTS, "train_set_y": 1}, "one label per example"),
        ],
    )
    def test_one_line_per_error(self, tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
        assert message in message_of(hdf5_file(tmp_path, **arrays))

    def test_files_of_another_format(self, tmp_path: Path) -> None:
        path = hdf5_file(tmp_path, train_set_x=PHOTOS, train_set_y=NUMBERS)
        whole = path.read_bytes()
        for broken in (whole[: len(whole) // 2], whole[:-1]):
            path.write_bytes(broken)
            assert "is damaged or incomplete" in message_of(path)
        for other in (whole[:7], b"some text"):
            path.write_bytes(other)
            assert message_of(path) == f"{path} is not an HDF5 file"

    def test_a_corrupted_chunk(self, tmp_path: Path) -> None:
        path = tmp_path / "photos.hdf5"
        with h5py.File(path, "w") as file:
            stored = file.create_dataset("train_set_x", data=PHOTOS, chunks=True, fletcher32=True)
            place = stored.id.get_chunk_info(0).byte_offset
            file["train_set_y"] = NUMBERS
        content = bytearray(path.read_bytes())
        content[place] ^= 255
        path.write_bytes(content)
        assert "is damaged: " in message_of(path)

    def test_a_broken_link(self, tmp_path: Path) -> None:
        path = hdf5_file(tmp_path, train_set_x=h5py.SoftLink("/gone"), train_set_y=NUMBERS)
        assert "train_set_x is a link to /gone, which is not followed" in message_of(path)


@pytest.mark.parametrize("name", ["x.csv", "x.npz", "x.h5", "x.hdf5", "x.H5"])
class TestAnyKind:
    def test_missing_empty_and_not_a_file(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        assert message_of(path) == f"no such file: {path}"
        path.touch()
        assert message_of(path) == f"{path} is empty"
        path.unlink()
        path.mkdir()
        assert message_of(path).startswith(f"{path} is a directory without data files; expected ")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_is_refused_at_once(self, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        assert "is not a regular file" in message_of(tmp_path / name)

    def test_an_unreadable_file(self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(name: str, flags: int) -> NoReturn:
            raise PermissionError(13, "Permission denied")

        (tmp_path / name).write_text("1,2,3")
        monkeypatch.setattr("nn_core.storage.files._open_at_once", refuse)
        assert message_of(tmp_path / name) == f"{tmp_path / name} cannot be read: Permission denied"

    def test_noise(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(np.random.default_rng(0).bytes(5000))
        message_of(path)


def test_an_unknown_suffix(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "1,2,a", "points.doc")
    assert "unsupported suffix (.doc); expected one of .csv, .npz, .h5, .hdf5, .mat" in message_of(path)
    assert "(none)" in message_of(csv_file(tmp_path, "1,2,a", "points"))


def test_a_name_with_a_line_break_stays_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such file: .*two\\nlines\.csv$"):
        read(tmp_path / "two\nlines.csv")
