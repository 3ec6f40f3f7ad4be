"""Training and validation parts of names and texts, as token ids, and their fingerprint."""

from dataclasses import dataclass

import numpy as np

from char_rnn_dino.corpora import NAMES, hold_out, locate, pad_sequences, read_names
from char_rnn_dino.settings import NameSettings, TextSettings, spawn_rngs
from char_rnn_dino.tokens import END, TOKENIZER, UNIT_NAMES
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.arrays import Labels
from nn_core.cli.dataset import fingerprint
from nn_core.cli.folds import parse_fold
from nn_core.cli.terminal import counted
from nn_core.errors import DataError
from nn_core.losses import IGNORE_INDEX

Examples = tuple[Labels, Labels]
"""Tokens and their next tokens: padded names (N, T), or one text (L,)."""


@dataclass(frozen=True)
class NameSplit:
    """Names for training and for validation, which may be none, and where they come from."""

    source: str
    training: tuple[str, ...]
    validation: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """The names of both parts."""
        return self.training + self.validation


def split_names(settings: NameSettings, tokenizer: int = TOKENIZER) -> NameSplit:
    """The names of a run. Raises DataError if they cannot be read or are too few."""
    path, source = locate(settings.data, NAMES)
    names = read_names(path, tokenizer=tokenizer)
    try:
        parts = hold_out(names, settings.validation, fold=settings.fold, rng=spawn_rngs(settings.split_seed)[0])
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    return NameSplit(source, *parts)


def name_examples(names: tuple[str, ...], vocabulary: Vocabulary, source: str = "the names") -> Examples:
    """Padded inputs and targets. Raises DataError for characters not in the vocabulary."""
    return pad_sequences([vocabulary.encode(name, source) for name in names], vocabulary.ids[END])


def split_text(tokens: Labels, settings: TextSettings, source: str) -> tuple[Examples, Examples | None]:
    """Tokens for training and for validation: the beginning of a text and its end, or a fold and the rest.

    Each token but the first of the text is a target in one of them. Where a fold is cut out of the text,
    the token after it is no training target (IGNORE_INDEX); the recurrent state is carried over the gap.
    Raises DataError for a text without a token to predict in one of them.
    """
    length = len(tokens)
    held_out = max(round(settings.validation * length), 1) if settings.validation > 0 else 0
    begin, end = length - held_out, length
    if settings.fold is not None:
        number, folds = parse_fold(settings.fold)
        begin, end = (length * part // folds for part in (number - 1, number))
    held_out = end - begin
    expected = settings.fold is not None or settings.validation > 0
    if held_out < expected or length - held_out < 2:
        raise DataError(
            f"{source} is too short: {counted(max(length - held_out, 0), UNIT_NAMES[settings.unit])} for training"
            f" and {held_out:,} for validation, but 2 and {int(expected)} are needed"
        )
    kept = tokens[:begin] if end == length else np.concatenate([tokens[:begin], tokens[end:]])
    x, y = next_token_pairs(kept)
    if begin > 0 and end < length:
        y = y.copy()
        y[begin - 1] = IGNORE_INDEX
    return (x, y), next_token_pairs(tokens[max(begin - 1, 0) : end]) if held_out else None


def next_token_pairs(tokens: Labels) -> Examples:
    """Inputs and targets (L - 1,): each token and the next one."""
    return tokens[:-1], tokens[1:]


def identify(vocabulary: Vocabulary, training: Examples) -> str:
    """The fingerprint of training data and vocabulary."""
    tokens, unit, lowercase = vocabulary.tokens, vocabulary.unit, vocabulary.lowercase
    described = f"Vocabulary(tokens={tokens!r}, unit={unit!r}, lower={lowercase!r})"  # as in 0.1
    return fingerprint(*training, key=f"({described}, {training[0].shape})")
