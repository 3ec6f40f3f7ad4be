"""The command `evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deep_nn.datasets import RawExamples
from deep_nn.datasets.catalog import CATALOG
from deep_nn.model import Model, load_model, loss_for
from deep_nn.options import DATA
from deep_nn.setup import evaluation_data
from deep_nn.target_scale import TargetScale
from nn_core.cli.class_report import class_metrics, class_report
from nn_core.cli.completion import complete_names
from nn_core.cli.dataset import Dataset
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import echo, echo_json, info, json_option
from nn_core.metrics import accuracy
from nn_core.storage.files import printable, without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command()
@model_option()
@click.option(
    "--data",
    metavar="NAME|PATH",
    shell_complete=complete_names(CATALOG.names),
    show_default="the validation set of the run",
    help=f"Data set: {DATA}. Uses its test set, if it has one.",
)
@figure_options("the confusion matrix, or predicted against true values")
@json_option
def evaluate(model_path: Path, data: str | None, figure: "FigureFile | None", as_json: bool) -> None:
    """Evaluate a network.

    Prints loss, accuracy and the majority-class baseline, and precision, recall and F1 by class. For
    regression: RMSE, MAE and R2, and those of always predicting the training mean.

    \b
    Example: deep-nn evaluate --model cats.h5 --data test_catvnoncat.h5
    """
    require_distinct({"--figure": figure}, **{"--model": model_path, "--data": data})
    model = load_model(model_path)
    dataset = evaluation_data(model, data)
    if model.target is not None:
        _evaluate_regression(model, model.target, dataset, figure, as_json=as_json)
        return
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
        echo(class_report(result))
    if figure is not None:
        from nn_core.cli.confusion_plot import plot_confusion_matrix

        plot_confusion_matrix(result["confusion"], model.classes, figure, data=without_folders(dataset.name))
        info(f"wrote {figure}")


def _evaluate_regression(
    model: Model, target: TargetScale, dataset: Dataset[RawExamples], figure: "FigureFile | None", *, as_json: bool
) -> None:
    from nn_core.cli.regression_report import r2_text, regression_metrics, regression_table, significant

    values = model.values(dataset.x, dataset.name)
    standardized = (target.standardize(each, dataset.name) for each in (values, dataset.y))
    result: dict[str, Any] = {
        "loss": loss_for(())(*standardized)[0],
        "examples": len(dataset),
        "data": dataset.name,
        "target": target.to_dict(),
        **regression_metrics(values, dataset.y, target.mean),
    }
    if as_json:
        echo_json(result)
    else:
        lines = regression_table(result, {"": "model"}, mean=target.mean)
        echo("\n".join([f"{dataset.name}, target: {printable(target.name)}", *lines]))
    if figure is not None:
        from deep_nn.prediction_plot import plot_predictions

        error, explained = result["root_mean_squared_error"], result["r2"]
        title = f"Predictions, {without_folders(dataset.name)}: RMSE {significant(error)}, R2 {r2_text(explained)}"
        plot_predictions(values, dataset.y, target.name, figure, title=title)
        info(f"wrote {figure}")
