"""Text as numbers and back: which characters, or which words, a network knows."""

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
"""The token that begins and ends a name."""
UNKNOWN = "<unknown>"
"""The token of all words that are too rare to be known."""
_WORDS = re.compile(r"\w+(?:'\w+)*|\n|[^\w\s]")
_OPENING, _CLOSING = "([{", ".,;:!?)]}"


@dataclass(frozen=True)
class Vocabulary:
    """Tokens, each known by its place among them.

    tokens  distinct; of words, the first may be UNKNOWN
    unit    whether a token is a character, or a word or a mark of punctuation
    lower   whether text is read in lower case
    """

    tokens: tuple[str, ...]
    unit: Unit = "char"
    lower: bool = False

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def place(self) -> dict[str, int]:
        """token -> number."""
        return {token: number for number, token in enumerate(self.tokens)}

    def encode(self, text: str, source: str = "the text") -> Labels:
        """The numbers (T,) of a text. Raises DataError for a character that is not known."""
        units = split(text.lower() if self.lower else text, self.unit)
        unknown = self.place.get(UNKNOWN) if self.unit == "word" else None
        try:
            numbers = [self.place.get(unit, unknown) for unit in units]
            return np.array(numbers, dtype=np.int64)
        except TypeError:
            strange = sorted(set(units) - set(self.tokens))
            what = "characters" if self.unit == "char" else "words"
            raise DataError(
                f"{source} has {what} that the model does not know: {listed(strange)};"
                f" it knows {listed(self.tokens)}"
            ) from None

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of some numbers."""
        return join([self.tokens[number] for number in numbers], self.unit)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {"tokens": list(self.tokens), "unit": self.unit, "lower": self.lower}

    @classmethod
    def from_dict(cls, fields: Any) -> "Vocabulary":
        """The inverse of `to_dict`. Raises CheckpointError for what it cannot have made."""
        try:
            tokens, unit, lower = tuple(fields["tokens"]), fields["unit"], fields["lower"]
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"the vocabulary cannot be read: {error!r}") from None
        if (
            len(set(tokens)) != len(tokens)
            or not tokens
            or not all(isinstance(token, str) and token for token in tokens)
            or unit not in {"char", "word"}
            or not isinstance(lower, bool)
        ):
            raise CheckpointError("the vocabulary makes no sense")
        return cls(tokens, unit, lower)


def of_text(text: str, *, unit: Unit = "char", lower: bool = False, least: int = 2) -> Vocabulary:
    """The vocabulary of a corpus: its characters in order, or its words by frequency.

    least  a word that comes less often is UNKNOWN
    """
    units = split(text.lower() if lower else text, unit)
    if unit == "char":
        return Vocabulary(tuple(sorted(set(units))), unit, lower)
    counts = Counter(units)
    known = sorted((w for w, n in counts.items() if n >= least), key=lambda w: (-counts[w], w))
    return Vocabulary((UNKNOWN, *known), unit, lower)


def split(text: str, unit: Unit) -> Sequence[str]:
    """A text as characters, or as words, marks of punctuation and ends of lines."""
    return text if unit == "char" else _WORDS.findall(text)


def join(units: Sequence[str], unit: Unit, *, before: str = "") -> str:
    """The inverse of `split`, but for blanks: between words there is one.

    before  the last unit of a text that this goes on with
    """
    if unit == "char":
        return "".join(units)
    text = []
    for word in units:
        tight = before in {"", END} or before in _OPENING or word == END or word in _CLOSING
        text.append(word if tight else f" {word}")
        before = word
    return "".join(text)


def listed(tokens: Sequence[str], most: int = 60) -> str:
    """Tokens for a message, on one line."""
    shown = " ".join(
        token if token.isprintable() and token != " " else repr(token) for token in tokens[:most]
    )
    return shown if len(tokens) <= most else f"{shown} ..."
