"""Vocabularies of characters or words: text to token ids and back."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from char_rnn_dino.tokens import TOKENIZER, UNIT_NAMES, UNKNOWN, Unit, detokenize, normalize, tokenize
from nn_core.arrays import Labels
from nn_core.errors import CheckpointError, DataError
from nn_core.printable import shortened
from nn_core.storage.json_schema import Integer, Items, Schema, Text, check_json

SCHEMA: Schema = {
    "tokens": Items(Text(2**20), 1, 2**24),
    "unit": Text(choices=tuple(UNIT_NAMES)),
    "lowercase": bool,
    "tokenizer": Integer(1, 2**31 - 1),
}
"""The fields of `Vocabulary` in a checkpoint."""


@dataclass(frozen=True)
class Vocabulary:
    """Distinct tokens; the id of a token is its index.

    tokens     for words, the first may be UNKNOWN
    unit       "char", or "word" for words and punctuation marks
    lowercase  whether text is lowercased before it is encoded
    tokenizer  the version of `tokens.tokenize` and `tokens.normalize` that divides text
    """

    tokens: tuple[str, ...]
    unit: Unit = "char"
    lowercase: bool = False
    tokenizer: int = TOKENIZER

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """token -> id."""
        return {token: i for i, token in enumerate(self.tokens)}

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type of all ids, with sign for the labels of -1."""
        return np.min_scalar_type(-len(self.tokens))

    def tokenize(self, text: str) -> Sequence[str]:
        """The tokens of a text, normalized."""
        text = normalize(text, lowercase=self.lowercase, version=self.tokenizer)
        return tokenize(text, self.unit, version=self.tokenizer)

    def encode(self, text: str, source: str = "the text") -> Labels:
        """The token ids (T,) of a text. Raises DataError for a character not in the vocabulary."""
        ids = self.find(text)
        if ids.size and ids.min() < 0:
            tokens = self.tokenize(text)
            missing = format_tokens(sorted({tokens[int(i)] for i in np.flatnonzero(ids < 0)}))
            raise DataError(
                f"{source} has {UNIT_NAMES[self.unit]}s that are not in the model's vocabulary:"
                f" {missing}; it has {format_tokens(self.tokens)}"
            )
        return ids

    def find(self, text: str) -> Labels:
        """The token ids (T,) of a text, with -1 for characters that are not in the vocabulary."""
        tokens = self.tokenize(text)
        if isinstance(tokens, str):
            codes = np.frombuffer(tokens.encode("utf-32-le", "surrogatepass"), "<u4")
            return self._ids_by_code_point.take(codes, mode="clip")
        unknown = self.ids.get(UNKNOWN, -1)
        return np.array([self.ids.get(token, unknown) for token in tokens], self.dtype)

    @cached_property
    def _ids_by_code_point(self) -> Labels:
        """Code point -> id; -1 for others, the last of which stands for all larger ones."""
        codes = [ord(token) for token in self.tokens]
        ids = np.full(max(codes) + 2, -1, self.dtype)
        ids[codes] = np.arange(len(codes))
        return ids

    def extended(self, other: "Vocabulary") -> "Vocabulary":
        """This vocabulary and, after it, the tokens that only another one has."""
        new = tuple(token for token in other.tokens if token not in self.ids)
        return dataclasses.replace(self, tokens=self.tokens + new)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some token ids."""
        return detokenize([self.tokens[i] for i in ids], self.unit)

    def decode_rows(self, ids: Labels, lengths: Labels) -> list[str]:
        """The texts of several rows of character ids (N, T), of which only the first `lengths` (N,) count."""
        codes = np.array([ord(token) for token in self.tokens], "<u4")
        text = codes[ids].tobytes().decode("utf-32-le", "surrogatepass")
        starts = np.arange(len(ids)) * ids.shape[1]
        return [text[i:j] for i, j in zip(starts.tolist(), (starts + lengths).tolist(), strict=True)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return dataclasses.asdict(self) | {"tokens": list(self.tokens)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Vocabulary":
        """The inverse of `to_dict`, for any version. Raises DataError or CheckpointError for an invalid vocabulary."""
        fields = migrated(fields)
        check_json(fields, SCHEMA, source="vocabulary")
        tokens, unit = tuple(fields["tokens"]), fields["unit"]
        if len(set(tokens)) != len(tokens) or "" in tokens or (unit == "char" and max(map(len, tokens)) > 1):
            raise CheckpointError("invalid vocabulary")
        if fields["tokenizer"] > TOKENIZER:
            raise CheckpointError(
                f"the vocabulary is of a later version ({fields['tokenizer']}); upgrade char-rnn-dino"
            )
        return cls(tokens, unit, fields["lowercase"], fields["tokenizer"])


def migrated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a vocabulary of any version: `lowercase` was `lower`, and there was no `tokenizer`."""
    return {"tokenizer": 1} | {"lowercase" if name == "lower" else name: value for name, value in fields.items()}


def build_vocabulary(
    blocks: str | Iterable[str],
    *,
    unit: Unit = "char",
    lowercase: bool = False,
    min_count: int = 2,
    tokenizer: int = TOKENIZER,
) -> Vocabulary:
    """The vocabulary of a corpus: its characters, sorted, or its words by descending frequency.

    blocks     the text, as a whole or in parts
    min_count  words that occur less often become UNKNOWN
    """
    counts: Counter[str] = Counter()
    for block in [blocks] if isinstance(blocks, str) else blocks:
        text = normalize(block, lowercase=lowercase, version=tokenizer)
        if unit == "char":
            counts.update(dict.fromkeys(set(text), 1))
        else:
            counts.update(tokenize(text, unit, version=tokenizer))
    if unit == "char":
        return Vocabulary(tuple(sorted(counts)), unit, lowercase, tokenizer)
    frequent = [word for word, count in counts.items() if count >= min_count]
    frequent.sort(key=lambda word: (-counts[word], word))
    return Vocabulary((UNKNOWN, *frequent), unit, lowercase, tokenizer)


def format_tokens(tokens: Sequence[str], limit: int = 60) -> str:
    """Tokens for a message, on one line."""
    shown = " ".join(
        shortened(token if token.isprintable() and token != " " else repr(token)) for token in tokens[:limit]
    )
    return shown if len(tokens) <= limit else f"{shown} ..."
