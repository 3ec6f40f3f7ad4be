"""Edit distances against their definition, and the novelty of names."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from char_rnn_dino.names.generate_names import GeneratedName
from char_rnn_dino.names.novelty import Novelty, RealNames, novelty

NAMES = st.text("abcé", max_size=7)


def by_definition(a: str, b: str) -> int:
    """The recurrence of the edit distance, for one pair."""

    @cache
    def d(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    return d(len(a), len(b))


@given(NAMES, st.lists(NAMES.filter(bool), min_size=1, max_size=8))
def test_distances_equal_the_recurrence(name: str, real: list[str]) -> None:
    names = RealNames(real)
    expected = [by_definition(name, other) for other in real]
    np.testing.assert_array_equal(names.distances(name), expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("char_rnn_dino.names.novelty.TOGETHER", 2)
        assert names.nearest(name) == min(expected)
        patch.setattr("char_rnn_dino.names.novelty.MAX_COLUMNS", 2)
        assert RealNames(real).nearest(name) == min(expected)
    assert names.nearest(name) == min(expected)


@given(NAMES.filter(bool), NAMES.filter(bool), NAMES.filter(bool))
def test_the_distance_is_a_metric(a: str, b: str, c: str) -> None:
    def d(one: str, other: str) -> int:
        return RealNames([one]).nearest(other)

    assert d(a, a) == 0
    assert d(a, b) == d(b, a)
    assert (d(a, b) == 0) == (a == b)
    assert d(a, c) <= d(a, b) + d(b, c)


@pytest.mark.parametrize(
    ("a", "b", "distance"), [("kitten", "sitting", 3), ("rex", "rexy", 1), ("rex", "ex", 1), ("raptor", "rapotr", 2)]
)
def test_known_distances(a: str, b: str, distance: int) -> None:
    assert RealNames([b]).nearest(a) == distance


def test_very_long_names() -> None:
    assert RealNames(["a" * 300, "b"]).distances("a" * 200 + "b").tolist() == [100, 200]


def test_many_letters_take_little_memory() -> None:
    names = RealNames([chr(0x4E00 + i) * 3 for i in range(500)])
    assert names._counts.nbytes <= 500 * 65 * 2
    assert names.nearest(chr(0x4E00) * 2 + "a") == 1


def test_by_hand() -> None:
    generated = ["rex", "rex", "rey", "rey", "rey", "allosaur", "rex", "rexo"]
    found = novelty(ended(generated), ["rex"], RealNames(["rex", "allosaurus"]))
    assert found == Novelty(copies=3 / 8, duplicates=4 / 8, cut=0, distance=6 / 8, length=30 / 8)


def test_a_cut_name_is_a_copy_if_it_begins_a_training_name() -> None:
    generated = [GeneratedName(text, False) for text in ("al", "allosaurus", "alo", "rexo")]
    found = novelty([*ended(["al"]), *generated], ["rex", "allosaurus", "zed"], RealNames(["rex", "allosaurus"]))
    assert (found.copies, found.cut) == (2 / 5, 4 / 5)


def ended(texts: list[str]) -> list[GeneratedName]:
    return [GeneratedName(text, True) for text in texts]


def test_a_validation_name_is_not_a_copy() -> None:
    found = novelty(ended(["allo"]), ["rex"], RealNames(["rex", "allo"]))
    assert (found.copies, found.distance) == (0, 0)
