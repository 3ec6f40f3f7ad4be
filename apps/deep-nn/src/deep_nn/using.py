"""The commands that use a trained network: `evaluate`, `predict`, `summary`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from deep_nn.data import load_for_evaluation, read_for_prediction
from deep_nn.dataset import Dataset
from deep_nn.model import Model, load_model, loss_for, splits_of, streams
from nn_core.cli.app import echo_json, json_option
from nn_core.cli.param_types import MODEL
from nn_core.metrics import accuracy
from nn_core.summary import table


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@click.option(
    "--data",
    metavar="NAME|PATH",
    help="Another set, or file; its test part if it has one. By default what the training "
    "held back.",
)
@json_option
def evaluate(model_path: Path, data: str | None, as_json: bool) -> None:
    """Measure the accuracy and the loss of a trained network.

    \b
    Example: deep-nn evaluate cats.h5 --data test_catvnoncat.h5
    """
    model = load_model(model_path)
    dataset, source = evaluation_data(model, data)
    logits = model.logits(dataset.x, source)
    result: dict[str, Any] = {
        "accuracy": accuracy(logits, dataset.y),
        "loss": loss_for(model.classes)(logits, dataset.y)[0],
        "examples": len(dataset),
        "data": source,
    }
    if as_json:
        echo_json(result)
    else:
        click.echo(
            f"{source}: {result['examples']:,} examples, accuracy {result['accuracy']:.2%}, "
            f"loss {result['loss']:.4g}"
        )


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@click.argument("files", nargs=-1, required=True, type=MODEL)
@json_option
def predict(model_path: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Say what pictures, or the rows of CSV files, are.

    Pictures of any size are resized to what the network was trained on. A CSV file has the
    columns that it was trained on; a label in one column more is ignored.

    \b
    Example: deep-nn predict cats.h5 photo.jpg
    """
    model = load_model(model_path)
    answers = [answer for file in files for answer in _answers(model, file)]
    if as_json:
        echo_json(answers)
        return
    rows = [
        (
            answer["file"] if answer["row"] is None else f"{answer['file']} row {answer['row']}",
            answer["class"],
            f"{answer['probability']:.1%}",
        )
        for answer in answers
    ]
    click.echo(table(rows))


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@json_option
def summary(model_path: Path, as_json: bool) -> None:
    """Show the layers of a trained network, and how it was trained.

    \b
    Example: deep-nn summary cats.h5
    """
    model = load_model(model_path)
    ledger = model.network.summary()
    settings = model.settings.to_dict()
    if as_json:
        result = {"classes": model.classes, "settings": settings, "network": ledger.to_dict()}
        echo_json(result)
        return
    click.echo(ledger)
    click.echo(f"\nclasses: {', '.join(model.classes)}")
    for name, value in settings.items():
        if value is not None:
            click.echo(f"{name.replace('_', '-')}: {value}")


def evaluation_data(model: Model, data: str | None) -> tuple[Dataset, str]:
    """What to judge a model by, and where it comes from: `data`, or what training held back."""
    if data is not None:
        return load_for_evaluation(data, model.classes, rng=streams(model.settings.seed)[3])
    validation = splits_of(model).validation
    return validation, validation.name


def _answers(model: Model, path: Path) -> list[dict[str, Any]]:
    """One for a picture, one for each row of a CSV file."""
    x = read_for_prediction(path, model.preprocessing.shape)
    return [
        {
            "file": str(path),
            "row": row if x.ndim == 2 else None,
            "class": model.classes[int(np.argmax(p))],
            "probability": float(p.max()),
            "probabilities": dict(zip(model.classes, p.tolist(), strict=True)),
        }
        for row, p in enumerate(model.probabilities(x, str(path)), start=1)
    ]


COMMANDS = {"evaluate": evaluate, "predict": predict, "summary": summary}
