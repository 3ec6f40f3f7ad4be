"""The command `filters`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnn_sign_digits.inspect.layer_info import convolutions, pick, short_name
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
@figure_options("the filters", default="filters.png")
def filters(model_path: Path | None, layer: int, figure: "FigureFile") -> None:
    """Plot the filters of a convolution.

    Filters of the first convolution are shown in color, since their input channels are red, green
    and blue; for the others, each row is a filter, with one image per input channel.

    \b
    Example: cnn-sign filters --layer 2 --figure filters.png
    """
    from cnn_sign_digits.inspect.filter_plots import plot_filters, plot_rgb_filters

    require_distinct({"--figure": figure}, **{"--model": model_path})
    network = load_model(model_path).network
    i = pick(convolutions(network), layer, "convolution")
    W = network.params[f"{i}/W"]
    plot = plot_rgb_filters if layer == 1 and W.shape[2] == 3 else plot_filters
    plot(W, figure, title=f"convolution {layer}, {short_name(network.layers[i])}")
    info(f"wrote {figure}")
