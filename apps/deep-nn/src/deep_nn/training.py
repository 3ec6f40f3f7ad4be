"""The command `train`."""

from pathlib import Path
from typing import Any

import click

from deep_nn.arguments import network_options
from deep_nn.model import PROGRAM, NetworkSettings, Prepared, load_model, prepare, run_to_resume
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
    """Train a network and say how well it does.

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
    splits, widths = prepared.splits, "-".join(map(str, _widths(prepared)))
    result = training_result(prepared.trainer, data=splits.train.name)
    if as_json:
        echo_json(result)
    else:
        click.echo(training_report(result, network=f"{widths} network", origin=splits.origin))
    if figure is not None:
        from nn_core.cli.plots import draw_training

        title = f"{splits.train.name}: {widths} network, {settings.optimizer}"
        draw_training(prepared.trainer.history, figure, title=title)
        info(f"wrote {figure}")


def _widths(prepared: Prepared) -> list[int]:
    network = prepared.trainer.network
    views = [views for views in network.parameter_views if "W" in views]
    return [network.input_shape[0], *(view["W"].shape[1] for view in views)]


COMMANDS = {"train": train}
