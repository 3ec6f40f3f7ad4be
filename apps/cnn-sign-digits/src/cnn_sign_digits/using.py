"""The commands that use a trained network: `evaluate`, `predict`, `export`."""

import math
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from cnn_sign_digits.data import SIZE, load_for_evaluation
from cnn_sign_digits.dataset import Dataset
from cnn_sign_digits.model import PROGRAM, Model, load_model, splits_of, streams
from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.lab.options import json_option
from nn_core.lab.parameters import FIGURE, MODEL, OutputFile, require_distinct
from nn_core.lab.pictures import read_image
from nn_core.lab.program import echo_json, remark
from nn_core.ledger import table
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import accuracy, confusion_matrix, precision_and_recall, probabilities

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
@model_argument
@click.option(
    "--data",
    metavar="NAME|PATH",
    help="What to judge by; its test part if it has one. By default what the training of MODEL "
    "held back, and drawn hands without MODEL.",
)
@click.option("--figure", type=FIGURE, help="Draw which class is taken for which.")
@click.option("--mistakes", type=FIGURE, help="Show the photos that are wrong, the surest first.")
@json_option
def evaluate(
    model_path: Path | None,
    data: str | None,
    figure: Path | None,
    mistakes: Path | None,
    as_json: bool,
) -> None:
    """Measure how well a trained network tells signs.

    MODEL is a checkpoint of train; without it, the weights that come with the program.

    \b
    Example: cnn-sign evaluate --data digits --figure confusion.png --mistakes mistakes.png
    """
    require_distinct(
        {"--figure": figure, "--mistakes": mistakes}, MODEL=model_path, **{"--data": data}
    )
    model = load_model(model_path)
    if data is None and model_path is None:
        data = "synthetic:count=500"
    dataset = evaluation_data(model, data)
    logits = model.logits(dataset.x)
    confusion = confusion_matrix(logits.argmax(axis=1), dataset.y, len(model.classes))
    result: dict[str, Any] = {
        "accuracy": accuracy(logits, dataset.y),
        "loss": softmax_cross_entropy(logits, dataset.y)[0],
        "examples": len(dataset),
        "data": dataset.name,
        "classes": _by_class(confusion, model.classes),
        "confusion": confusion.tolist(),
    }
    if as_json:
        echo_json(result)
    else:
        click.echo(_report(result))
    if figure is not None:
        from cnn_sign_digits.charts import draw_confusion

        draw_confusion(confusion, model.classes, figure, title=f"{dataset.name}: true and told")
        remark(f"wrote {figure}")
    if mistakes is not None:
        _show_mistakes(model, dataset, probabilities(logits), mistakes)


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
        (str(file), *(f"{model.classes[i]} {p[i]:6.1%}" for i in likeliest))
        for file, p, likeliest in zip(files, answers, order, strict=True)
    ]
    click.echo(table(rows))


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@click.argument("out", metavar="OUT.h5", type=OutputFile(".h5", ".hdf5"))
def export(model_path: Path, out: Path) -> None:
    """Write a network without the run that trained it: a third of the size or less.

    \b
    Example: cnn-sign export digits.h5 small.h5
    """
    require_distinct({"OUT.h5": out}, MODEL=model_path)
    model = load_model(model_path)
    checkpoint.save(out, model.network, program=PROGRAM, details=model.details())
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {model_path.stat().st_size:,}")


def evaluation_data(model: Model, data: str | None) -> Dataset:
    """What to judge a model by: `data`, or what its training held back."""
    if data is not None:
        return load_for_evaluation(data, model.classes, rng=streams(model.settings.seed)[3])
    return splits_of(model).validation


def read_photo(path: Path) -> Any:
    """A photo as networks take it, a batch of one: (1, 64, 64, 3) bytes.

    Raises DataError if the file is no picture.
    """
    return read_image(path, (SIZE, SIZE, 3), crop=True)


def _by_class(
    confusion: npt.NDArray[np.int64], classes: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """Photos, precision and recall; None where a class was never told, or is not there."""
    figures = zip(confusion.sum(axis=1), *precision_and_recall(confusion), strict=True)
    return {
        name: {
            "examples": int(there),
            "precision": None if math.isnan(precision) else float(precision),
            "recall": None if math.isnan(recall) else float(recall),
        }
        for name, (there, precision, recall) in zip(classes, figures, strict=True)
    }


def _report(result: dict[str, Any]) -> str:
    rows = [("class", "photos", "precision", "recall")]
    rows += [
        (
            name,
            f"{of['examples']:,}",
            *("" if of[key] is None else f"{of[key]:.1%}" for key in ("precision", "recall")),
        )
        for name, of in result["classes"].items()
    ]
    return (
        f"{result['data']}: {result['examples']:,} photos, accuracy {result['accuracy']:.2%}, "
        f"loss {result['loss']:.4g}\n{table(rows)}"
    )


def _show_mistakes(model: Model, dataset: Dataset, answers: Array, path: Path) -> None:
    from cnn_sign_digits.charts import MISTAKES, draw_photos

    told = answers.argmax(axis=1)
    wrong = np.flatnonzero(told != dataset.y)
    if len(wrong) == 0:
        remark(f"no mistakes, and so nothing to draw: {path} was not written")
        return
    surest = wrong[np.argsort(-answers[wrong, told[wrong]], kind="stable")][:MISTAKES]
    captions = [
        f"{model.classes[dataset.y[i]]} as {model.classes[told[i]]}, {answers[i, told[i]]:.0%}"
        for i in surest
    ]
    title = f"{dataset.name}: {len(wrong):,} of {len(dataset):,} wrong, the surest first"
    draw_photos(dataset.subset(surest, dataset.name).x[:], captions, path, title=title)
    remark(f"wrote {path}")
