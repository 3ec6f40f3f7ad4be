"""The command `train`."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cnn_sign_digits.arguments import PRESET, photo_options
from cnn_sign_digits.data import require_outside
from cnn_sign_digits.model import PROGRAM, load_model
from cnn_sign_digits.preparing import prepare, run_to_resume
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import PhotoSettings, settings_of
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.options import output_options, recipe_options
from nn_core.cli.param_types import require_distinct
from nn_core.cli.settings import resumed_settings
from nn_core.cli.train_report import training_report, training_result
from nn_core.cli.train_run import run


@click.command()
@photo_options
@recipe_options(**PRESETS[PRESET].defaults_for(drawn=True))
@output_options(figure="training.png")
@json_option
@click.pass_context
def train(
    ctx: click.Context,
    /,
    save: Path | None,
    resume: Path | None,
    log: Path | None,
    threads: int,
    figure: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a convolutional network and say how well it does.

    With no options it learns hands that are drawn for it.

    \b
    Example: cnn-sign train --data digits --save digits.h5 --figure digits.png
    """
    model = None
    if resume is not None:
        model = load_model(resume)
        save = save or resume
        options = resumed_settings(ctx, settings_of(model).to_dict(), free={"data", "test"})
    settings = PhotoSettings.from_mapping(options)
    _check_sources(ctx, settings)
    outputs = {"--save": save, "--log": log, "--figure": figure}
    table = settings.group if (settings.group or "").lower().endswith(".csv") else None
    inputs = {"--data": settings.data, "--test": settings.test, "--add": settings.add}
    require_distinct(outputs, **inputs, **{"--group": table})
    require_distinct({"--log": log, "--figure": figure}, **{"--resume": resume})
    require_outside(outputs, **inputs)
    prepared = prepare(settings)
    run(
        prepared.trainer,
        program=PROGRAM,
        details=prepared.details(settings),
        early_stopping=settings.early_stopping,
        save=save,
        resume=None if model is None else run_to_resume(model, prepared),
        log=log,
        threads=threads,
    )
    splits = prepared.splits
    result = training_result(prepared.trainer, data=splits.train.name)
    if as_json:
        echo_json(result)
    else:
        network = f"{settings.preset} network"
        click.echo(training_report(result, network=network, origin=splits.origin))
    from nn_core.cli.plots import draw_training

    title = f"{splits.train.name}: {settings.preset} network, {settings.optimizer}"
    draw_training(prepared.trainer.history, figure, title=title)
    info(f"wrote {figure}")


def _check_sources(ctx: click.Context, settings: PhotoSettings) -> None:
    """Raise click.UsageError if two options say what to validate on."""
    stated = ctx.get_parameter_source("validation") is ParameterSource.COMMANDLINE
    said = {
        "--fold": settings.fold is not None,
        "--test": settings.test is not None,
        "--validation": stated,
    }
    first, *others = [name for name, is_said in said.items() if is_said] or [""]
    if others:
        raise click.UsageError(f"{first} and {others[0]} both say what to validate on", ctx)


COMMANDS = {"train": train}
