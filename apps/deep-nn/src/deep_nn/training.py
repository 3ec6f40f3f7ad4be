"""The command `train`."""

from pathlib import Path
from typing import Any

import click

from deep_nn.arguments import network_options
from deep_nn.model import PROGRAM, NetworkSettings, Prepared, load_model, prepare, run_to_resume
from nn_core.lab.options import json_option, output_options, recipe_options
from nn_core.lab.parameters import require_distinct
from nn_core.lab.program import echo_json, remark
from nn_core.lab.runs import run
from nn_core.lab.settings import resumed_settings
from nn_core.ledger import table


@click.command()
@network_options()
@recipe_options(optimizer="adam", epochs=100)
@output_options
@json_option
@click.pass_context
def train(
    ctx: click.Context,
    /,
    save: Path | None,
    resume: Path | None,
    log: Path | None,
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
    )
    result = _result(prepared)
    if as_json:
        echo_json(result)
    else:
        click.echo(_report(prepared, result))
    if figure is not None:
        from nn_core.lab.figures import draw_training

        network = "-".join(map(str, _widths(prepared)))
        title = f"{prepared.splits.train.name}: {network} network, {settings.optimizer}"
        draw_training(prepared.trainer.history, figure, title=title)
        remark(f"wrote {figure}")


def _result(prepared: Prepared) -> dict[str, Any]:
    trainer, splits = prepared.trainer, prepared.splits
    parts = {"training": trainer.examples, "validation": trainer.validation}
    measured = {name: trainer.measure(*part) for name, part in parts.items() if part is not None}
    return {
        "data": splits.train.name,
        "examples": {"training": len(splits.train), "validation": len(splits.validation)},
        "parameters": trainer.network.parameters.size,
        "epochs": trainer.epoch,
        "steps": trainer.step_count,
        "seconds": trainer.seconds,
        "stopped": trainer.stopped,
        **{
            f"{name}_{figure}": value
            for name, figures in measured.items()
            for figure, value in figures.items()
        },
    }


def _report(prepared: Prepared, result: dict[str, Any]) -> str:
    rows = [("", "examples", "loss", "accuracy")]
    rows += [
        (
            part,
            f"{result['examples'][part]:,}",
            f"{result[f'{part}_loss']:.4g}",
            f"{result[f'{part}_accuracy']:.2%}",
        )
        for part in ("training", "validation")
    ]
    widths = "-".join(map(str, _widths(prepared)))
    lines = [
        f"{result['data']}; validation: {prepared.splits.origin}",
        f"{widths} network, {result['parameters']:,} parameters",
        f"{result['epochs']:,} epochs, {result['steps']:,} steps in {result['seconds']:.2f} s",
    ]
    if result["stopped"]:
        lines.append(f"stopped early: {result['stopped']}")
    return "\n".join([*lines, table(rows)])


def _widths(prepared: Prepared) -> list[int]:
    network = prepared.trainer.network
    views = [views for views in network.parameter_views if "W" in views]
    return [network.input_shape[0], *(view["W"].shape[1] for view in views)]
