"""The command `evaluate`."""

from pathlib import Path
from typing import Any

import click

from deep_nn.model import load_model, loss_for
from deep_nn.options import DATA
from deep_nn.setup import evaluation_data
from nn_core.cli.class_report import class_metrics, class_report
from nn_core.cli.options import figure_option, model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import echo_json, info, json_option
from nn_core.metrics import accuracy


@click.command()
@model_option()
@click.option(
    "--data",
    metavar="NAME|PATH",
    show_default="the validation set of the run",
    help=f"Data set: {DATA}. Uses its test set, if it has one.",
)
@figure_option("the confusion matrix, or predicted against true values,")
@json_option
def evaluate(model_path: Path, data: str | None, figure: Path | None, as_json: bool) -> None:
    """Evaluate a network.

    Prints loss and accuracy beside that of always predicting the most frequent class, and precision, recall
    and F1 of each class.

    \b
    Example: deep-nn evaluate --model cats.h5 --data test_catvnoncat.h5
    """
    require_distinct({"--figure": figure}, **{"--model": model_path, "--data": data})
    model = load_model(model_path)
    dataset = evaluation_data(model, data)
    logits = model.logits(dataset.x, dataset.name)
    result: dict[str, Any] = {
        "accuracy": accuracy(logits, dataset.y),
        "loss": loss_for(model.classes)(logits, dataset.y)[0],
        "examples": len(dataset),
        "data": dataset.name,
        **class_metrics(logits, dataset.y, model.classes),
    }
    if as_json:
        echo_json(result)
    else:
        click.echo(class_report(result))
    if figure is not None:
        from nn_core.cli.confusion_plot import plot_confusion_matrix

        title = f"{dataset.name}: confusion matrix"
        plot_confusion_matrix(result["confusion"], model.classes, figure, title=title)
        info(f"wrote {figure}")
