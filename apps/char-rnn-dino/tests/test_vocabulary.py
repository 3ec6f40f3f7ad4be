"""Vocabularies of characters and of words."""

import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from char_rnn_dino.tokens import END, UNKNOWN, Unit, detokenize, tokenize
from char_rnn_dino.vocabulary import Vocabulary, build_vocabulary, format_tokens
from nn_core.errors import DataError, NNError


class TestCharacters:
    @given(st.text(min_size=1, max_size=80))
    def test_round_trip(self, text: str) -> None:
        vocabulary = build_vocabulary(text)
        composed = unicodedata.normalize("NFC", text)
        assert vocabulary.decode(vocabulary.encode(text)) == composed
        assert len(vocabulary) == len(set(composed))

    def test_are_sorted(self) -> None:
        vocabulary = build_vocabulary("banana\n")
        assert vocabulary.tokens == ("\n", "a", "b", "n")
        np.testing.assert_array_equal(vocabulary.encode("ban"), [2, 1, 3])

    def test_of_an_empty_text(self) -> None:
        assert build_vocabulary("abc").encode("").shape == (0,)

    def test_lowercase(self) -> None:
        vocabulary = build_vocabulary("Abc", lowercase=True)
        assert vocabulary.tokens == ("a", "b", "c")
        assert vocabulary.decode(vocabulary.encode("CAB")) == "cab"

    def test_an_unknown_one_is_named_with_the_known_ones(self) -> None:
        with pytest.raises(DataError, match=r"^it has characters .* vocabulary: 7 x; it has ' ' a b$"):
            build_vocabulary("a b").encode("axx7", "it")

    def test_no_other_character_is_taken_for_a_known_one(self) -> None:
        vocabulary = build_vocabulary("bcx")
        found = vocabulary.find("".join(map(chr, range(0x1000))) + "\U0010ffff")
        assert {chr(i) for i in np.flatnonzero(found >= 0)} == {"b", "c", "x"}


class TestWords:
    TEXT = "The bone, the bone! The 'bone' isn't here.\nNo."

    def test_words_punctuation_and_newlines(self) -> None:
        assert tokenize("It isn't (here),\nno.", "word") == [*("It", "isn't", "(", "here", ")", ",", "\n", "no", ".")]

    def test_rare_words_are_unknown(self) -> None:
        vocabulary = build_vocabulary(self.TEXT, unit="word", lowercase=True)
        assert vocabulary.tokens == (UNKNOWN, "bone", "the", "'", ".")
        np.testing.assert_array_equal(vocabulary.encode("The skull ."), [2, 0, 4])

    def test_are_sorted_by_frequency(self) -> None:
        vocabulary = build_vocabulary("c b b a a a", unit="word", min_count=1)
        assert vocabulary.tokens == (UNKNOWN, "a", "b", "c")

    @pytest.mark.parametrize("text", ["It rained, and we stayed (all of us) in.", "One.\nTwo!\n\nThree?", "a"])
    def test_detokenize_restores_the_spaces(self, text: str) -> None:
        assert detokenize(tokenize(text, "word"), "word") == text

    def test_detokenize_after_another_token(self) -> None:
        assert detokenize(["bone", "."], "word", previous="the") == " bone."
        assert detokenize(["Bone"], "word", previous=END) == "Bone"


class TestCheckpoints:
    @pytest.mark.parametrize("unit", ["char", "word"])
    def test_round_trip(self, unit: Unit) -> None:
        vocabulary = build_vocabulary("a b a b", unit=unit, lowercase=True)
        assert Vocabulary.from_dict(vocabulary.to_dict()) == vocabulary

    def test_the_field_that_was_called_lower(self) -> None:
        found = Vocabulary.from_dict({"tokens": ["a", "b"], "unit": "char", "lower": True})
        assert found == Vocabulary(("a", "b"), "char", lowercase=True, tokenizer=1)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"tokens": ["a", "a"]},
            {"tokens": []},
            {"tokens": ["a", ""]},
            {"tokens": ["a", 1]},
            {"tokens": None},
            {"unit": "line"},
            {"lowercase": 1},
        ],
    )
    def test_invalid_fields(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(NNError, match="vocabulary"):
            Vocabulary.from_dict(build_vocabulary("ab").to_dict() | wrong)

    @pytest.mark.parametrize("fields", [{}, {"tokens": ["a"]}])
    def test_missing_fields(self, fields: Any) -> None:
        with pytest.raises(NNError, match="vocabulary"):
            Vocabulary.from_dict(fields)


def test_tokens_are_formatted_on_one_line() -> None:
    assert format_tokens(["a", " ", "\n"]) == r"a ' ' '\n'"
    assert format_tokens("abc", limit=2) == "a b ..."


def test_tokens_of_any_kind_are_decoded_and_named() -> None:
    """Those of a checkpoint may be anything."""
    vocabulary = Vocabulary(("\n", "\ud800", "\x1b"))
    assert vocabulary.decode_rows(np.array([[1, 2]]), np.array([2])) == ["\ud800\x1b"]
    assert format_tokens(["\x1b", "\ud800", "z" * 100_000]) == f"'\\x1b' '\\ud800' {'z' * 27}..."
