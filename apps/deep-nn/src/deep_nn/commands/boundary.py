"""The command `boundary`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deep_nn.datasets.catalog import CATALOG
from deep_nn.model import load_model
from deep_nn.options import DATA
from deep_nn.plots import draw_boundary
from deep_nn.setup import evaluation_data, splits_of
from nn_core.cli.completion import complete_names
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.standard_input import name_of
from nn_core.cli.terminal import info
from nn_core.errors import DataError
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command()
@model_option()
@click.option(
    "--data",
    metavar="NAME|PATH",
    shell_complete=complete_names(CATALOG.names),
    show_default="the training and validation sets of the run",
    help=f"Points to plot: {DATA}.",
)
@figure_options("the boundary", default="boundary.png")
def boundary(model_path: Path, data: str | None, figure: "FigureFile") -> None:
    """Plot the decision boundary of a two-input network.

    \b
    Example: deep-nn boundary --model moons.h5 --figure moons.png
    """
    require_distinct({"--figure": figure}, **{"--model": model_path, "--data": data})
    model = load_model(model_path)
    if model.target is not None:
        raise DataError(f"boundary needs a network that predicts classes; {model_path} predicts a number")
    if model.preprocessing.shape != (2,) or not model.preprocessing.is_plain:
        raise DataError(f"boundary needs a network with two numeric inputs; {model_path} has others")
    if data is not None:
        parts = {"": evaluation_data(model, data)}
    else:
        splits = splits_of(model)
        parts = {"training": splits.train}
        if splits.validation is not None:
            parts["validation"] = splits.validation
    draw_boundary(model, parts, figure, title=without_folders(name_of(Path(data or model.settings.data))))
    info(f"wrote {figure}")
