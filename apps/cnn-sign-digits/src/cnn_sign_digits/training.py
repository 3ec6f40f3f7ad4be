"""The command `train`."""

from pathlib import Path
from typing import Any

import click

from cnn_sign_digits.arguments import PRESET, photo_options
from cnn_sign_digits.model import PROGRAM, load_model
from cnn_sign_digits.preparing import prepare, run_to_resume
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import PhotoSettings, settings_of
from nn_core.lab.options import output_options, recipe_options
from nn_core.lab.parameters import require_distinct
from nn_core.lab.program import echo_json, json_option, remark
from nn_core.lab.results import training_report, training_result
from nn_core.lab.runs import run
from nn_core.lab.settings import resumed_settings


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
    if settings.fold is not None and settings.test is not None:
        raise click.UsageError("--fold and --test both say what to validate on", ctx)
    require_distinct(
        {"--save": save, "--log": log, "--figure": figure},
        **{"--data": settings.data, "--test": settings.test, "--add": settings.add},
    )
    prepared = prepare(settings)
    run(
        prepared.trainer,
        program=PROGRAM,
        details=prepared.details(settings),
        early_stopping=settings.early_stopping,
        save=save,
        resume=None if model is None else run_to_resume(model, prepared),
        log=log,
        threads=1,  # the products of small slices are not worth dividing
    )
    splits = prepared.splits
    result = training_result(prepared.trainer, data=splits.train.name)
    if as_json:
        echo_json(result)
    else:
        network = f"{settings.preset} network"
        click.echo(training_report(result, network=network, origin=splits.origin))
    from nn_core.lab.figures import draw_training

    title = f"{splits.train.name}: {settings.preset} network, {settings.optimizer}"
    draw_training(prepared.trainer.history, figure, title=title)
    remark(f"wrote {figure}")


COMMANDS = {"train": train}
