"""Train a network: what `dino-gen train` and `char-rnn train` share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
import numpy as np

from char_rnn_dino.metrics import finite_or_none, format_metrics, token_metrics
from char_rnn_dino.model import details, load_model
from char_rnn_dino.settings import SequenceSettings, settings_of, spawn_rngs
from char_rnn_dino.setup import Setup
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.cli.app import echo_json, info
from nn_core.cli.dataset import run_to_resume
from nn_core.cli.param_types import require_distinct
from nn_core.cli.settings import resumed_settings
from nn_core.cli.train_run import run
from nn_core.network import Network
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=SequenceSettings)
Sample = Callable[[Network, Vocabulary, np.random.Generator], list[str]]
"""Lines of text sampled from a network."""
SAMPLES = 5
"""How often a run prints samples."""


def train_network(
    ctx: click.Context,
    options: dict[str, Any],
    *,
    program: str,
    kind: type[S],
    set_up: Callable[[S], Setup],
    sample: Sample,
) -> None:
    """Start or resume a run, and report the validation metrics.

    options  the options of the command line
    program  the program that writes the checkpoints
    kind     the type of its settings
    set_up   makes a run from settings
    """
    save, log, figure = (options.pop(name) for name in ("save", "log", "figure"))
    resume, as_json, threads = (options.pop(name) for name in ("resume", "as_json", "threads"))
    model = None
    if resume is not None:
        model = load_model(resume, program)
        options = resumed_settings(ctx, settings_of(model, kind).to_dict(), free={"data"})
    settings = kind.from_mapping(options)
    save = save or resume
    reports = {"--log": log, "--figure": figure}
    require_distinct({"--save": save} | reports, **{"--data": settings.data})
    require_distinct(reports, **{"--resume": resume})
    setup = set_up(settings)
    trainer, found = setup.trainer, setup.fingerprint
    resumed = None
    if model is not None:
        expected = model.fingerprint
        resumed = run_to_resume(model.run, source=setup.source, found=found, expected=expected)
    run(
        trainer,
        program=program,
        details=details(setup.vocabulary, settings.to_dict(), found),
        early_stopping=settings.early_stopping,
        save=save,
        resume=resumed,
        log=log,
        threads=threads,
        callbacks=[PrintSamples(sample, setup.vocabulary, settings.seed)],
    )
    result = _result(setup)
    if as_json:
        echo_json(finite_or_none(result))
    else:
        click.echo(_report(setup, settings, result))
    if figure is not None:
        from nn_core.cli.plots import draw_training

        title = f"{setup.source}: {_architecture(settings)}, {settings.optimizer}"
        draw_training(trainer.history, figure, title=title)
        info(f"wrote {figure}")


class PrintSamples(Callback):
    """Print samples at evenly spaced epochs, each time with the same random numbers."""

    def __init__(self, sample: Sample, vocabulary: Vocabulary, seed: int) -> None:
        self.sample, self.vocabulary = sample, vocabulary
        self.seed = int(spawn_rngs(seed)[3].integers(2**32))

    def on_epoch(self, trainer: Trainer) -> None:
        epoch, epochs = trainer.epoch, trainer.epochs
        if epoch * SAMPLES // epochs > (epoch - 1) * SAMPLES // epochs:
            rng = np.random.default_rng(self.seed)
            lines = self.sample(trainer.network, self.vocabulary, rng)
            info("\n".join([f"epoch {epoch}:", *(f"    {line}" for line in lines)]))


def _result(setup: Setup) -> dict[str, Any]:
    trainer = setup.trainer
    validation = trainer.validation or ()
    return {
        "data": setup.source,
        "parameters": trainer.network.parameters.size,
        "epochs": trainer.epoch,
        "steps": trainer.step_count,
        "seconds": trainer.seconds,
        "stopped": trainer.stopped,
        "training_loss": trainer.history.columns["training_loss"][-1],
        **token_metrics(trainer.measure(*validation)["loss"], setup.vocabulary),
    }


def _report(setup: Setup, settings: SequenceSettings, result: dict[str, Any]) -> str:
    lines = [
        f"{setup.source}: {setup.sizes}",
        f"{_architecture(settings)}, {result['parameters']:,} parameters",
        f"{result['epochs']:,} epochs, {result['steps']:,} steps in {result['seconds']:.2f} s",
    ]
    if result["stopped"]:
        lines.append(f"stopped early: {result['stopped']}")
    return "\n".join([*lines, f"held out: {format_metrics(result, setup.vocabulary)}"])


def _architecture(settings: SequenceSettings) -> str:
    layers = "" if settings.layers == 1 else f"{settings.layers} layers of "
    return f"{settings.cell.upper()}, {layers}{settings.hidden} units"
