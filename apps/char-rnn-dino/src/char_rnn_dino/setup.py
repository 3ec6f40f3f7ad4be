"""Set up a training run from settings: data, vocabulary, network and trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from char_rnn_dino.corpora import FIELD_NOTES, NAMES, bundled, hold_out, pad_sequences, read_names
from char_rnn_dino.metrics import format_metrics, token_metrics
from char_rnn_dino.model import Model, details
from char_rnn_dino.settings import NameSettings, SequenceSettings, TextSettings, settings_of, spawn_rngs
from char_rnn_dino.vocabulary import END, UNIT_NAMES, Unit, Vocabulary, build_vocabulary
from nn_core.arrays import Labels
from nn_core.cli.dataset import fingerprint, nothing_held_out, require_same_data
from nn_core.cli.folds import parse_fold
from nn_core.cli.train_report import run_lines, run_result
from nn_core.errors import DataError
from nn_core.losses import IGNORE_INDEX
from nn_core.storage.files import printable
from nn_core.storage.text import read_text

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer

Examples = tuple[Labels, Labels]
"""Tokens and their next tokens: padded names (N, T), or one text (L,)."""


@dataclass(frozen=True)
class Setup:
    """A training run, not yet started.

    source       where the data comes from
    sizes        description of the training and validation set sizes
    fingerprint  identifies the training data
    """

    settings: SequenceSettings
    trainer: Trainer
    vocabulary: Vocabulary
    source: str
    sizes: str
    fingerprint: str

    @property
    def network(self) -> str:
        """A short description of the network."""
        layers = "" if self.settings.layers == 1 else f"{self.settings.layers} layers of "
        return f"{self.settings.cell.upper()}, {layers}{self.settings.hidden} units"

    def details(self) -> dict[str, Any]:
        """What a checkpoint stores besides the network."""
        return details(self.vocabulary, self.settings.to_dict(), self.fingerprint)

    def result(self) -> dict[str, Any]:
        """The final metrics of the run."""
        trainer = self.trainer
        result = {
            "data": self.source,
            **run_result(trainer),
            "training_loss": trainer.state.history.columns["training_loss"][-1],
        }
        if trainer.validation is None:
            return result
        return result | token_metrics(trainer.evaluate(*trainer.validation)["loss"], self.vocabulary)

    def scores(self, result: Mapping[str, Any]) -> dict[str, float]:
        """The metrics on the validation set."""
        names = token_metrics(0.0, self.vocabulary)
        return {name: result[name] for name in names}

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""
        lines = [f"{self.source}: {self.sizes}", *run_lines(result, network=self.network)]
        if self.trainer.validation is None:
            return "\n".join(
                [*lines, f"no validation set; mean training loss of the last epoch: {result['training_loss']:.4f} nats"]
            )
        return "\n".join([*lines, f"held out: {format_metrics(result, self.vocabulary)}"])


@dataclass(frozen=True)
class NameSplit:
    """Names for training and for validation, which may be none, and where they come from."""

    source: str
    training: tuple[str, ...]
    validation: tuple[str, ...]


def split_names(settings: NameSettings) -> NameSplit:
    """The names of a run. Raises DataError if they cannot be read or are too few."""
    path = bundled(NAMES) if settings.data is None else Path(settings.data)
    names = read_names(path)
    try:
        parts = hold_out(names, settings.validation, fold=settings.fold, rng=spawn_rngs(settings.seed)[0])
    except DataError as error:
        raise DataError(f"{printable(path)}: {error}") from None
    return NameSplit(path.name if settings.data is None else printable(path), *parts)


def names_of(model: Model) -> NameSplit:
    """The names that a model was trained on. Raises DataError if the file has changed."""
    names = split_names(settings_of(model, NameSettings))
    training = name_examples(names.training, model.vocabulary, names.source)
    require_same_data(names.source, identify(model.vocabulary, training), model.fingerprint)
    return names


def name_examples(names: tuple[str, ...], vocabulary: Vocabulary, source: str = "the names") -> Examples:
    """Padded inputs and targets. Raises DataError for characters not in the vocabulary."""
    return pad_sequences([vocabulary.encode(name, source) for name in names], vocabulary.ids[END])


def set_up_names(settings: NameSettings, threads: int | None = None, start: Model | None = None) -> Setup:
    """Set up a dino-gen run. Raises DataError for unusable names.

    threads  number of threads; None for the number of cores, at most 4
    start    the model whose weights the network starts from, with its vocabulary
    """
    names = split_names(settings)
    letters = sorted(set("".join(names.training + names.validation)))
    vocabulary = Vocabulary((END, *letters), lowercase=True) if start is None else start.vocabulary
    training = name_examples(names.training, vocabulary, names.source)
    validation = name_examples(names.validation, vocabulary, names.source) if names.validation else None
    held_out = f"{len(names.validation):,}" if names.validation else "none"
    sizes = f"{len(names.training):,} names, {held_out} held out, {len(letters)} distinct letters"
    return _set_up(settings, threads, start, vocabulary, training, validation, names.source, sizes)


def set_up_text(settings: TextSettings, threads: int | None = None, start: Model | None = None) -> Setup:
    """Set up a char-rnn run. Raises DataError for an unusable text.

    threads  number of threads; None for the number of cores, at most 4
    start    the model whose weights the network starts from, with its vocabulary
    """
    source, text = read_corpus(settings.data)
    unit: Unit = "char" if settings.unit == "char" else "word"
    built = build_vocabulary(text, unit=unit, lowercase=settings.lowercase)
    vocabulary = built if start is None else start.vocabulary
    if len(vocabulary) < 2:
        reason = "has only one distinct character" if unit == "char" else "repeats no word"
        raise DataError(f"{source} {reason}; nothing to predict")
    training, validation = _split_text(vocabulary.encode(text, source), settings, source)
    held_out = "none" if validation is None else f"{len(validation[1]):,}"
    sizes = f"{len(training[1]) + 1:,} {UNIT_NAMES[unit]}s, {held_out} held out, {len(vocabulary):,} distinct"
    return _set_up(settings, threads, start, vocabulary, training, validation, source, sizes)


def held_out_text(model: Model) -> tuple[str, Examples]:
    """The source and the validation part of the text that a model was trained on.

    Raises DataError if the file has changed.
    """
    settings = settings_of(model, TextSettings)
    source, text = read_corpus(settings.data)
    tokens = model.vocabulary.encode(text, source)
    training, validation = _split_text(tokens, settings, source)
    require_same_data(source, identify(model.vocabulary, training), model.fingerprint)
    if validation is None:
        raise DataError(nothing_held_out(source))
    return source, validation


def read_corpus(data: str | None) -> tuple[str, str]:
    """A text with its source. Raises DataError if it cannot be read."""
    path = bundled(FIELD_NOTES) if data is None else Path(data)
    return path.name if data is None else printable(path), read_text(path)


def next_token_pairs(tokens: Labels) -> Examples:
    """Inputs and targets (L - 1,): each token and the next one."""
    return tokens[:-1], tokens[1:]


def identify(vocabulary: Vocabulary, training: Examples) -> str:
    """The fingerprint of training data and vocabulary."""
    tokens, unit, lowercase = vocabulary.tokens, vocabulary.unit, vocabulary.lowercase
    described = f"Vocabulary(tokens={tokens!r}, unit={unit!r}, lower={lowercase!r})"  # as in 0.1
    return fingerprint(*training, key=f"({described}, {training[0].shape})")


def _split_text(tokens: Labels, settings: TextSettings, source: str) -> tuple[Examples, Examples | None]:
    """Tokens for training and for validation: the beginning of a text and its end, or a fold and the rest.

    Each token but the first of the text is a target in one of them. Where a fold is cut out of the text,
    the token after it is no training target (IGNORE_INDEX); the recurrent state is carried over the gap.
    """
    length = len(tokens)
    begin, end = length - round(settings.validation * length), length
    if settings.fold is not None:
        number, folds = parse_fold(settings.fold)
        begin, end = (length * part // folds for part in (number - 1, number))
    held_out, streams = end - begin, settings.batch_size or 1
    expected = settings.fold is not None or settings.validation > 0
    if held_out < expected or length - held_out <= 2 * streams:
        raise DataError(
            f"{source} is too short: {length - held_out:,} {UNIT_NAMES[settings.unit]}s for training"
            f" ({held_out:,} held out), but {streams} parallel streams need {2 * streams + 1:,}"
        )
    x, y = next_token_pairs(np.concatenate([tokens[:begin], tokens[end:]]))
    if begin > 0 and end < length:
        y = y.copy()
        y[begin - 1] = IGNORE_INDEX
    return (x, y), next_token_pairs(tokens[max(begin - 1, 0) : end]) if held_out else None


def _set_up(
    settings: SequenceSettings,
    threads: int | None,
    start: Model | None,
    vocabulary: Vocabulary,
    training: Examples,
    validation: Examples | None,
    source: str,
    sizes: str,
) -> Setup:
    network = settings.network(len(vocabulary), spawn_rngs(settings.seed)[1])
    from nn_core.cli.train_run import backend_for, start_from
    from nn_core.training.trainer import Trainer

    if start is not None:
        start_from(network, start.network)
    trainer = Trainer(
        backend_for(network, settings, threads),
        *training,
        settings.sequence_recipe(),
        epochs=settings.epochs,
        seed=settings.seed,
        validation=validation,
        metrics={},
    )
    return Setup(settings, trainer, vocabulary, source, sizes, identify(vocabulary, training))
