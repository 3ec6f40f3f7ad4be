"""Set up a training run from settings: data, vocabulary, network and trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from char_rnn_dino.corpora import FIELD_NOTES, NAMES, bundled, hold_out, pad_sequences, read_names
from char_rnn_dino.metrics import format_metrics, token_metrics
from char_rnn_dino.model import Model, details
from char_rnn_dino.settings import NameSettings, SequenceSettings, TextSettings, settings_of, spawn_rngs
from char_rnn_dino.vocabulary import END, UNIT_NAMES, Unit, Vocabulary, build_vocabulary
from nn_core.arrays import Labels
from nn_core.cli.dataset import fingerprint, require_same_data
from nn_core.cli.train_report import run_lines, run_result
from nn_core.errors import DataError
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
        validation = trainer.validation or ()
        return {
            "data": self.source,
            **run_result(trainer),
            "training_loss": trainer.state.history.columns["training_loss"][-1],
            **token_metrics(trainer.evaluate(*validation)["loss"], self.vocabulary),
        }

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""
        lines = [f"{self.source}: {self.sizes}", *run_lines(result, network=self.network)]
        return "\n".join([*lines, f"held out: {format_metrics(result, self.vocabulary)}"])


@dataclass(frozen=True)
class NameSplit:
    """Names for training and for validation, and where they come from."""

    source: str
    training: tuple[str, ...]
    validation: tuple[str, ...]


def split_names(settings: NameSettings) -> NameSplit:
    """The names of a run. Raises DataError if they cannot be read or are too few."""
    path = bundled(NAMES) if settings.data is None else Path(settings.data)
    names = read_names(path)
    try:
        parts = hold_out(names, settings.validation, rng=spawn_rngs(settings.seed)[0])
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


def set_up_names(settings: NameSettings, threads: int | None = None) -> Setup:
    """Set up a dino-gen run. Raises DataError for unusable names.

    threads  number of threads; None for the number of cores, at most 4
    """
    names = split_names(settings)
    letters = sorted(set("".join(names.training + names.validation)))
    vocabulary = Vocabulary((END, *letters), lowercase=True)
    training = name_examples(names.training, vocabulary)
    validation = name_examples(names.validation, vocabulary)
    sizes = f"{len(names.training):,} names, {len(names.validation):,} held out, {len(letters)} distinct letters"
    return _set_up(settings, threads, vocabulary, training, validation, names.source, sizes)


def set_up_text(settings: TextSettings, threads: int | None = None) -> Setup:
    """Set up a char-rnn run. Raises DataError for an unusable text.

    threads  number of threads; None for the number of cores, at most 4
    """
    source, text = read_corpus(settings.data)
    unit: Unit = "char" if settings.unit == "char" else "word"
    vocabulary = build_vocabulary(text, unit=unit, lowercase=settings.lowercase)
    if len(vocabulary) < 2:
        reason = "has only one distinct character" if unit == "char" else "repeats no word"
        raise DataError(f"{source} {reason}; nothing to predict")
    training, validation = _split_text(vocabulary.encode(text, source), settings, source)
    sizes = (
        f"{len(training[1]) + 1:,} {UNIT_NAMES[unit]}s, {len(validation[1]):,} held out, {len(vocabulary):,} distinct"
    )
    return _set_up(settings, threads, vocabulary, training, validation, source, sizes)


def held_out_text(model: Model) -> tuple[str, Examples]:
    """The source and the validation part of the text that a model was trained on.

    Raises DataError if the file has changed.
    """
    settings = settings_of(model, TextSettings)
    source, text = read_corpus(settings.data)
    tokens = model.vocabulary.encode(text, source)
    training, validation = _split_text(tokens, settings, source)
    require_same_data(source, identify(model.vocabulary, training), model.fingerprint)
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


def _split_text(tokens: Labels, settings: TextSettings, source: str) -> tuple[Examples, Examples]:
    """The beginning of a text for training, its end for validation."""
    held_out = round(settings.validation * len(tokens))
    training, streams = len(tokens) - held_out, settings.batch_size or 1
    if held_out < 1 or training <= 2 * streams:
        raise DataError(
            f"{source} is too short: {training:,} {UNIT_NAMES[settings.unit]}s for training"
            f" ({held_out:,} held out), but {streams} parallel streams need {2 * streams + 1:,}"
        )
    return next_token_pairs(tokens[:training]), next_token_pairs(tokens[training - 1 :])


def _set_up(
    settings: SequenceSettings,
    threads: int | None,
    vocabulary: Vocabulary,
    training: Examples,
    validation: Examples,
    source: str,
    sizes: str,
) -> Setup:
    network = settings.network(len(vocabulary), spawn_rngs(settings.seed)[1])
    from nn_core.cli.train_run import backend_for
    from nn_core.training.trainer import Trainer

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
