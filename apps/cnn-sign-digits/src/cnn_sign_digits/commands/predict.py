"""The commands that need a network and no data: `predict` and `export`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from cnn_sign_digits.dataset import SIZE
from cnn_sign_digits.model import PROGRAM, load_model
from nn_core.cli.app import echo_json, json_option
from nn_core.cli.export import export_command
from nn_core.cli.images import read_image
from nn_core.cli.param_types import MODEL
from nn_core.storage.files import printable
from nn_core.summary import table

LIKELIEST = 3
"""Classes that `predict` names."""

model_argument = click.argument("model_path", metavar="[MODEL]", type=MODEL, required=False)
model_option = click.option(
    "--model",
    "model_path",
    metavar="MODEL",
    type=MODEL,
    help="A checkpoint of train; by default the weights that come with the program.",
)


@click.command()
@click.argument("files", metavar="IMAGE...", nargs=-1, required=True, type=MODEL)
@model_option
@json_option
def predict(files: tuple[Path, ...], model_path: Path | None, as_json: bool) -> None:
    """Say which signs photos show: the three likeliest classes of each.

    A photo of any size is cut to a square and resized.

    \b
    Example: cnn-sign predict photo.jpg
    """
    model = load_model(model_path)
    photos = [read_photo(file) for file in files]
    answers = model.probabilities(np.concatenate(photos))
    order = np.argsort(-answers, axis=1, kind="stable")[:, :LIKELIEST]
    if as_json:
        echo_json(
            [
                {
                    "file": str(file),
                    "class": model.classes[likeliest[0]],
                    "probability": float(p[likeliest[0]]),
                    "top": [
                        {"class": model.classes[i], "probability": float(p[i])} for i in likeliest
                    ],
                    "probabilities": dict(zip(model.classes, p.tolist(), strict=True)),
                }
                for file, p, likeliest in zip(files, answers, order, strict=True)
            ]
        )
        return
    rows = [
        (printable(file), *(f"{model.classes[i]} {p[i]:6.1%}" for i in likeliest))
        for file, p, likeliest in zip(files, answers, order, strict=True)
    ]
    click.echo(table(rows))


def read_photo(path: Path) -> Any:
    """A photo as networks take it, a batch of one: (1, 64, 64, 3) bytes.

    Raises DataError if the file is no picture.
    """
    return read_image(path, (SIZE, SIZE, 3), crop=True)


COMMANDS = {"predict": predict, "export": export_command(PROGRAM)}
