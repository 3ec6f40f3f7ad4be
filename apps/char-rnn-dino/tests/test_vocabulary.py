"""Text as numbers and back, by characters and by words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from char_rnn_dino.vocabulary import END, UNKNOWN, Vocabulary, join, listed, of_text, split
from nn_core.errors import CheckpointError, DataError


class TestCharacters:
    @given(st.text(min_size=1, max_size=80))
    def test_there_and_back(self, text):
        vocabulary = of_text(text)
        assert vocabulary.decode(vocabulary.encode(text)) == text
        assert len(vocabulary) == len(set(text))

    def test_in_order(self):
        vocabulary = of_text("banana\n")
        assert vocabulary.tokens == ("\n", "a", "b", "n")
        np.testing.assert_array_equal(vocabulary.encode("ban"), [2, 1, 3])

    def test_of_nothing(self):
        assert of_text("abc").encode("").shape == (0,)

    def test_lower_case(self):
        vocabulary = of_text("Abc", lower=True)
        assert vocabulary.tokens == ("a", "b", "c")
        assert vocabulary.decode(vocabulary.encode("CAB")) == "cab"

    def test_one_that_is_not_known_is_named_with_those_that_are(self):
        with pytest.raises(DataError, match=r"^it has characters .* know: 7 x; it knows ' ' a b$"):
            of_text("a b").encode("axx7", "it")


class TestWords:
    TEXT = "The bone, the bone! The 'bone' isn't here.\nNo."

    def test_words_marks_and_ends_of_lines(self):
        assert split("It isn't (here),\nno.", "word") == [
            *("It", "isn't", "(", "here", ")", ",", "\n", "no", "."),
        ]

    def test_rare_ones_are_one_unknown(self):
        vocabulary = of_text(self.TEXT, unit="word", lower=True)
        assert vocabulary.tokens == (UNKNOWN, "bone", "the", "'", ".")
        np.testing.assert_array_equal(vocabulary.encode("The skull ."), [2, 0, 4])

    def test_from_the_most_frequent_to_the_least(self):
        vocabulary = of_text("c b b a a a", unit="word", least=1)
        assert vocabulary.tokens == (UNKNOWN, "a", "b", "c")

    @pytest.mark.parametrize(
        "text", ["It rained, and we stayed (all of us) in.", "One.\nTwo!\n\nThree?", "a"]
    )
    def test_joined_as_people_write(self, text):
        assert join(split(text, "word"), "word") == text

    def test_going_on_with_a_text(self):
        assert join(["bone", "."], "word", before="the") == " bone."
        assert join(["Bone"], "word", before=END) == "Bone"


class TestCheckpoints:
    @pytest.mark.parametrize("unit", ["char", "word"])
    def test_there_and_back(self, unit):
        vocabulary = of_text("a b a b", unit=unit, lower=True)
        assert Vocabulary.from_dict(vocabulary.to_dict()) == vocabulary

    @pytest.mark.parametrize(
        "wrong",
        [
            {"tokens": ["a", "a"]},
            {"tokens": []},
            {"tokens": ["a", ""]},
            {"tokens": ["a", 1]},
            {"tokens": None},
            {"unit": "line"},
            {"lower": 1},
        ],
    )
    def test_what_cannot_be(self, wrong):
        with pytest.raises(CheckpointError, match="vocabulary"):
            Vocabulary.from_dict(of_text("ab").to_dict() | wrong)

    @pytest.mark.parametrize("fields", [None, {}, {"tokens": ["a"]}, []])
    def test_what_is_not_there(self, fields):
        with pytest.raises(CheckpointError, match="vocabulary"):
            Vocabulary.from_dict(fields)


def test_listed_on_one_line():
    assert listed(["a", " ", "\n"]) == r"a ' ' '\n'"
    assert listed("abc", most=2) == "a b ..."
