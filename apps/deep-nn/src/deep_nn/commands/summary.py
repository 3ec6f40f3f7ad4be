"""The command `summary`."""

from pathlib import Path

import click

from deep_nn.model import load_model
from deep_nn.regression import target_line
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo_json, json_option
from nn_core.engine.plan import Plan
from nn_core.storage.files import first_few
from nn_core.summary import summarize

MAX_COLUMNS = 20


@click.command()
@model_option()
@json_option
def summary(model_path: Path, as_json: bool) -> None:
    """Show a network's layers and training settings.

    \b
    Example: deep-nn summary --model cats.h5
    """
    model = load_model(model_path)
    fused = "; ".join(Plan.of(model.network, "inference").describe())
    layers = summarize(model.network, notes=[f"fused in prediction: {fused or 'none'}"])
    settings = model.settings.to_dict()
    if as_json:
        target = None if model.target is None else model.target.to_dict()
        columns = None if model.columns is None else model.columns.to_dict()
        result = {
            "classes": model.classes,
            "target": target,
            "columns": columns,
            "settings": settings,
            "network": layers.to_dict(),
        }
        echo_json(result)
        return
    click.echo(layers)
    if model.target is not None:
        click.echo(f"\n{target_line(model.target.to_dict())}")
    else:
        click.echo(f"\nclasses: {', '.join(model.classes)}")
    if model.columns is not None:
        labels = [feature.label for feature in model.columns.features]
        click.echo(f"predicts {model.columns.title} from: {first_few(labels, MAX_COLUMNS)}")
    for name, value in settings.items():
        if value is not None:
            click.echo(f"{name.replace('_', '-')}: {value}")
