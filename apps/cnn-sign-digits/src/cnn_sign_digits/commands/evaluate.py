"""The command `evaluate`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from cnn_sign_digits.datasets.catalog import CATALOG, is_generated, read_path
from cnn_sign_digits.datasets.outputs import require_outside
from cnn_sign_digits.datasets.photos import Photos
from cnn_sign_digits.model import Model, load_model
from cnn_sign_digits.settings import settings_of, spawn_rngs
from cnn_sign_digits.setup import splits_of
from nn_core.arrays import Array, Labels
from nn_core.calibration import expected_calibration_error
from nn_core.cli.class_report import class_metrics, class_report
from nn_core.cli.completion import complete_names
from nn_core.cli.dataset import Dataset
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import echo, echo_json, info, json_option
from nn_core.losses import softmax_cross_entropy
from nn_core.metrics import accuracy
from nn_core.registry import require
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command()
@model_option(required=False)
@click.option(
    "--data",
    metavar="NAME|PATH",
    shell_complete=complete_names(CATALOG.names),
    help="Photos to evaluate on, as for train; uses their test set, if any.  [default: "
    "the validation set of the run; without --model, synthetic hands]",
)
@click.option(
    "--group",
    metavar="REGEX|CSV",
    help="Subject of each photo of a folder, as for train, for the accuracy by subject. A checkpoint's own "
    "expression is never run.",
)
@figure_options("the confusion matrix", mistakes="misclassified photos, most confident first")
@json_option
def evaluate(
    model_path: Path | None,
    data: str | None,
    group: str | None,
    figure: "FigureFile | None",
    mistakes: "FigureFile | None",
    as_json: bool,
) -> None:
    """Evaluate a trained classifier.

    Prints loss, accuracy and the majority-class baseline, precision, recall and F1 by class, and the
    calibration error.

    \b
    Example: cnn-sign evaluate --data digits --figure confusion.png --mistakes mistakes.png
    """
    figures = {"--figure": figure, "--mistakes": mistakes}
    require_distinct(figures, **{"--model": model_path, "--data": data})
    require_outside(figures, **{"--data": data})
    model = load_model(model_path)
    if data is None and model_path is None:
        data = "synthetic:count=500"
    dataset = _dataset(model, data, group)
    log_p = model.log_probabilities(dataset.x)
    result: dict[str, Any] = {
        "accuracy": accuracy(log_p, dataset.y),
        "loss": softmax_cross_entropy(log_p, dataset.y)[0],
        "examples": len(dataset),
        "data": dataset.name,
        **class_metrics(log_p, dataset.y, model.classes),
    }
    if group is not None and dataset.groups is not None:
        result["subjects"] = subject_metrics(log_p, dataset.y, dataset.groups)
    if model.calibration is not None:
        result["calibration"] = _calibration_metrics(model, dataset, np.exp(log_p))
    if as_json:
        echo_json(result)
    else:
        echo(class_report(result, examples="photos"))
        if "subjects" in result:
            echo(_subject_report(result["subjects"]))
        if model.calibration is not None:
            echo(_calibration_report(result["calibration"]))
    if figure is not None:
        from nn_core.cli.confusion_plot import plot_confusion_matrix

        plot_confusion_matrix(result["confusion"], model.classes, figure, data=without_folders(dataset.name))
        info(f"wrote {figure}")
    if mistakes is not None:
        _plot_mistakes(model, dataset, np.exp(log_p), mistakes)


def _dataset(model: Model, data: str | None, group: str | None) -> Dataset[Photos]:
    if data is None:
        return splits_of(model, group).held_out
    require(group is None or not is_generated(data), f"--group needs a folder of photos, not {data}")
    rng = spawn_rngs(settings_of(model).seed).evaluation
    read = partial(read_path, group=group, test_group=group)
    return CATALOG.load_for_evaluation(data, model.classes, rng=rng, read=read)


def subject_metrics(log_p: Array, y: Labels, subjects: Labels) -> dict[str, float]:
    """The number of subjects, and the mean and the lowest accuracy of one."""
    _, index = np.unique(subjects, return_inverse=True)
    right = np.bincount(index, weights=log_p.argmax(axis=1) == y) / np.bincount(index)
    return {"count": len(right), "accuracy": float(right.mean()), "lowest_accuracy": float(right.min())}


def _subject_report(metrics: Mapping[str, float]) -> str:
    return (
        f"by subject ({metrics['count']:,}): mean accuracy {metrics['accuracy']:.2%},"
        f" lowest {metrics['lowest_accuracy']:.2%}"
    )


def _calibration_metrics(model: Model, dataset: Dataset[Photos], p: Array) -> dict[str, Any]:
    """The calibration error before and after, and what the threshold rejects.

    p  the probabilities of the network, not calibrated
    """
    assessed = model.assess(dataset.x)
    accepted = ~assessed.rejected
    right = assessed.probabilities.argmax(axis=1) == dataset.y
    return {
        "expected_calibration_error": {
            "before": expected_calibration_error(p, dataset.y),
            "after": expected_calibration_error(assessed.probabilities, dataset.y),
        },
        "rejected": float(assessed.rejected.mean()),
        "accuracy_of_accepted": float(right[accepted].mean()) if accepted.any() else None,
    }


def _calibration_report(metrics: Mapping[str, Any]) -> str:
    error, accepted = metrics["expected_calibration_error"], metrics["accuracy_of_accepted"]
    others = "" if accepted is None or metrics["rejected"] == 0 else f", accuracy of the others {accepted:.2%}"
    return (
        f"calibration error {error['before']:.1%} before, {error['after']:.1%} after;"
        f" unlike anything trained on: {metrics['rejected']:.1%}{others}"
    )


def _plot_mistakes(model: Model, dataset: Dataset[Photos], p: Array, path: "FigureFile | Path") -> None:
    from cnn_sign_digits.plots import MAX_MISTAKES, plot_mistakes

    predicted = p.argmax(axis=1)
    wrong = np.flatnonzero(predicted != dataset.y)
    if len(wrong) == 0:
        info(f"no mistakes to plot; {path} was not written")
        return
    order = np.argsort(-p[wrong, predicted[wrong]], kind="stable")
    shown = wrong[order][:MAX_MISTAKES]
    names = model.classes
    plot_mistakes(
        dataset.subset(shown, dataset.name).x[:],
        [(names[dataset.y[i]], names[predicted[i]], float(p[i, predicted[i]])) for i in shown],
        path,
        data=without_folders(dataset.name),
        counts=(len(wrong), len(dataset)),
    )
    info(f"wrote {path}")
