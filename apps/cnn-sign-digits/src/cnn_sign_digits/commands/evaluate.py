"""The command `evaluate`."""

import math
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from cnn_sign_digits.data import load_for_evaluation, require_outside
from cnn_sign_digits.dataset import Dataset
from cnn_sign_digits.model import Model, load_model
from cnn_sign_digits.preparing import splits_of
from cnn_sign_digits.settings import settings_of, streams
from cnn_sign_digits.using import model_argument
from nn_core.arrays import Array
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.param_types import FIGURE, require_distinct
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import accuracy, confusion_matrix, precision_and_recall, probabilities
from nn_core.summary import table


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
    require_outside({"--figure": figure, "--mistakes": mistakes}, **{"--data": data})
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
        info(f"wrote {figure}")
    if mistakes is not None:
        _show_mistakes(model, dataset, probabilities(logits), mistakes)


def evaluation_data(model: Model, data: str | None) -> Dataset:
    """What to judge a model by: `data`, or what its training held back."""
    if data is not None:
        return load_for_evaluation(data, model.classes, rng=streams(settings_of(model).seed)[3])
    return splits_of(model).validation


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
        info(f"no mistakes, and so nothing to draw: {path} was not written")
        return
    surest = wrong[np.argsort(-answers[wrong, told[wrong]], kind="stable")][:MISTAKES]
    captions = [
        f"{model.classes[dataset.y[i]]} as {model.classes[told[i]]}, {answers[i, told[i]]:.0%}"
        for i in surest
    ]
    title = f"{dataset.name}: {len(wrong):,} of {len(dataset):,} wrong, the surest first"
    draw_photos(dataset.subset(surest, dataset.name).x[:], captions, path, title=title)
    info(f"wrote {path}")


COMMANDS = {"evaluate": evaluate}
