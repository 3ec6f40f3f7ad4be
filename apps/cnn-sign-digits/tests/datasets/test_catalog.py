"""Photos by name or path, split by subject and matched to a model's classes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from photos import folder_of, hdf5_file, numbered_folder, photo, pixels, rng

from cnn_sign_digits.datasets import arrays
from cnn_sign_digits.datasets.catalog import CATALOG, DIGITS, SIGNS, PhotoSplits, is_generated, read_path
from cnn_sign_digits.synthetic import renderer
from nn_core.batches.augmentation import Augmentation
from nn_core.batches.subset import Subset
from nn_core.cli import download
from nn_core.engine.engine import Engine
from nn_core.errors import DataError, DataWarning, NNError, SettingError
from nn_core.layers import Dense, Flatten, InstanceNorm
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Momentum
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer

PHOTOS = pixels(20)
NUMBERS = np.arange(20) % 2
TEN = tuple(map(str, range(10)))


@pytest.fixture(autouse=True)
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which downloaded sets are looked for."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    monkeypatch.setattr(download, "data_folder", lambda: folder)
    return folder


@pytest.fixture
def fast_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain colors in place of hands, whose green is the diversity."""

    def render_dataset(
        count: int, *, rng: np.random.Generator, size: int, diversity: float
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        y = np.arange(count) % 10
        x = np.zeros((count, size, size, 3), np.uint8)
        x[:] = rng.integers(0, 256, (count, 1, 1, 3))
        x[..., 0] = y[:, None, None]
        x[..., 1] = 200 * diversity
        return x, y

    monkeypatch.setattr(renderer, "render_dataset", render_dataset)


def load(spec: object, *, seed: int = 0, group: str | None = None, **options: Any) -> PhotoSplits:
    def read(path: Path) -> Any:
        return read_path(path, group)

    return CATALOG.load(str(spec), rng=rng(seed), read=read, **options)


def message_of(spec: object, **options: Any) -> str:
    with pytest.raises(NNError) as caught:
        load(spec, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("fast_renderer")
class TestSynthetic:
    def test_classes_are_balanced_in_both_sets(self) -> None:
        splits = load("synthetic:count=100", seed=5)
        assert (len(splits.train), len(splits.validation)) == (80, 20)
        assert splits.train.x.shape == (80, 64, 64, 3)
        assert splits.train.classes == splits.validation.classes == TEN
        assert np.bincount(splits.validation.y).tolist() == [2] * 10
        assert splits.origin == "0.2 of each class held out"
        assert len(load("synthetic").train) == 4000
        again, other = (load("synthetic:count=100", seed=seed) for seed in (5, 6))
        assert splits.fingerprint == again.fingerprint != other.fingerprint

    @pytest.mark.parametrize(("settings", "diversity"), [("", 0.15), (",diversity=0", 0), (",diversity=1", 1)])
    def test_diversity_is_that_of_the_renderer(self, settings: str, diversity: float) -> None:
        splits = load(f"synthetic:count=50{settings}")
        assert np.unique(splits.train.x[:][..., 1]).tolist() == [round(200 * diversity)]

    def test_settings_out_of_range(self) -> None:
        assert "count must be at least 10" in message_of("synthetic:count=9")
        for diversity in ("-0.1", "1.5"):
            said = message_of(f"synthetic:diversity={diversity}")
            assert said == f"synthetic: diversity must be 0 to 1, not {diversity}"
        assert "diversity must be a number, not 'much'" in message_of("synthetic:diversity=much")
        assert "diversity must be finite" in message_of("synthetic:diversity=nan")
        assert "no setting 'size'" in message_of("synthetic:size=3")
        assert "'digits' has no settings" in message_of("digits:count=3")

    def test_evaluation(self) -> None:
        assert len(CATALOG.load_for_evaluation("synthetic:count=30", TEN, rng=rng())) == 30


def test_synthetic_hands_are_those_of_the_renderer() -> None:
    found = CATALOG.load_for_evaluation("synthetic:count=10,diversity=1", TEN, rng=rng(3))
    x, y = renderer.render_dataset(10, rng=rng(3), diversity=1)
    np.testing.assert_array_equal(found.x[:], x)
    np.testing.assert_array_equal(found.y, y)


def test_which_data_is_generated() -> None:
    assert all(map(is_generated, ("synthetic", " synthetic:count=10")))
    assert not any(map(is_generated, ("digits", "synthetic.h5", "./synthetic")))


class TestSubjects:
    def test_no_subject_is_in_both_sets(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "photos", 10)
        splits = load(folder, validation=0.3)
        assert splits.origin == "3 of 10 subjects held out"
        train, validation = splits.train.groups, splits.validation.groups
        assert train is not None
        assert validation is not None
        held_out = set(validation.tolist())
        assert (len(set(train.tolist())), len(held_out)) == (7, 3)
        assert held_out.isdisjoint(train.tolist())
        assert np.bincount(splits.validation.y).tolist() == [3] * 10
        for part, groups in ((splits.train, train), (splits.validation, validation)):
            np.testing.assert_allclose(part.x[:][:, 9, 9, 0], part.y, atol=2)
            np.testing.assert_allclose(part.x[:][:, 9, 9, 1], groups, atol=2)
        other = load(folder, validation=0.3, seed=1).validation.groups
        assert other is not None
        assert set(other.tolist()) != held_out

    def test_without_subjects_a_fraction_of_each_class_is_held_out(self, tmp_path: Path) -> None:
        splits = load(folder_of(tmp_path / "a", {"0": 10, "1": 20}))
        assert np.bincount(splits.validation.y).tolist() == [2, 4]
        assert splits.origin == "0.2 of each class held out"

    def test_subjects_by_regular_expression(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", {"0": 10, "1": 10})
        splits = load(folder, group=r"(\d+)\.png")
        assert splits.origin == "2 of 10 subjects held out"
        shown = np.unique(splits.validation.x[:][:, 0, 0, 1])
        np.testing.assert_array_equal(shown, np.unique(splits.validation.groups))  # type: ignore[arg-type]
        assert "each has all examples of some class" in message_of(folder, group=r"^(\d)/")
        assert "there is only one" in message_of(folder, group="(photo)")

    @pytest.mark.parametrize("folds", [2, 5])
    def test_over_all_folds_each_subject_is_held_out_once(self, tmp_path: Path, folds: int) -> None:
        folder = numbered_folder(tmp_path / "a", 10)
        held_out: list[int] = []
        for number in range(1, folds + 1):
            splits = load(folder, fold=f"{number}/{folds}")
            train, validation = (
                set(np.unique(part.groups).tolist())  # type: ignore[arg-type]
                for part in (splits.train, splits.validation)
            )
            assert not train & validation
            assert len(train | validation) == 10
            assert splits.origin == f"fold {number} of {folds} held out"
            assert len(splits.train) + len(splits.validation) == 100
            held_out += sorted(validation)
        assert sorted(held_out) == list(range(10))

    def test_more_folds_than_subjects(self, tmp_path: Path) -> None:
        folder = numbered_folder(tmp_path / "a", 3)
        assert "a: 3 groups cannot be divided into 4 folds" in message_of(folder, fold="1/4")

    def test_groups_are_for_folders(self, tmp_path: Path) -> None:
        path = hdf5_file(tmp_path / "t.h5", test_set_x=PHOTOS, test_set_y=NUMBERS)
        with pytest.raises(SettingError, match=r"--group needs a folder of photos, not .*t\.h5"):
            load(path, group="(x)")


class TestFiles:
    def test_a_test_set_in_the_file_is_the_validation_set(self, tmp_path: Path) -> None:
        path = hdf5_file(
            tmp_path / "signs.h5",
            [0, 1],
            train_set_x=PHOTOS,
            train_set_y=NUMBERS[None],
            test_set_x=PHOTOS[:3],
            test_set_y=[[1, 1, 1]],
        )
        splits = load(path)
        assert (len(splits.train), len(splits.validation)) == (20, 3)
        assert splits.validation.y.tolist() == [1, 1, 1]
        assert splits.origin == f"{path} (test_set)"

    def test_two_files(self, tmp_path: Path) -> None:
        names = [b"a", b"b"]
        train = hdf5_file(tmp_path / "x.h5", names, train_set_x=PHOTOS, train_set_y=NUMBERS)
        names = [b"b", b"c", b"a"]
        test = hdf5_file(tmp_path / "y.h5", names, test_set_x=PHOTOS[:2], test_set_y=[0, 2])
        assert load(train, test=str(test)).validation.y.tolist() == [1, 0]
        both = load(tmp_path)
        assert (len(both.train), both.validation.y.tolist()) == (20, [1, 0])
        folder = tmp_path / "z"
        photo(folder / "b" / "1.png", PHOTOS[0])
        photo(folder / "b" / "2.png", PHOTOS[0])
        assert load(train, test=str(folder)).validation.y.tolist() == [1, 1]

    def test_photos_larger_than_memory_train_to_the_same_bits(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = hdf5_file(tmp_path / "a.h5", train_set_x=PHOTOS, train_set_y=NUMBERS)
        runs = []
        for memory in (10**9, 0):
            monkeypatch.setattr(arrays, "MAX_MEMORY", memory)
            splits = load(path, seed=1)
            assert isinstance(splits.train.x, Subset) == (memory == 0)
            network = Network([InstanceNorm(), Flatten(), Dense(2)], input_shape=(64, 64, 3), rng=rng(2))
            recipe = Recipe(softmax_cross_entropy, Momentum(), learning_rate=1e-6, batch_size=6)
            trainer = Trainer(
                Engine(network),
                splits.train.x,
                splits.train.y,
                recipe,
                epochs=2,
                seed=3,
                validation=(splits.validation.x, splits.validation.y),
                augment=Augmentation(),
            )
            history = trainer.run()
            losses = history.step_loss, history.columns["validation_loss"]
            runs.append((network.vector.tobytes(), *losses, splits.fingerprint))
        assert runs[0] == runs[1]

    def test_data_that_cannot_be_trained_on(self, tmp_path: Path) -> None:
        one = folder_of(tmp_path / "one", {"7": 3})
        assert message_of(one) == f"{one}: only one class ('7'); training needs two or more"
        test_only = hdf5_file(tmp_path / "t.h5", test_set_x=PHOTOS, test_set_y=NUMBERS)
        assert message_of(test_only).startswith(f"{test_only} has only a test set")
        single = folder_of(tmp_path / "single", {"0": 1, "1": 1})
        assert "cannot hold out examples" in message_of(single)
        (tmp_path / "empty").mkdir()
        assert message_of(tmp_path / "empty").startswith(f"{tmp_path / 'empty'} has no photos")
        two = folder_of(tmp_path / "two", {"0": 5, "1": 5})
        more = folder_of(tmp_path / "more", {"0": 1, "2": 1})
        assert "class '2' is unknown to the training data" in message_of(two, test=str(more))
        assert message_of(two, test=str(tmp_path / "no")).startswith("no such file or folder: ")


class TestNames:
    def test_damaged_files_of_arrays_beside_photos(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "signs", {"0": 2, "1": 2})
        (folder / "a.npz").write_bytes(b"PK")
        (folder / "b.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
        with pytest.warns(DataWarning, match=r"reading the photos; ignored: a\.npz, b\.h5"):
            assert read_path(folder).train is not None

    def test_names_and_paths_that_do_not_exist(self, tmp_path: Path) -> None:
        assert message_of("digit") == "no such file or data set: 'digit'; did you mean 'digits'?"
        assert message_of("").startswith("no such file or data set: ''")
        assert message_of(tmp_path / "none.h5").startswith("no such file or folder: ")
        text = tmp_path / "photo.jpg"
        text.write_text("x")
        assert message_of(text).startswith(f"{text} is neither a folder nor a file of photos; expected one of .npz, ")

    def test_downloaded_sets(self, downloads: Path) -> None:
        assert "cnn-sign fetch digits" in message_of("digits")
        numbered_folder(downloads / "sign-language-digits", 5)
        assert load("digits").origin == "1 of 5 subjects held out"
        assert "cnn-sign fetch signs" in message_of("signs")
        hdf5_file(downloads / "test_signs.h5", [0, 1], test_set_x=PHOTOS, test_set_y=NUMBERS[None])
        assert message_of("signs").startswith("signs has only a test set")
        assert len(CATALOG.load_for_evaluation("signs", TEN, rng=rng())) == 20

    def test_entries_say_what_is_downloaded(self, downloads: Path) -> None:
        entries = {entry.name: entry for entry in CATALOG.entries()}
        assert list(entries) == ["synthetic", "digits", "signs"]
        assert entries["synthetic"].spec == "synthetic:count=5000,diversity=0.15"
        assert entries["synthetic"].description == "Synthetic hands signing all ten digits."
        assert [entry.is_here for entry in entries.values()] == [True, False, False]
        (downloads / "sign-language-digits").mkdir()
        assert [entry.is_here for entry in CATALOG.entries()] == [True, True, False]

    def test_downloads_have_a_checksum_and_a_license(self) -> None:
        for remote in (DIGITS, SIGNS):
            assert [len(file.sha256) for file in remote.files] == [64]
            assert remote.license
        (archive,) = DIGITS.files
        assert isinstance(archive, download.RemoteArchive)
        assert (archive.inside, DIGITS.license) == ("Dataset", "Apache-2.0")


class TestEvaluation:
    def test_fewer_classes_than_the_model_has(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", {"5": 2, "3": 1})
        dataset = CATALOG.load_for_evaluation(str(folder), TEN, rng=rng())
        assert dataset.y.tolist() == [3, 5, 5]
        assert dataset.classes == TEN

    def test_one_class_is_enough(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", {"5": 2})
        assert CATALOG.load_for_evaluation(str(folder), TEN, rng=rng()).y.tolist() == [5, 5]

    def test_a_class_unknown_to_the_model(self, tmp_path: Path) -> None:
        folder = folder_of(tmp_path / "a", {"5": 2})
        photo(folder / "okay" / "a.png", PHOTOS[0])
        with pytest.raises(DataError, match="a: class 'okay' is unknown to the model; its classes are"):
            CATALOG.load_for_evaluation(str(folder), TEN, rng=rng())

    @pytest.mark.parametrize("names", [None, [b"1", b"0"]])
    def test_labels_are_matched_by_name(self, tmp_path: Path, names: list[bytes] | None) -> None:
        path = hdf5_file(tmp_path / "a.h5", names, test_set_x=PHOTOS, test_set_y=NUMBERS)
        dataset = CATALOG.load_for_evaluation(str(path), ("0", "1", "2"), rng=rng())
        assert dataset.y.tolist() == (NUMBERS if names is None else 1 - NUMBERS).tolist()

    def test_of_two_sets_the_test_set(self, tmp_path: Path) -> None:
        arrays: dict[str, Any] = {"train_set_x": PHOTOS, "train_set_y": NUMBERS}
        path = hdf5_file(tmp_path / "a.h5", **arrays)
        assert len(CATALOG.load_for_evaluation(str(path), TEN, rng=rng())) == 20
        path = hdf5_file(tmp_path / "b.h5", **arrays, test_set_x=PHOTOS[:3], test_set_y=[0, 1, 1])
        assert CATALOG.load_for_evaluation(str(path), TEN, rng=rng()).y.tolist() == [0, 1, 1]
