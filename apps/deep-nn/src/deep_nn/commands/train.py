"""The command `train`."""

from pathlib import Path
from typing import Any

import click

from deep_nn.model import PROGRAM, load_model
from deep_nn.options import network_options
from deep_nn.settings import NetworkSettings
from deep_nn.setup import set_up
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.options import output_options, recipe_options
from nn_core.cli.param_types import require_distinct
from nn_core.cli.settings import resumed_settings
from nn_core.cli.train_report import training_report, training_result
from nn_core.cli.train_run import run


@click.command()
@network_options()
@recipe_options(optimizer="adam", epochs=100)
@output_options()
@json_option
@click.pass_context
def train(
    ctx: click.Context,
    /,
    save: Path | None,
    resume: Path | None,
    log: Path | None,
    threads: int,
    figure: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a network and report its accuracy.

    \b
    Example: deep-nn train --data spirals --hidden 32,32 --save spirals.h5 --figure spirals.png
    """
    model = None
    if resume is not None:
        model = load_model(resume)
        save = save or resume
        options = resumed_settings(ctx, model.settings.to_dict(), free={"data", "test"})
    settings = NetworkSettings.from_mapping(options)
    require_distinct(
        {"--save": save, "--log": log, "--figure": figure},
        **{"--data": settings.data, "--test": settings.test},
    )
    setup = set_up(settings)
    trainer = setup.trainer
    run(
        trainer,
        program=PROGRAM,
        details=setup.details(settings),
        early_stopping=settings.early_stopping,
        save=save,
        resume=None if model is None else setup.run_to_resume(model),
        log=log,
        threads=threads,
    )
    train_set = setup.splits.train
    units = (trainer.network.input_shape[0], *settings.units(), trainer.network.output_shape[0])
    network = f"{'-'.join(map(str, units))} network"
    result = training_result(trainer, data=train_set.name)
    if as_json:
        echo_json(result)
    else:
        click.echo(training_report(result, network=network, origin=setup.splits.origin))
    if figure is not None:
        from nn_core.cli.plots import draw_training

        title = f"{train_set.name}: {network}, {settings.optimizer}"
        draw_training(trainer.history, figure, title=title)
        info(f"wrote {figure}")
