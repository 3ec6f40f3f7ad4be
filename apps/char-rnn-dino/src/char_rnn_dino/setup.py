"""From settings to a run: what is read, the network, and its trainer."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from char_rnn_dino.model import Model
from char_rnn_dino.settings import (
    NameSettings,
    SequenceSettings,
    TextSettings,
    settings_of,
    streams,
)
from char_rnn_dino.texts import CORPUS, NAMES, hold_back, read_names, read_text, sequences, shipped
from char_rnn_dino.vocabulary import END, Unit, Vocabulary, of_text
from nn_core import checkpoint
from nn_core.arrays import Labels
from nn_core.errors import CheckpointError, DataError
from nn_core.storage.files import printable
from nn_core.training.trainer import Trainer

Examples = tuple[Labels, Labels]
"""Tokens and what follows each: names (N, T), padded, or one text (L,)."""


@dataclass(frozen=True)
class Prepared:
    """A run that has not begun, and what it was made from.

    source  where the text comes from
    sizes   in words, what it learns and what it is judged by
    """

    trainer: Trainer
    vocabulary: Vocabulary
    source: str
    sizes: str
    fingerprint: str

    def details(self, settings: SequenceSettings) -> dict[str, Any]:
        """What a checkpoint needs beside the network."""
        return {
            "vocabulary": self.vocabulary.to_dict(),
            "settings": settings.to_dict(),
            "fingerprint": self.fingerprint,
        }


def names_of(settings: NameSettings) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Where the names come from, those to train on, and those to judge by.

    Raises DataError if they cannot be had.
    """
    path = shipped(NAMES) if settings.data is None else Path(settings.data)
    names = read_names(path)
    try:
        kept, held = hold_back(names, settings.validation, rng=streams(settings.seed)[0])
    except DataError as error:
        raise DataError(f"{printable(path)}: {error}") from None
    return path.name if settings.data is None else printable(path), kept, held


def names_behind(model: Model) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """As `names_of`, of a model's training. Raises DataError if the list is gone, or another."""
    source, kept, held = names_of(settings_of(model, NameSettings))
    _require_same(model, name_examples(kept, model.vocabulary, source), source)
    return source, kept, held


def names_known(model: Model) -> frozenset[str]:
    """All names of the list that a model was trained on. Raises DataError as `names_behind`."""
    _, kept, held = names_behind(model)
    return frozenset(kept + held)


def prepare_names(settings: NameSettings) -> Prepared:
    """A run of dino-gen. Raises DataError for names that cannot be learned."""
    source, kept, held = names_of(settings)
    letters = sorted(set("".join(kept + held)))
    vocabulary = Vocabulary((END, *letters), lower=True)
    sizes = f"{len(kept):,} names, {len(held):,} held back, {len(letters)} letters"
    learned, judged = name_examples(kept, vocabulary), name_examples(held, vocabulary)
    return _prepared(settings, vocabulary, learned, judged, source, sizes)


def name_examples(
    names: tuple[str, ...], vocabulary: Vocabulary, source: str = "the names"
) -> Examples:
    """Names as a network reads them. Raises DataError for a letter that it does not know."""
    return sequences([vocabulary.encode(name, source) for name in names], vocabulary.place[END])


def prepare_text(settings: TextSettings) -> Prepared:
    """A run of char-rnn. Raises DataError for a text that cannot be learned."""
    name, text = text_of(settings.data)
    unit: Unit = "char" if settings.unit == "char" else "word"
    vocabulary = of_text(text, unit=unit, lower=settings.lower)
    if len(vocabulary) < 2:
        alike = f"{name} is all one char" if unit == "char" else f"no word of {name} comes twice"
        raise DataError(f"{alike}; there is nothing to foretell")
    learned, judged = _divided(vocabulary.encode(text, name), settings, name)
    sizes = (
        f"{len(learned[1]) + 1:,} {settings.unit}s, {len(judged[1]):,} held back,"
        f" {len(vocabulary)} different"
    )
    return _prepared(settings, vocabulary, learned, judged, name, sizes)


def held_back(model: Model) -> tuple[str, Examples]:
    """Where a model's text comes from, and the end of it, by which its training was judged.

    Raises DataError if the text is gone, or another.
    """
    settings = settings_of(model, TextSettings)
    name, text = text_of(settings.data)
    learned, judged = _divided(model.vocabulary.encode(text, name), settings, name)
    _require_same(model, learned, name)
    return f"{name}, held back", judged


def text_of(data: str | None) -> tuple[str, str]:
    """Where a text comes from, and the text. Raises DataError if it cannot be had."""
    path = shipped(CORPUS) if data is None else Path(data)
    return path.name if data is None else printable(path), read_text(path)


def _divided(tokens: Labels, settings: TextSettings, name: str) -> tuple[Examples, Examples]:
    """The beginning, to train on, and the end, to judge by."""
    held = round(settings.validation * len(tokens))
    kept, streams_ = len(tokens) - held, settings.batch_size or 1
    if held < 1 or kept <= 2 * streams_:
        raise DataError(
            f"{name} is too short: of {len(tokens):,} {settings.unit}s {held:,} are held back, and"
            f" {kept:,} are too few to be read in {streams_} streams"
        )
    return part_of(tokens[:kept]), part_of(tokens[kept - 1 :])


def part_of(tokens: Labels) -> Examples:
    """A text that foretells itself."""
    return tokens[:-1], tokens[1:]


def run_to_resume(model: Model, prepared: Prepared) -> checkpoint.Run:
    """The run to go on with. Raises CheckpointError or DataError if it cannot go on."""
    if model.run is None:
        raise CheckpointError("the checkpoint holds a network, but no run to go on with")
    if model.fingerprint != prepared.fingerprint:
        raise DataError(f"{prepared.source} is not what the model was trained on")
    return model.run


def _prepared(
    settings: SequenceSettings,
    vocabulary: Vocabulary,
    learned: Examples,
    judged: Examples,
    source: str,
    sizes: str,
) -> Prepared:
    _, weights_rng, training_rng, _ = streams(settings.seed)
    trainer = Trainer(
        settings.network(len(vocabulary), weights_rng),
        *learned,
        settings.sequence_recipe(),
        epochs=settings.epochs,
        rng=training_rng,
        validation=judged,
        metrics={},
    )
    return Prepared(trainer, vocabulary, source, sizes, _fingerprint(vocabulary, learned))


def _require_same(model: Model, learned: Examples, source: str) -> None:
    """Raise DataError if this is not what the model learned."""
    if model.fingerprint != _fingerprint(model.vocabulary, learned):
        raise DataError(f"{source} is not what the model was trained on")


def _fingerprint(vocabulary: Vocabulary, learned: Examples) -> str:
    """16 hexadecimal digits that differ for other tokens or another vocabulary."""
    digest = hashlib.sha256(repr((vocabulary, learned[0].shape)).encode())
    for part in learned:
        digest.update(np.ascontiguousarray(part, dtype="<i8").data)
    return digest.hexdigest()[:16]
