"""The command `evaluate`."""

from pathlib import Path
from typing import Any

import click

from deep_nn.model import load_model, loss_for
from deep_nn.options import DATA
from deep_nn.setup import evaluation_data
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo_json, json_option
from nn_core.metrics import accuracy


@click.command()
@model_option()
@click.option(
    "--data",
    metavar="NAME|PATH",
    show_default="the validation set of the run",
    help=f"Data set: {DATA}. Uses its test set, if it has one.",
)
@json_option
def evaluate(model_path: Path, data: str | None, as_json: bool) -> None:
    """Evaluate the accuracy and loss of a network.

    \b
    Example: deep-nn evaluate --model cats.h5 --data test_catvnoncat.h5
    """
    model = load_model(model_path)
    dataset = evaluation_data(model, data)
    logits = model.logits(dataset.x, dataset.name)
    result: dict[str, Any] = {
        "accuracy": accuracy(logits, dataset.y),
        "loss": loss_for(model.classes)(logits, dataset.y)[0],
        "examples": len(dataset),
        "data": dataset.name,
    }
    if as_json:
        echo_json(result)
    else:
        click.echo(
            f"{dataset.name}: {result['examples']:,} examples, accuracy {result['accuracy']:.2%}, "
            f"loss {result['loss']:.4g}"
        )
