"""The command `filters`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnn_sign_digits.inspect.layer_info import convolutions, pick
from cnn_sign_digits.model import load_model
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import require_distinct
from nn_core.cli.terminal import info

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command()
@model_option(required=False)
@click.option("--layer", type=click.IntRange(min=1), default=1, metavar="K", help="Plot the K-th convolution.")
@click.option(
    "--filter",
    "number",
    type=click.IntRange(min=1),
    metavar="K",
    help="Plot only the K-th filter, large, with its weights.",
)
@figure_options("the filters", default="filters.png")
def filters(model_path: Path | None, layer: int, number: int | None, figure: "FigureFile") -> None:
    """Plot the filters of a convolution.

    Each filter is a row of maps, one per input channel: red, green and blue for the first convolution.

    \b
    Example: cnn-sign filters --layer 2 --figure filters.png
    """
    from cnn_sign_digits.inspect.filter_plots import plot_filter, plot_filters

    require_distinct({"--figure": figure}, **{"--model": model_path})
    network = load_model(model_path).network
    i = pick(convolutions(network), layer, "convolution")
    W = network.params[f"{i}/W"]
    where = f"convolution {layer}, {{}} x {{}}".format(*W.shape[:2])
    if number is None:
        plot_filters(W, figure, title=f"Weights of {where}")
    else:
        f = pick(range(W.shape[3]), number, "filter")
        plot_filter(W[..., f], figure, title=f"Weights of filter {number} of {where}")
    info(f"wrote {figure}")
