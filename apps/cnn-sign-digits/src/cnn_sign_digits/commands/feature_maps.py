"""The command `feature-maps`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnn_sign_digits.inspect.layer_info import feature_map_layers, pick, short_name
from cnn_sign_digits.model import load_model, read_photo
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import MODEL, require_distinct
from nn_core.cli.terminal import info
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.plots import FigureFile


@click.command("feature-maps")
@click.argument("image", metavar="IMAGE", type=MODEL)
@model_option(required=False)
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    default=None,
    metavar="K",
    help="Plot all feature maps of the K-th activation or pooling layer.",
)
@figure_options("the feature maps", default="feature-maps.png")
def feature_maps(image: Path, model_path: Path | None, layer: int | None, figure: "FigureFile") -> None:
    """Plot the feature maps of a photo.

    Without --layer, plots up to 16 feature maps of each activation and pooling layer.

    \b
    Example: cnn-sign feature-maps photo.jpg --figure feature-maps.png
    """
    from cnn_sign_digits.inspect.feature_map_plots import plot_feature_maps

    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path})
    network = load_model(model_path).network
    photo = read_photo(image)
    layers = feature_map_layers(network)
    numbers = range(1, len(layers) + 1) if layers and layer is None else [layer or 1]
    chosen = [(k, pick(layers, k, "activation or pooling layer")) for k in numbers]
    outputs = network.activations(photo)
    rows = [(f"{k} {short_name(network.layers[i])}", outputs[i][0]) for k, i in chosen]
    title = f"{printable(image.name)} (network input)"
    plot_feature_maps(photo[0], rows, figure, title=title)
    info(f"wrote {figure}")
