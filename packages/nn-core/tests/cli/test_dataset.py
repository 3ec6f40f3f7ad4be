"""Labeled data sets: what they must be, and what identifies them."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nn_core.batches.subset import Subset
from nn_core.cli.dataset import Contents, Dataset, Part, Splits, describe_shape, fingerprint, require_same_data
from nn_core.errors import DataError, NNError, ShapeError
from nn_core.storage.hdf5 import HDF5Array

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 2, 0, 1, 2])
ABC = ("a", "b", "c")


def test_a_subset_keeps_what_belongs_to_its_examples() -> None:
    dataset = Dataset("all", X, Y, ABC, groups=np.array([5, 5, 6, 6, 7, 7]))
    part = dataset.subset(np.array([4, 0]), "some")
    assert (part.name, part.classes, len(part), part.example_shape) == ("some", ABC, 2, (2,))
    np.testing.assert_array_equal(part.x, [[8, 9], [0, 1]])
    assert part.y.tolist() == [1, 0]
    assert part.groups is not None
    assert part.groups.tolist() == [7, 5]


def test_a_subset_of_a_file_stays_in_the_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = X
    dataset = Dataset("all", HDF5Array(tmp_path / "a.h5", "x"), Y, ABC)
    part = dataset.subset(np.array([4, 0]), "some")
    assert isinstance(part.x, Subset)
    np.testing.assert_array_equal(part.x[:], X[[4, 0]])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"x": X[:0], "y": Y[:0]}, DataError, "no examples"),
        ({"y": Y[:5]}, ShapeError, r"one label per example, but x has shape \(6, 2\) and labels \(5,"),
        ({"y": Y[:, None]}, ShapeError, "one label per example"),
        ({"groups": Y[:5]}, ShapeError, "one group per example"),
        ({"y": Y - 1}, DataError, "label -1 is out of range; there are 3 classes"),
        ({"classes": ("a", "b")}, DataError, "label 2 is out of range; there are 2 classes"),
        ({"classes": ("a", "b", "a")}, DataError, "two classes have the same name"),
    ],
)
def test_what_a_dataset_cannot_be(changes: dict[str, Any], error: type[NNError], message: str) -> None:
    with pytest.raises(error, match=f"^points: .*{message}"):
        Dataset(**({"name": "points", "x": X, "y": Y, "classes": ABC} | changes))


def test_a_part_for_training_and_matched_to_the_classes_of_a_model() -> None:
    part = Part("a.csv", X, Y, ABC)
    assert part.for_training().classes == ABC
    assert part.matched(("c", "b", "a"), "model").y.tolist() == [2, 1, 0, 2, 1, 0]
    with pytest.raises(DataError, match=r"^a\.csv: class 'c' is unknown to the model"):
        part.matched(("a", "b"), "model")
    with pytest.raises(DataError, match=r"^a\.csv: only one class"):
        Part("a.csv", X[:1], Y[:1], ABC).for_training()


def test_evaluation_prefers_the_test_set() -> None:
    train, test = Part("train", X, Y, ABC), Part("test", X, Y, ABC)
    assert Contents(train, test).for_evaluation("a") is test
    assert Contents(train, None).for_evaluation("a") is train
    empty: Contents[Any] = Contents(None, None)
    with pytest.raises(DataError, match=r"^a\.h5 has no labeled examples$"):
        empty.for_evaluation("a.h5")


def test_fingerprints_are_those_of_the_numbers_wherever_they_are(tmp_path: Path) -> None:
    # by sha256sum: echo -n "key", then the bytes 1 2, then 3 as 64-bit integer, then 0.5
    expected = "e68875758ef10d30"
    arrays = (np.array([1, 2], np.uint8), np.array([3], np.int32), np.array([0.5], np.float32))
    assert fingerprint(*arrays, key="key") == expected
    assert fingerprint(*arrays, key="kez") != expected
    assert fingerprint(*arrays[:2], np.array([0.25]), key="key") != expected
    many = np.random.default_rng(0).integers(256, size=(3000, 2), dtype=np.uint8)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = many
    stored = HDF5Array(tmp_path / "a.h5", "x")
    assert fingerprint(stored, key="") == fingerprint(many, key="")


def test_the_fingerprint_of_splits_is_that_of_the_original_training_set() -> None:
    dataset, more = Dataset("a", X, Y, ABC), Dataset("b", X[::-1], Y, ABC)
    plain = Splits(dataset, more, "more").fingerprint
    assert Splits(more, more, "more").fingerprint != plain
    assert Splits(more, more, "more", dataset).fingerprint == plain
    assert Splits(Dataset("a", X, Y, (*ABC, "d")), more, "more").fingerprint != plain


def test_a_run_is_resumed_on_the_data_that_it_was_trained_on() -> None:
    require_same_data("moons", "1", "1")
    with pytest.raises(DataError, match="moons is not the data that the model was trained on"):
        require_same_data("moons", "1", "2")


@pytest.mark.parametrize(("shape", "words"), [((1,), "1 column"), ((5,), "5 columns"), ((6, 4, 3), "6x4x3 images")])
def test_shapes_in_words(shape: tuple[int, ...], words: str) -> None:
    assert describe_shape(shape) == words
