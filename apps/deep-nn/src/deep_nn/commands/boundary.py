"""The command `boundary`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deep_nn.boundary_panels import Panel, draw_boundaries, require_plane
from deep_nn.datasets import RawExamples
from deep_nn.datasets.catalog import CATALOG
from deep_nn.model import Model, load_model
from deep_nn.options import DATA
from deep_nn.plots import draw_boundary
from deep_nn.setup import evaluation_data, splits_of
from nn_core.cli.completion import complete_names
from nn_core.cli.dataset import Dataset
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
@model_option(multiple=True)
@click.option(
    "--data",
    metavar="NAME|PATH",
    shell_complete=complete_names(CATALOG.names),
    show_default="the training and validation sets of the run",
    help=f"Points to plot: {DATA}.",
)
@figure_options("the boundary", default="boundary.png")
def boundary(model_path: tuple[Path, ...], data: str | None, figure: "FigureFile") -> None:
    """Plot the decision boundary of a two-input network.

    Several networks, each with its own --model, are plotted side by side.

    \b
    Example: deep-nn boundary --model moons.h5 --figure moons.png
    """
    for path in model_path:
        require_distinct({"--figure": figure}, **{"--model": path, "--data": data})
    models = [load_model(path) for path in model_path]
    for path, model in zip(model_path, models, strict=True):
        require_plane(model, "boundary", str(path))
        if model.classes != models[0].classes:
            raise DataError(f"{path} has other classes than {model_path[0]}; plot one of them at a time")
    parts = [_parts(model, data) for model in models]
    title = without_folders(name_of(Path(data or models[0].settings.data)))
    if len(models) == 1:
        draw_boundary(models[0], parts[0], figure, title=title)
    else:
        names = [path.stem for path in model_path]
        panels = [Panel(*each) for each in zip(names, models, parts, strict=True)]
        draw_boundaries(panels, figure, title=f"Decision boundaries of {len(models)} networks, {title}")
    info(f"wrote {figure}")


def _parts(model: Model, data: str | None) -> Mapping[str, Dataset[RawExamples]]:
    if data is not None:
        return {"": evaluation_data(model, data)}
    splits = splits_of(model)
    return {"training": splits.train} | ({} if splits.validation is None else {"validation": splits.validation})
