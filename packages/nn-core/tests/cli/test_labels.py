"""Labels as files hold them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nn_core.cli.labels import counts_from_one, match_classes, read_labels, training_classes
from nn_core.errors import DataError, DataWarning, NNError

NUMBERS = np.array([0, 2, 1, 2])
ONE_HOT = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.bool_])
@pytest.mark.parametrize("turned", [False, True])
def test_one_hot_labels(dtype: Any, turned: bool) -> None:
    stored = (ONE_HOT.T if turned else ONE_HOT).astype(dtype)
    with pytest.warns(DataWarning, match=r"^a: one-hot labels \(\d, \d\) read as the class numbers 0 to 2$"):
        y, names = read_labels(stored, None, (4, 5), "a")
    assert y.tolist() == NUMBERS.tolist()
    assert names == ("0", "1", "2")


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f2", "f8"])
def test_class_numbers_of_any_type(dtype: str) -> None:
    y, names = read_labels(np.array([0, 1, 1, 0], dtype), None, (4, 5), "a")
    assert (y.tolist(), y.dtype, names) == ([0, 1, 1, 0], np.int64, None)


def test_one_hot_labels_with_names() -> None:
    with pytest.warns(DataWarning, match="one-hot"):
        y, names = read_labels(ONE_HOT, np.array([b"a", b"b", b"c"]), (4, 5), "a")
    assert (y.tolist(), names) == ([0, 2, 1, 2], ("a", "b", "c"))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (ONE_HOT * 0.5, "example 0 has (0.5, 0, 0)"),
        (ONE_HOT * 0, "is not one-hot"),
        (ONE_HOT + ONE_HOT[:, ::-1], "expected one label per example, such as y.argmax(axis=1)"),
        ((ONE_HOT + ONE_HOT[:, ::-1]).T, "y.argmax(axis=0)"),
        (ONE_HOT[:3], "expected one label per example, but x has shape (4, 5) and y (3, 3)"),
        (np.array([0, 1, np.nan, 1]), "label nan of example 2"),
        (np.array([0, 1, np.iinfo(np.int64).min, 1]), "label -9223372036854775808 of example 2"),
        (np.array([0, 1, 0.5, 1]), "label 0.5 of example 2 (from 0) is not a class number"),
        (np.array([0, 1, 2**40, 1]), "label 1099511627776 of example 2"),
        (np.array(["2020"] * 4, "M8[D]"), "labels must be integers or text"),
        (np.array(["a", " ", "b", "a"]), "the label of example 1 (from 0) is blank; leave such examples out: "),
    ],
)
def test_one_line_per_error(y: npt.NDArray[Any], message: str) -> None:
    with pytest.raises(NNError) as caught:
        read_labels(y, None, (4, 5), "a.npz")
    assert str(caught.value).startswith("a.npz: ")
    assert message in str(caught.value)


def test_names_that_count_from_one() -> None:
    train, test = np.array([[1, 3, 2]]), np.array([1, 2])
    assert counts_from_one([train, test], 3)
    assert not counts_from_one([train, test], 4)
    assert not counts_from_one([train, np.array([0])], 3)
    assert not counts_from_one([np.array(["a"])], 3)
    with pytest.warns(DataWarning, match="^a: labels count from 1: label 1 is 'x', the first of the class names$"):
        y, _ = read_labels(test, np.array(["x", "y", "z"]), (2, 5), "a", one_based=True)
    assert y.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "names", "words"),
    [
        ([1, 2, 3, 1], ("1", "2", "3"), "1 to 3"),
        ([-1, 1, 1, -1], ("-1", "1"), "-1, 1"),
        ([*range(9), *range(10, 25)], (*map(str, range(9)), *map(str, range(10, 25))), "0 to 8, 10 to 24"),
        ([5, 7, 8, 12], ("5", "7", "8", "12"), "5, 7, 8, 12"),
    ],
)
def test_classes_are_named_by_their_numbers(labels: list[int], names: tuple[str, ...], words: str) -> None:
    y = np.array(labels * 3)
    with pytest.warns(DataWarning, match=f"^a: {len(names)} classes, named by their numbers: {words}$"):
        found, classes = training_classes(y, None, "a")
    assert classes == names
    assert [int(classes[k]) for k in found] == y.tolist()
    assert match_classes(y, None, classes, source="b", owner="model").tolist() == found.tolist()


def test_spaces_and_case_of_names() -> None:
    padded = np.array(["cat  ", "dog", " cat"])
    y, names = read_labels(padded, None, (3, 2), "a")
    assert (y.tolist(), names) == ([0, 1, 0], ("cat", "dog"))
    with pytest.warns(DataWarning, match="a: 'Cat' and 'cat' are classes of their own, which differ in case only"):
        assert read_labels(np.array(["cat", "dog", "Cat"]), None, (3, 2), "a")[1] == ("Cat", "cat", "dog")


def test_positions_in_the_classes_may_count_from_one() -> None:
    def matched(*y: int) -> list[int]:
        return match_classes(np.array(y), None, ("cat", "dog", "eel"), source="b", owner="model").tolist()

    assert matched(0, 2) == [0, 2]
    with pytest.warns(DataWarning, match="b: labels read as positions in the classes of the model, from 0: 1 is 'dog'"):
        assert matched(1, 2) == [1, 2]


def test_labels_that_are_not_classes() -> None:
    with pytest.raises(DataError, match="60 distinct labels, 0 to 413, for 60 examples"):
        training_classes(np.arange(60) * 7, None, "a")
    with pytest.raises(DataError, match=r"only one class \('3'\)"):
        training_classes(np.array([3, 3]), None, "a")
