"""The command `predict`."""

from pathlib import Path

import click
import numpy as np

from cnn_sign_digits.model import load_model, read_photo
from nn_core.cli.options import model_option
from nn_core.cli.param_types import MODEL
from nn_core.cli.terminal import echo_json, json_option
from nn_core.storage.files import printable
from nn_core.summary import table

TOP = 3
"""Number of top classes shown."""


@click.command()
@click.argument("files", metavar="IMAGE...", nargs=-1, required=True, type=MODEL)
@model_option(required=False)
@json_option
def predict(files: tuple[Path, ...], model_path: Path | None, as_json: bool) -> None:
    """Predict the signs in photos.

    Prints the top three classes of each photo. Photos of any size are center-cropped to a square
    and resized.

    \b
    Example: cnn-sign predict photo.jpg
    """
    model = load_model(model_path)
    photos = [read_photo(file) for file in files]
    predictions = model.probabilities(np.concatenate(photos))
    order = np.argsort(-predictions, axis=1, kind="stable")[:, :TOP]
    if as_json:
        echo_json(
            [
                {
                    "file": str(file),
                    "class": model.classes[top[0]],
                    "probability": float(p[top[0]]),
                    "top": [{"class": model.classes[i], "probability": float(p[i])} for i in top],
                    "probabilities": dict(zip(model.classes, p.tolist(), strict=True)),
                }
                for file, p, top in zip(files, predictions, order, strict=True)
            ]
        )
        return
    rows = [
        (printable(file), *(f"{model.classes[i]} {p[i]:6.1%}" for i in top))
        for file, p, top in zip(files, predictions, order, strict=True)
    ]
    click.echo(table(rows))
