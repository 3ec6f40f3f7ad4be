"""Vocabularies of characters or words: text to token ids and back."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from nn_core.arrays import Labels
from nn_core.errors import CheckpointError, DataError

Unit = Literal["char", "word"]
END = "\n"
"""The token before and after each name."""
UNKNOWN = "<unknown>"
"""The token of all words too rare to be in the vocabulary."""
UNIT_NAMES = {"char": "character", "word": "word"}
_WORDS = re.compile(r"\w+(?:'\w+)*|\n|[^\w\s]")
_OPENING, _CLOSING = "([{", ".,;:!?)]}"


@dataclass(frozen=True)
class Vocabulary:
    """Distinct tokens; the id of a token is its index.

    tokens     for words, the first may be UNKNOWN
    unit       "char", or "word" for words and punctuation marks
    lowercase  whether text is lowercased before it is encoded
    """

    tokens: tuple[str, ...]
    unit: Unit = "char"
    lowercase: bool = False

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """token -> id."""
        return {token: i for i, token in enumerate(self.tokens)}

    def encode(self, text: str, source: str = "the text") -> Labels:
        """The token ids (T,) of a text. Raises DataError for a character not in the vocabulary."""
        tokens = tokenize(text.lower() if self.lowercase else text, self.unit)
        unknown = self.ids.get(UNKNOWN) if self.unit == "word" else None
        try:
            return np.array([self.ids.get(token, unknown) for token in tokens], dtype=np.int64)
        except TypeError:
            missing = format_tokens(sorted(set(tokens) - set(self.tokens)))
            raise DataError(
                f"{source} has {UNIT_NAMES[self.unit]}s that are not in the model's vocabulary:"
                f" {missing}; it has {format_tokens(self.tokens)}"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some token ids."""
        return detokenize([self.tokens[i] for i in ids], self.unit)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {"tokens": list(self.tokens), "unit": self.unit, "lowercase": self.lowercase}

    @classmethod
    def from_dict(cls, fields: Any) -> "Vocabulary":
        """The inverse of `to_dict`; `lowercase` was once called `lower`.

        Raises CheckpointError for an invalid vocabulary.
        """
        try:
            tokens, unit = tuple(fields["tokens"]), fields["unit"]
            lowercase = fields["lower" if "lower" in fields else "lowercase"]
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"cannot read the vocabulary: {error!r}") from None
        if (
            len(set(tokens)) != len(tokens)
            or not tokens
            or not all(isinstance(token, str) and token for token in tokens)
            or unit not in UNIT_NAMES
            or not isinstance(lowercase, bool)
        ):
            raise CheckpointError("invalid vocabulary")
        return cls(tokens, unit, lowercase)


def build_vocabulary(text: str, *, unit: Unit = "char", lowercase: bool = False, min_count: int = 2) -> Vocabulary:
    """The vocabulary of a corpus: its characters, sorted, or its words by descending frequency.

    min_count  words that occur less often become UNKNOWN
    """
    tokens = tokenize(text.lower() if lowercase else text, unit)
    if unit == "char":
        return Vocabulary(tuple(sorted(set(tokens))), unit, lowercase)
    counts = Counter(tokens)
    frequent = [word for word, count in counts.items() if count >= min_count]
    frequent.sort(key=lambda word: (-counts[word], word))
    return Vocabulary((UNKNOWN, *frequent), unit, lowercase)


def tokenize(text: str, unit: Unit) -> Sequence[str]:
    """Split a text into characters, or into words, punctuation marks and newlines."""
    return text if unit == "char" else _WORDS.findall(text)


def detokenize(tokens: Sequence[str], unit: Unit, *, previous: str = "") -> str:
    """The inverse of `tokenize`, up to whitespace: one space between words.

    previous  the token that comes before these
    """
    if unit == "char":
        return "".join(tokens)
    text = []
    for word in tokens:
        no_space = previous in {"", END} or previous in _OPENING or word == END or word in _CLOSING
        text.append(word if no_space else f" {word}")
        previous = word
    return "".join(text)


def format_tokens(tokens: Sequence[str], limit: int = 60) -> str:
    """Tokens for a message, on one line."""
    shown = " ".join(token if token.isprintable() and token != " " else repr(token) for token in tokens[:limit])
    return shown if len(tokens) <= limit else f"{shown} ..."
