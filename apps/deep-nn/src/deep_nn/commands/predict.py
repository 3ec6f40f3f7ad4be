"""The command `predict`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from deep_nn.datasets.files import read_for_prediction
from deep_nn.model import Model, load_model
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo_json, json_option
from nn_core.summary import table


@click.command()
@model_option()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def predict(model_path: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Predict the class of images or CSV rows.

    Images are resized to the size of the training images. A CSV file has the columns of the
    training data; an extra last column of labels is ignored.

    \b
    Example: deep-nn predict --model cats.h5 photo.jpg
    """
    model = load_model(model_path)
    predictions = [prediction for file in files for prediction in _predictions(model, file)]
    if as_json:
        echo_json(predictions)
        return
    rows = [
        (
            found["file"] if found["row"] is None else f"{found['file']} row {found['row']}",
            found["class"],
            f"{found['probability']:.1%}",
        )
        for found in predictions
    ]
    click.echo(table(rows))


def _predictions(model: Model, path: Path) -> list[dict[str, Any]]:
    """One prediction for an image, one per row for a CSV file."""
    found = read_for_prediction(path, model.preprocessing.shape, model.table)
    numbers = [None] * len(found.x) if found.numbers is None else found.numbers.tolist()
    return [
        {
            "file": str(path),
            "row": row,
            "class": model.classes[int(np.argmax(p))],
            "probability": float(p.max()),
            "probabilities": dict(zip(model.classes, p.tolist(), strict=True)),
        }
        for row, p in zip(numbers, model.probabilities(found.x, str(path)), strict=True)
    ]
