"""The command `filters`."""

from pathlib import Path

import click

from cnn_sign_digits.inspect.layer_info import convolutions, pick, short_name
from cnn_sign_digits.model import load_model
from cnn_sign_digits.options import model_option
from nn_core.cli.app import info
from nn_core.cli.param_types import FIGURE, require_distinct


@click.command()
@model_option
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    default=1,
    metavar="K",
    help="Plot the K-th convolution.",
)
@click.option("--figure", type=FIGURE, default="filters.png", help="File to write.")
def filters(model_path: Path, layer: int, figure: Path) -> None:
    """Plot the filters of a convolution.

    Those of the first are shown in color, since their input channels are red, green and blue; for
    the others, there is a row per filter with an image per input channel.

    \b
    Example: cnn-sign filters --layer 2 --figure filters.png
    """
    from cnn_sign_digits.inspect.filter_plots import plot_filters, plot_rgb_filters

    require_distinct({"--figure": figure}, **{"--model": model_path})
    network = load_model(model_path).network
    i = pick(convolutions(network), layer, "convolution")
    W = network.parameter_views[i]["W"]
    plot = plot_rgb_filters if layer == 1 and W.shape[2] == 3 else plot_filters
    plot(W, figure, title=f"convolution {layer}, {short_name(network.layers[i])}")
    info(f"wrote {figure}")
