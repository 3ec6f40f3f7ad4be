"""Set up a training run from settings: data, vocabulary, network and trainer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from char_rnn_dino.corpora import encode_file, read_text_file
from char_rnn_dino.growth import extended_vocabulary, start_from_fewer_tokens
from char_rnn_dino.metrics import format_metrics, token_metrics
from char_rnn_dino.model import MIN_MAX_LENGTH, Model, details
from char_rnn_dino.settings import NameSettings, SequenceSettings, TextSettings, spawn_rngs
from char_rnn_dino.splits import Examples, identify, name_examples, split_names, split_text
from char_rnn_dino.tokens import END, TOKENIZER, UNIT_NAMES, Unit, unspaced_script
from char_rnn_dino.vocabulary import Vocabulary, build_vocabulary
from nn_core.cli.terminal import counted
from nn_core.cli.train_report import run_lines, run_result
from nn_core.errors import DataError, remark
from nn_core.progress import job

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer


@dataclass(frozen=True)
class Setup:
    """A training run, not yet started.

    source       where the data comes from
    sizes        description of the training and validation set sizes
    fingerprint  identifies the training data
    max_length   the longest name to generate; None for texts
    """

    settings: SequenceSettings
    trainer: Trainer
    vocabulary: Vocabulary
    source: str
    sizes: str
    fingerprint: str
    max_length: int | None = None

    @property
    def network(self) -> str:
        """A short description of the network."""
        layers = "" if self.settings.layers == 1 else f"{self.settings.layers} layers of "
        return f"{self.settings.cell.upper()}, {layers}{counted(self.settings.hidden, 'unit')}"

    def details(self) -> dict[str, Any]:
        """What a checkpoint stores besides the network."""
        return details(self.vocabulary, self.settings.to_dict(), self.fingerprint, self.max_length)

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


def set_up_names(
    settings: NameSettings, threads: int | None = None, start: Model | None = None, resumed: Model | None = None
) -> Setup:
    """Set up a dino-gen run. Raises DataError for unusable names.

    threads  number of threads; None for the number of cores, at most 4
    start    the model whose weights the network starts from, with its vocabulary, to which new
             letters are added
    resumed  the model of the run to resume, with its vocabulary
    """
    known = start or resumed
    names = split_names(settings, TOKENIZER if known is None else known.vocabulary.tokenizer)
    letters = tuple(sorted(set("".join(names.all))))
    vocabulary = extended_vocabulary(Vocabulary((END, *letters), lowercase=True), start, resumed, names.source)
    training = name_examples(names.training, vocabulary, names.source)
    validation = name_examples(names.validation, vocabulary, names.source) if names.validation else None
    held_out = f"{len(names.validation):,}" if names.validation else "none"
    sizes = f"{counted(len(names.training), 'name')}, {held_out} held out, {len(letters)} distinct letters"
    if settings.fold is None and len(names.validation) != round(settings.validation * len(names.all)):
        remark(
            f"{names.source}: only {counted(len(names.all), 'name')}, {len(names.validation)} of them held out;"
            f" {counted(settings.epochs, 'epoch')} may be too few (--epochs)"
        )
    longest = max(MIN_MAX_LENGTH if known is None else known.max_length, *map(len, names.all))
    return _set_up(settings, threads, start, vocabulary, training, validation, names.source, sizes, max_length=longest)


def set_up_text(
    settings: TextSettings, threads: int | None = None, start: Model | None = None, resumed: Model | None = None
) -> Setup:
    """Set up a char-rnn run. Raises DataError for an unusable text.

    threads  number of threads; None for the number of cores, at most 4
    start    the model whose weights the network starts from, with its vocabulary, to which new
             characters or words are added
    resumed  the model of the run to resume, with its vocabulary
    """
    known = start or resumed
    file = read_text_file(settings.data)
    unit: Unit = "char" if settings.unit == "char" else "word"
    version = TOKENIZER if known is None else known.vocabulary.tokenizer
    built = build_vocabulary(file.blocks(), unit=unit, lowercase=settings.lowercase, tokenizer=version)
    vocabulary = extended_vocabulary(built, start, resumed, file.name)
    if len(vocabulary) < 2:
        reason = "has only one distinct character" if unit == "char" else "repeats no word"
        raise DataError(f"{file.name} {reason}; nothing to predict")
    if unit == "word" and (script := unspaced_script(next(file.blocks()))):
        remark(
            f"{file.name}: {script} has no spaces between words, so --unit word reads whole phrases as words;"
            " --unit char suits it better"
        )
    training, validation = split_text(encode_file(vocabulary, file), settings, file.name)
    streams = parallel_streams(len(training[1]) + 1, settings.batch_size, settings.bptt_length)
    if streams != (settings.batch_size or 1):
        remark(
            f"{file.name}: only {counted(len(training[1]) + 1, UNIT_NAMES[unit])} for training, read as"
            f" {counted(streams, 'stream')} instead of {settings.batch_size} (--batch-size)"
        )
    held_out = "none" if validation is None else f"{len(validation[1]):,}"
    sizes = f"{len(training[1]) + 1:,} {UNIT_NAMES[unit]}s, {held_out} held out, {len(vocabulary):,} distinct"
    return _set_up(settings, threads, start, vocabulary, training, validation, file.name, sizes, streams=streams)


def build_trainer(settings: SequenceSettings) -> Trainer:
    """A single-threaded trainer, for sweeps."""
    setup = set_up_names(settings, 1) if isinstance(settings, NameSettings) else set_up_text(settings, 1)  # type: ignore[arg-type]
    return setup.trainer


def parallel_streams(tokens: int, batch_size: int | None, bptt_length: int) -> int:
    """The number of streams of a training text: the batch size, or fewer if it is short."""
    streams = batch_size or 1
    return streams if tokens > 2 * streams else max(1, (tokens - 1) // bptt_length)


def _set_up(
    settings: SequenceSettings,
    threads: int | None,
    start: Model | None,
    vocabulary: Vocabulary,
    training: Examples,
    validation: Examples | None,
    source: str,
    sizes: str,
    *,
    streams: int | None = None,
    max_length: int | None = None,
) -> Setup:
    with job("initializing the weights"):
        network = settings.network(len(vocabulary), spawn_rngs(settings.seed)[1])
    from nn_core.cli.train_run import backend_for
    from nn_core.training.trainer import Trainer

    recipe = settings.sequence_recipe()
    if streams is not None:
        recipe = dataclasses.replace(recipe, batch_size=streams)
    if start is not None:
        start_from_fewer_tokens(network, start.network, len(start.vocabulary))
    trainer = Trainer(
        backend_for(network, settings, threads),
        *training,
        recipe,
        epochs=settings.epochs,
        seed=settings.seed,
        validation=validation,
        metrics={},
    )
    return Setup(settings, trainer, vocabulary, source, sizes, identify(vocabulary, training), max_length)
