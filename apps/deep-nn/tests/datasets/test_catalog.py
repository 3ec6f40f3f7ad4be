"""Data sets by name or path, split for training and matched to a model's classes."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from deep_nn.datasets.catalog import CATALOG, CATS
from deep_nn.datasets.files import read_for_prediction
from nn_core.cli import download
from nn_core.errors import DataError, DataWarning, NNError, SettingError, ShapeError

PHOTOS = np.arange(20 * 4 * 4 * 3, dtype=np.uint16).astype(np.uint8).reshape(20, 4, 4, 3)


NUMBERS = np.arange(20) % 2


CAT_NAMES = [b"non-cat", b"cat"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of downloaded data sets."""
    here = tmp_path / "fetched"
    here.mkdir()
    monkeypatch.setattr(download, "data_folder", lambda: here)
    return here


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def hdf5_file(path: Path, names: list[bytes] | None = CAT_NAMES, **arrays: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
        if names is not None:
            file["list_classes"] = names
    return path


def npz_file(path: Path, x: Any, y: Any, **more: Any) -> Path:
    np.savez(path, x=x, y=y, **more)
    return path


def message_of(spec: str | Path, **options: Any) -> str:
    with pytest.raises(NNError) as caught:
        CATALOG.load(str(spec), rng=rng(), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestLoad:
    def test_a_generated_set(self) -> None:
        splits = CATALOG.load("moons:points=100,noise=0.1", rng=rng(5))
        assert (len(splits.train), len(splits.validation)) == (80, 20)
        assert np.bincount(splits.validation.y).tolist() == [10, 10]
        assert splits.train.classes == splits.validation.classes == ("upper", "lower")
        assert splits.origin == "0.2 of each class held out"
        again = CATALOG.load("moons:points=100,noise=0.1", rng=rng(5))
        assert splits.fingerprint == again.fingerprint
        np.testing.assert_array_equal(splits.validation.x, again.validation.x)

    def test_a_split_keeps_every_example_once(self, tmp_path: Path) -> None:
        x = np.arange(40.0).reshape(20, 2)
        splits = CATALOG.load(str(npz_file(tmp_path / "a.npz", x, NUMBERS)), validation=0.3, rng=rng())
        both = np.concatenate([splits.train.x, splits.validation.x])
        np.testing.assert_array_equal(both[np.argsort(both[:, 0])], x)
        for part in (splits.train, splits.validation):
            np.testing.assert_array_equal(part.y, NUMBERS[(part.x[:, 0] / 2).astype(int)])
        assert len(splits.validation) == 6

    def test_a_test_set_in_the_file_is_the_validation_set(self, tmp_path: Path) -> None:
        path = hdf5_file(
            tmp_path / "cats.h5",
            train_set_x=PHOTOS,
            train_set_y=NUMBERS[None],
            test_set_x=PHOTOS[:3],
            test_set_y=[[1, 1, 1]],
        )
        splits = CATALOG.load(str(path), rng=rng())
        assert (len(splits.train), len(splits.validation)) == (20, 3)
        assert splits.validation.y.tolist() == [1, 1, 1]
        assert splits.origin == f"{path} (test_set)"

    def test_a_test_file_overrides_a_test_set_and_is_matched_by_name(self, tmp_path: Path) -> None:
        arrays: dict[str, Any] = {"train_set_x": PHOTOS, "train_set_y": NUMBERS}
        path = hdf5_file(tmp_path / "a.h5", **arrays, test_set_x=PHOTOS[:3], test_set_y=[1, 1, 1])
        other = hdf5_file(tmp_path / "b.h5", [b"cat", b"dog", b"non-cat"], test_set_x=PHOTOS[:2], test_set_y=[0, 2])
        splits = CATALOG.load(str(path), test=str(other), rng=rng())
        assert splits.validation.y.tolist() == [1, 0]
        assert splits.validation.classes == ("non-cat", "cat")
        assert splits.origin == f"{other} (test_set)"

    def test_a_test_file_may_have_only_a_training_set(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path / "a.npz", np.zeros((4, 2)), [0, 1, 0, 1])
        splits = CATALOG.load("moons", test=str(path), rng=rng())
        assert splits.validation.y.tolist() == [0, 1, 0, 1]

    def test_a_test_set_that_does_not_fit(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path / "a.npz", np.zeros((4, 3)), [0, 1, 0, 1])
        with pytest.raises(ShapeError, match=r"^moons has 2 columns, but .* has 3 columns$"):
            CATALOG.load("moons", test=str(path), rng=rng())
        more = npz_file(tmp_path / "b.npz", np.zeros((3, 2)), [0, 1, 2])
        assert "class '2' is unknown to the training data" in message_of("moons", test=str(more))
        assert message_of("moons", test=str(tmp_path / "no.csv")).startswith("no such file: ")

    def test_data_that_cannot_be_trained_on(self, tmp_path: Path) -> None:
        x = np.zeros((4, 2))
        one = npz_file(tmp_path / "one.npz", x, [0, 0, 0, 0])
        assert "only one class ('0')" in message_of(one)
        named = npz_file(tmp_path / "named.npz", x, ["cat"] * 4)
        assert "only one class ('cat')" in message_of(named)
        single = npz_file(tmp_path / "single.npz", x, [0, 1, 2, 3])
        assert f"{single} (x, y): cannot hold out examples" in message_of(single)
        test_only = hdf5_file(tmp_path / "t.h5", test_set_x=PHOTOS, test_set_y=NUMBERS)
        assert "t.h5 has only a test set" in message_of(test_only)

    def test_a_class_of_the_list_may_have_no_examples(self, tmp_path: Path) -> None:
        path = hdf5_file(tmp_path / "a.h5", [b"a", b"b", b"c"], train_set_x=PHOTOS, train_set_y=NUMBERS * 2)
        splits = CATALOG.load(str(path), rng=rng())
        assert splits.train.classes == ("a", "b", "c")
        assert set(splits.train.y.tolist()) == {0, 2}

    @pytest.mark.parametrize("fraction", [1.0, -1.0, float("nan")])
    def test_a_fraction_out_of_range(self, fraction: float) -> None:
        with pytest.raises(SettingError, match="between 0 and 1"):
            CATALOG.load("moons", validation=fraction, rng=rng())


class TestNames:
    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("moon", "no such file or data set: 'moon'; did you mean 'moons'?"),
            ("moon:points=9", "no such file or data set: 'moon'; did you mean 'moons'?"),
            ("cat", "no such file or data set: 'cat'; did you mean 'cats'?"),
            ("xyz", "choose from blobs, cats, circles, moons, spirals"),
            ("", "choose from blobs, cats, circles, moons, spirals"),
            ("moons.csv", "no such file: moons.csv"),
            ("nowhere/moons", "no such file: nowhere"),
            ("a\nb", "no such file or data set: 'a\\\\nb'"),
            ("a\0b", "no such file or data set: 'a\\\\x00b'"),
            ("a" * 5000, "cannot be read: "),
            (".", "is a directory"),
            ("cats", "data set 'cats' is not downloaded yet; run: deep-nn fetch cats"),
            ("cats:size=3", "data set 'cats' has no settings"),
            ("moons:noize=3", "no setting 'noize'; did you mean 'noise'?"),
        ],
    )
    def test_one_line_per_error(self, spec: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert message in message_of(spec)

    def test_downloaded_cats_have_a_test_set(self, folder: Path) -> None:
        assert not next(entry for entry in CATALOG.entries() if entry.name == "cats").is_here
        train, test = (folder / file.name for file in CATS.files)
        hdf5_file(train, train_set_x=PHOTOS, train_set_y=NUMBERS)
        assert "is not downloaded yet" in message_of("cats")
        hdf5_file(test, test_set_x=PHOTOS[:3], test_set_y=[1, 0, 1])
        splits = CATALOG.load("cats", rng=rng())
        assert (len(splits.train), splits.validation.y.tolist()) == (20, [1, 0, 1])
        judged = CATALOG.load_for_evaluation("cats", ("cat", "non-cat"), rng=rng())
        assert judged.y.tolist() == [0, 1, 0]
        assert judged.name == f"{test} (test_set)"
        assert next(entry for entry in CATALOG.entries() if entry.name == "cats").is_here

    def test_the_list_says_how_to_write_each_set(self) -> None:
        entries = {entry.name: entry for entry in CATALOG.entries()}
        assert list(entries) == ["moons", "circles", "spirals", "blobs", "cats"]
        assert entries["moons"].spec == "moons:points=500,noise=0.2"
        for entry in entries.values():
            assert entry.description
            if entry.name != "cats":
                assert len(CATALOG.load(entry.spec, rng=rng()).train) == 400

    def test_every_remote_set_is_complete(self) -> None:
        for name, remote in CATALOG.remote.items():
            assert remote.name == name
            assert len(remote.files) == 2
            for file in remote.files:
                assert file.url.startswith("https://")
                assert file.url.endswith(f"/{file.name}")
                assert len(bytes.fromhex(file.sha256)) == 32


class TestLoadForEvaluation:
    def labels(self, path: Path, classes: tuple[str, ...]) -> Any:
        judged = CATALOG.load_for_evaluation(str(path), classes, rng=rng())
        assert judged.classes == classes
        return judged.y.tolist()

    def test_the_test_set_if_there_is_one(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path / "a.npz", np.zeros((4, 2)), [0, 1, 0, 1], x_test=np.ones((1, 2)), y_test=[0])
        judged = CATALOG.load_for_evaluation(str(path), ("a", "b"), rng=rng())
        assert judged.x.tolist() == [[1, 1]]
        assert judged.name == f"{path} (x_test, y_test)"

    def test_new_points_of_a_generated_set(self) -> None:
        judged = CATALOG.load_for_evaluation("moons:points=50", ("lower", "upper"), rng=rng())
        assert judged.name == "moons"
        assert np.bincount(judged.y).tolist() == [25, 25]
        assert judged.y[0] == 1

    def test_classes_are_matched_by_name(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("1,dog\n2,cat\n3,dog\n")
        assert self.labels(path, ("cat", "cow", "dog")) == [2, 0, 2]
        with pytest.raises(DataError, match=r"a.csv: class 'dog' is unknown to the model.*'cat'"):
            self.labels(path, ("cat", "cow"))

    def test_one_class_of_many_is_enough(self, tmp_path: Path) -> None:
        path = hdf5_file(tmp_path / "a.h5", test_set_x=PHOTOS, test_set_y=np.ones(20, int))
        assert self.labels(path, ("cat",)) == [0] * 20

    def test_numbers_are_indices_unless_a_class_is_a_number(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path / "a.npz", np.zeros((3, 2)), [2, 1, 2])
        with pytest.warns(DataWarning, match="positions in the classes of the model, from 0: 1 is 'b'"):
            assert self.labels(path, ("a", "b", "c")) == [2, 1, 2]
        assert self.labels(path, ("1", "2", "3")) == [1, 0, 1]
        table = tmp_path / "a.csv"
        table.write_text("0,2\n0,1.0\n0,2\n")
        assert self.labels(table, ("a", "b", "c")) == [2, 1, 2]
        assert self.labels(table, ("01", "02", "x")) == [1, 0, 1]
        for wrong in (path, table):
            with pytest.raises(DataError, match="class '2' is unknown to the model"):
                self.labels(wrong, ("a", "b"))

    def test_a_label_far_out_of_range(self, tmp_path: Path) -> None:
        path = npz_file(tmp_path / "a.npz", np.zeros((2, 2)), [0, 2**31 - 1])
        with pytest.raises(DataError, match="class '2147483647' is unknown"):
            self.labels(path, ("a", "b"))


class TestReadForPrediction:
    def test_files_that_fit_the_training_data(self, tmp_path: Path) -> None:
        table = tmp_path / "points.csv"
        table.write_text("1,2\n3,4\n")
        photo = tmp_path / "photo.png"
        Image.new("RGB", (9, 9)).save(photo)
        assert read_for_prediction(table, (2,)).x.shape == (2, 2)
        assert read_for_prediction(photo, (4, 4, 3)).x.shape == (1, 4, 4, 3)
        with pytest.raises(DataError, match=r"trained on 2 columns; .*photo.png is not a .csv"):
            read_for_prediction(photo, (2,))
        with pytest.raises(DataError, match=r"points.csv is not an image"):
            read_for_prediction(table, (4, 4, 3))
        with pytest.raises(DataError, match="no such file"):
            read_for_prediction(tmp_path / "none.png", (2,))
