"""Photos by name or path, divided by person and matched to a model's classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photos import folder_of, hdf5_file, numbered_folder, photo, pixels, rng

from cnn_sign_digits import hdf5, rendering
from cnn_sign_digits.data import (
    DIGITS,
    SIGNS,
    catalogue,
    load,
    load_fold,
    load_for_evaluation,
)
from cnn_sign_digits.dataset import Dataset, fingerprint
from cnn_sign_digits.stored import StoredImages
from nn_core.batches.augmentation import Augmentation
from nn_core.cli import download
from nn_core.errors import DataError, NNError, SettingError, ShapeError
from nn_core.layers import Dense, Flatten
from nn_core.losses import softmax_cross_entropy
from nn_core.network import Network
from nn_core.optim.optimizers import Momentum
from nn_core.training.trainer import Recipe, Trainer

PHOTOS = pixels(20)
NUMBERS = np.arange(20) % 2
TEN = tuple(map(str, range(10)))


@pytest.fixture(autouse=True)
def fetched(tmp_path, monkeypatch):
    """The folder that fetched sets are looked for in."""
    here = tmp_path / "fetched"
    here.mkdir()
    monkeypatch.setattr(download, "data_folder", lambda: here)
    return here


@pytest.fixture
def drawn(monkeypatch):
    """Hands drawn in no time: one colour each, the green of it telling the variety."""

    def dataset(count, *, rng, size, variety):
        y = np.arange(count) % 10
        x = np.zeros((count, size, size, 3), np.uint8)
        x[:] = rng.integers(0, 256, (count, 1, 1, 3))
        x[..., 0] = y[:, None, None]
        x[..., 1] = 200 * variety
        return x, y

    monkeypatch.setattr(rendering, "dataset", dataset)


def message_of(spec, **options):
    with pytest.raises(NNError) as caught:
        load(str(spec), rng=rng(), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestLoad:
    def test_hands_that_are_drawn(self, drawn):
        splits = load("synthetic:count=100", rng=rng(5))
        assert (len(splits.train), len(splits.validation)) == (80, 20)
        assert splits.train.x.shape == (80, 64, 64, 3)
        assert splits.train.classes == splits.validation.classes == TEN
        assert np.bincount(splits.validation.y).tolist() == [2] * 10
        assert splits.origin == "0.2 of each class held back"
        assert len(load("synthetic", rng=rng()).train) == 4000
        again, other = (load("synthetic:count=100", rng=rng(seed)) for seed in (5, 6))
        assert fingerprint(splits.train) == fingerprint(again.train) != fingerprint(other.train)

    @pytest.mark.parametrize(
        ("settings", "variety"), [("", 0.15), (",variety=0", 0), (",variety=1", 1)]
    )
    def test_how_much_hands_that_are_drawn_differ(self, drawn, settings, variety):
        splits = load(f"synthetic:count=50{settings}", rng=rng())
        assert np.unique(splits.train.x[..., 1]).tolist() == [round(200 * variety)]

    def test_the_hands_are_those_of_the_variety(self):
        found = load_for_evaluation("synthetic:count=10,variety=1", TEN, rng=rng(3))
        x, y = rendering.dataset(10, rng=rng(3), variety=1)
        np.testing.assert_array_equal(found.x, x)
        np.testing.assert_array_equal(found.y, y)

    def test_settings_that_make_no_hands(self, drawn):
        assert "count must be at least 10" in message_of("synthetic:count=9")
        for variety in ("-0.1", "1.5"):
            said = message_of(f"synthetic:variety={variety}")
            assert said == f"synthetic: variety must be 0 to 1, not {variety}"
        assert "variety must be a number, not 'much'" in message_of("synthetic:variety=much")
        assert "variety must be finite" in message_of("synthetic:variety=nan")
        assert "no setting 'size'" in message_of("synthetic:size=3")
        assert "'digits' has no settings" in message_of("digits:count=3")
        with pytest.raises(SettingError, match="--group is for folders of photos; synthetic"):
            load("synthetic", group="(x)", rng=rng())

    def test_people_stand_on_one_side(self, tmp_path):
        folder = numbered_folder(tmp_path / "photos", 10)
        splits = load(str(folder), validation=0.3, rng=rng())
        assert splits.origin == "3 of 10 people held back"
        train, validation = (
            set(part.groups.tolist()) for part in (splits.train, splits.validation)
        )
        assert (len(train), len(validation), train & validation) == (7, 3, set())
        assert np.bincount(splits.validation.y).tolist() == [3] * 10
        for part in (splits.train, splits.validation):
            np.testing.assert_allclose(part.x[:, 9, 9, 0], part.y, atol=2)
            np.testing.assert_allclose(part.x[:, 9, 9, 1], part.groups, atol=2)
        other = load(str(folder), validation=0.3, rng=rng(1))
        assert set(other.validation.groups.tolist()) != validation

    def test_without_people_each_class_gives_its_share(self, tmp_path):
        splits = load(str(folder_of(tmp_path / "a", {"0": 10, "1": 20})), rng=rng())
        assert np.bincount(splits.validation.y).tolist() == [2, 4]
        assert splits.origin == "0.2 of each class held back"

    def test_a_group_by_expression(self, tmp_path):
        folder = folder_of(tmp_path / "a", {"0": 10, "1": 10})
        splits = load(str(folder), group=r"(\d+)\.png", rng=rng())
        assert splits.origin == "2 of 10 people held back"
        np.testing.assert_array_equal(
            np.unique(splits.validation.x[:, 0, 0, 1]), np.unique(splits.validation.groups)
        )
        assert "has all that there is of some class" in message_of(folder, group=r"^(\d)/")
        assert "one group only" in message_of(folder, group="(photo)")

    def test_a_test_part_in_the_file_is_what_to_judge_by(self, tmp_path):
        path = hdf5_file(
            tmp_path / "signs.h5",
            [0, 1],
            train_set_x=PHOTOS,
            train_set_y=NUMBERS[None],
            test_set_x=PHOTOS[:3],
            test_set_y=[[1, 1, 1]],
        )
        splits = load(str(path), rng=rng())
        assert (len(splits.train), len(splits.validation)) == (20, 3)
        assert splits.validation.y.tolist() == [1, 1, 1]
        assert splits.origin == f"{path} (test_set)"

    def test_two_files(self, tmp_path):
        names = [b"a", b"b"]
        train = hdf5_file(tmp_path / "x.h5", names, train_set_x=PHOTOS, train_set_y=NUMBERS)
        names = [b"b", b"c", b"a"]
        test = hdf5_file(tmp_path / "y.h5", names, test_set_x=PHOTOS[:2], test_set_y=[0, 2])
        splits = load(str(train), test=str(test), rng=rng())
        assert splits.validation.y.tolist() == [1, 0]
        both = load(str(tmp_path), rng=rng())
        assert (len(both.train), both.validation.y.tolist()) == (20, [1, 0])
        folder = folder_of(tmp_path / "z", {"b": 0, "a": 0})
        photo(folder / "b" / "1.png", PHOTOS[0])
        photo(folder / "b" / "2.png", PHOTOS[0])
        splits = load(str(train), test=str(folder), rng=rng())
        assert splits.validation.y.tolist() == [1, 1]

    def test_photos_larger_than_memory_train_to_the_same_bits(self, tmp_path, monkeypatch):
        path = hdf5_file(tmp_path / "a.h5", train_set_x=PHOTOS, train_set_y=NUMBERS)
        runs = []
        for memory in (10**9, 0):
            monkeypatch.setattr(hdf5, "MEMORY", memory)
            splits = load(str(path), rng=rng(1))
            assert isinstance(splits.train.x, StoredImages) == (memory == 0)
            network = Network([Flatten(), Dense(2)], input_shape=(64, 64, 3), rng=rng(2))
            recipe = Recipe(softmax_cross_entropy, Momentum(), learning_rate=1e-6, batch_size=6)
            trainer = Trainer(
                network,
                splits.train.x,
                splits.train.y,
                recipe,
                epochs=2,
                rng=rng(3),
                validation=(splits.validation.x, splits.validation.y),
                augment=Augmentation(),
            )
            history = trainer.run()
            losses = history.columns["validation_loss"]
            runs.append((network.parameters.tobytes(), history.step_loss, losses))
            runs[-1] += (fingerprint(splits.train), fingerprint(splits.validation))
        assert runs[0] == runs[1]

    def test_data_that_cannot_be_trained_on(self, tmp_path):
        one = folder_of(tmp_path / "one", {"7": 3})
        assert message_of(one) == f"{one}: one class only ('7'); training needs two or more"
        test_only = hdf5_file(tmp_path / "t.h5", test_set_x=PHOTOS, test_set_y=NUMBERS)
        assert message_of(test_only) == (
            f"{test_only} has a test part only; there is nothing to train on"
        )
        single = folder_of(tmp_path / "single", {"0": 1, "1": 1})
        assert "no example can be held back" in message_of(single)
        (tmp_path / "empty").mkdir()
        assert message_of(tmp_path / "empty").startswith(f"{tmp_path / 'empty'} has nothing")
        two = folder_of(tmp_path / "two", {"0": 5, "1": 5})
        more = folder_of(tmp_path / "more", {"0": 1, "2": 1})
        assert "class '2' is unknown to the training data" in message_of(two, test=str(more))
        assert message_of(two, test=str(tmp_path / "no")).startswith("no such file or folder: ")
        with pytest.raises(SettingError, match=r"--group is for folders of photos; .*t\.h5"):
            load(str(test_only), group="(x)", rng=rng())

    def test_names_that_lead_nowhere(self, tmp_path):
        assert message_of("digit") == "no such file or data set: 'digit'; did you mean 'digits'?"
        assert message_of("").startswith("no such file or data set: ''")
        assert message_of(tmp_path / "none.h5").startswith("no such file or folder: ")
        text = tmp_path / "photo.jpg"
        text.write_text("x")
        assert "is neither a folder nor an .h5 file (its suffix is .jpg)" in message_of(text)

    def test_sets_to_fetch(self, fetched):
        assert message_of("digits") == (
            "data set 'digits' is not here yet; fetch it with: cnn-sign fetch digits"
        )
        numbered_folder(fetched / "sign-language-digits", 5)
        assert load("digits", rng=rng()).origin == "1 of 5 people held back"
        assert "cnn-sign fetch signs" in message_of("signs")
        hdf5_file(fetched / "test_signs.h5", [0, 1], test_set_x=PHOTOS, test_set_y=NUMBERS[None])
        assert message_of("signs").startswith("signs has a test part only")
        assert len(load_for_evaluation("signs", TEN, rng=rng())) == 20


class TestFolds:
    @pytest.mark.parametrize("folds", [2, 5])
    def test_everybody_is_held_back_once(self, tmp_path, folds):
        folder = numbered_folder(tmp_path / "a", 10)
        divided = [
            load_fold(str(folder), f"{number}/{folds}", rng=rng()) for number in range(1, folds + 1)
        ]
        assert len(divided) == folds
        seen = []
        for number, splits in enumerate(divided, start=1):
            train = set(splits.train.groups.tolist())
            validation = set(splits.validation.groups.tolist())
            assert not train & validation
            assert len(train | validation) == 10
            seen += sorted(validation)
            assert splits.origin == f"fold {number} of {folds} held back"
            assert len(splits.train) + len(splits.validation) == 100
        assert sorted(seen) == list(range(10))

    def test_people_that_are_named_stay_together(self, tmp_path):
        folder = folder_of(tmp_path / "a", {"0": 12, "1": 12}, "{digit}/p{number}_x.png")
        for number in (1, 2, 3):
            splits = load_fold(str(folder), f"{number}/3", group=r"p(\d+)_", rng=rng())
            known, judged = splits.train.groups, splits.validation.groups
            assert set(known).isdisjoint(judged)
            assert len(set(judged)) == 4

    def test_without_people_photos_are_divided_by_class(self, tmp_path):
        folder = folder_of(tmp_path / "a", {"0": 6, "1": 9})
        for number in (1, 2, 3):
            splits = load_fold(str(folder), f"{number}/3", rng=rng())
            assert np.bincount(splits.validation.y).tolist() == [2, 3]

    def test_more_folds_than_people(self, tmp_path):
        folder = numbered_folder(tmp_path / "a", 3)
        with pytest.raises(DataError, match="a: 3 groups cannot be divided into 4 folds"):
            load_fold(str(folder), "1/4", rng=rng())


class TestEvaluation:
    def test_fewer_classes_than_the_model_has(self, tmp_path):
        folder = folder_of(tmp_path / "a", {"5": 2, "3": 1})
        dataset = load_for_evaluation(str(folder), TEN, rng=rng())
        assert dataset.y.tolist() == [3, 5, 5]
        assert dataset.classes == TEN

    def test_one_class_is_enough(self, tmp_path):
        dataset = load_for_evaluation(str(folder_of(tmp_path / "a", {"5": 2})), TEN, rng=rng())
        assert dataset.y.tolist() == [5, 5]

    def test_a_class_that_the_model_does_not_know(self, tmp_path):
        folder = folder_of(tmp_path / "a", {"5": 2})
        photo(folder / "okay" / "a.png", PHOTOS[0])
        with pytest.raises(DataError) as caught:
            load_for_evaluation(str(folder), TEN, rng=rng())
        assert str(caught.value).startswith(f"{folder}: class 'okay' is unknown to the model, whic")

    @pytest.mark.parametrize("names", [None, [b"1", b"0"]])
    def test_labels_are_matched_by_name(self, tmp_path, names):
        path = hdf5_file(tmp_path / "a.h5", names, test_set_x=PHOTOS, test_set_y=NUMBERS)
        dataset = load_for_evaluation(str(path), ("0", "1", "2"), rng=rng())
        assert dataset.y.tolist() == (NUMBERS if names is None else 1 - NUMBERS).tolist()

    def test_of_two_parts_the_test_part(self, tmp_path):
        arrays = {"train_set_x": PHOTOS, "train_set_y": NUMBERS}
        path = hdf5_file(tmp_path / "a.h5", **arrays)
        assert len(load_for_evaluation(str(path), TEN, rng=rng())) == 20
        path = hdf5_file(tmp_path / "b.h5", **arrays, test_set_x=PHOTOS[:3], test_set_y=[0, 1, 1])
        assert load_for_evaluation(str(path), TEN, rng=rng()).y.tolist() == [0, 1, 1]

    def test_hands_that_are_drawn(self, drawn):
        assert len(load_for_evaluation("synthetic:count=30", TEN, rng=rng())) == 30


class TestDataset:
    def test_what_does_not_fit_is_refused(self):
        with pytest.raises(ShapeError, match=r"^a: photos must be \(N, H, W, 3\) bytes"):
            Dataset("a", PHOTOS[..., 0], NUMBERS, ("0", "1"))
        with pytest.raises(ShapeError, match="float64"):
            Dataset("a", PHOTOS / 255, NUMBERS, ("0", "1"))
        with pytest.raises(ShapeError, match="one label per photo"):
            Dataset("a", PHOTOS, NUMBERS[:3], ("0", "1"))
        with pytest.raises(ShapeError, match="one group per photo"):
            Dataset("a", PHOTOS, NUMBERS, ("0", "1"), NUMBERS[:3])
        for labels in (NUMBERS + 1, NUMBERS - 1):
            with pytest.raises(DataError, match="out of range; there are 2 classes"):
                Dataset("a", PHOTOS, labels, ("0", "1"))
        with pytest.raises(DataError, match="same name"):
            Dataset("a", PHOTOS, NUMBERS, ("0", "0"))
        with pytest.raises(DataError, match="no photos"):
            Dataset("a", PHOTOS[:0], NUMBERS[:0], ("0", "1"))

    @given(rows=st.lists(st.integers(0, 19), min_size=1, max_size=30))
    def test_a_subset_keeps_what_belongs_together(self, rows):
        whole = Dataset("a", PHOTOS, NUMBERS, ("0", "1"), np.arange(20))
        part = whole.subset(np.array(rows), "b")
        assert part.groups.tolist() == rows
        np.testing.assert_array_equal(part.x, PHOTOS[rows])
        np.testing.assert_array_equal(part.y, NUMBERS[rows])
        assert (part.name, part.classes, len(part)) == ("b", ("0", "1"), len(rows))

    def test_a_fingerprint_tells_sets_apart(self):
        whole = Dataset("a", PHOTOS, NUMBERS, ("0", "1"))
        assert fingerprint(whole) == fingerprint(Dataset("b", PHOTOS, NUMBERS, ("0", "1"), NUMBERS))
        changed = PHOTOS.copy()
        changed[-1, -1, -1, -1] ^= 1
        others = [
            Dataset("a", changed, NUMBERS, ("0", "1")),
            Dataset("a", PHOTOS, 1 - NUMBERS, ("0", "1")),
            Dataset("a", PHOTOS, NUMBERS, ("0", "2")),
            Dataset("a", PHOTOS.reshape(20, 32, 128, 3), NUMBERS, ("0", "1")),
        ]
        assert len({fingerprint(dataset) for dataset in (whole, *others)}) == 5
        many = np.zeros((2000, 1, 1, 3), np.uint8)
        marked = many.copy()
        marked[-1] = 1
        first, second = (Dataset("a", x, many[:, 0, 0, 0], ("0",)) for x in (many, marked))
        assert fingerprint(first) != fingerprint(second)


def test_the_catalogue_says_what_is_here(fetched):
    entries = {entry.name: entry for entry in catalogue()}
    assert list(entries) == ["synthetic", "digits", "signs"]
    assert entries["synthetic"].spec == "synthetic:count=5000,variety=0.15"
    assert entries["synthetic"].description.startswith("Hands of all ten digits")
    assert [entry.is_here for entry in entries.values()] == [True, False, False]
    (fetched / "sign-language-digits").mkdir()
    assert [entry.is_here for entry in catalogue()] == [True, True, False]


def test_the_sets_to_fetch_are_held_to_their_contents():
    for remote in (DIGITS, SIGNS):
        assert [len(file.sha256) for file in remote.files] == [64]
        assert remote.licence
    assert (DIGITS.files[0].inside, DIGITS.licence) == ("Dataset", "Apache-2.0")
