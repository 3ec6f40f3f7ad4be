"""The command `feature-maps`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import numpy.typing as npt

from cnn_sign_digits.datasets.catalog import CATALOG, is_generated
from cnn_sign_digits.datasets.outputs import require_outside
from cnn_sign_digits.inspect.layer_info import convolution_outputs, convolutions, feature_map_layers, pick, short_name
from cnn_sign_digits.model import Model, load_model, read_photo
from nn_core.arrays import Array
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import MODEL, require_distinct
from nn_core.cli.standard_input import name_of
from nn_core.cli.terminal import info
from nn_core.errors import DataError
from nn_core.network import Network
from nn_core.overflow import checked_overflow, require_finite
from nn_core.storage.files import without_folders

if TYPE_CHECKING:
    from cnn_sign_digits.inspect.filter_response_plot import FilterResponse
    from nn_core.plots import FigureFile

HANDS = "synthetic:count=300"
"""The default of --data."""


@click.command("feature-maps")
@click.argument("image", metavar="IMAGE", type=MODEL)
@model_option(required=False)
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    default=None,
    metavar="K",
    help="Plot all feature maps of the K-th convolution.",
)
@click.option(
    "--filter",
    "number",
    type=click.IntRange(min=1),
    metavar="K",
    help="Plot the K-th filter of --layer, by default the first convolution, and its feature map.",
)
@click.option(
    "--data",
    metavar="NAME|PATH",
    show_default="300 synthetic hands",
    help="Photos in which --filter looks for patches, as for train.",
)
@figure_options("the feature maps", default="feature-maps.png")
@click.pass_context
def feature_maps(
    ctx: click.Context,
    image: Path,
    model_path: Path | None,
    layer: int | None,
    number: int | None,
    data: str | None,
    figure: "FigureFile",
) -> None:
    """Plot the feature maps of a photo.

    Without --layer, plots the first feature maps of each convolution and pooling layer. With --filter,
    plots one: its input, its kernel, the map itself, and the patches of --data that excite it most.

    \b
    Example: cnn-sign feature-maps photo.jpg --filter 5 --figure filter.png
    """
    from cnn_sign_digits.inspect.feature_map_plots import plot_all_layers, plot_layer

    if data is not None and number is None:
        raise click.UsageError("--data needs --filter", ctx)
    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path, "--data": data})
    require_outside({"--figure": figure}, **{"--data": data})
    model = load_model(model_path)
    network, photo, name = model.network, read_photo(image), Path(name_of(image)).name
    outputs = convolution_outputs(network)
    if number is not None:
        from cnn_sign_digits.inspect.filter_response_plot import plot_filter_response

        chosen = pick(outputs, layer or 1, "convolution")
        response = _filter_response(model, photo, chosen, number, data or HANDS)
        plot_filter_response(response, figure, name=name)
    elif layer is not None:
        chosen = pick(outputs, layer, "convolution")
        title = f"Convolution {layer}"
        plot_layer(photo[0], title, _activations(network, photo)[chosen][0], figure, name=name)
    else:
        pick(outputs, 1, "convolution")
        maps = _activations(network, photo)
        names = {i: f"convolution {k}" for k, i in enumerate(outputs, 1)}
        shown = sorted({*outputs, *feature_map_layers(network)})
        rows = [(names.get(i) or short_name(network.layers[i]), maps[i][0]) for i in shown]
        plot_all_layers(photo[0], rows, figure, name=name)
    info(f"wrote {figure}")


def _activations(network: Network, photo: npt.NDArray[Any]) -> list[Array]:
    """The output of every layer. Raises DataError if one overflows."""
    with checked_overflow():
        outputs = network.activations(photo)
    for output in outputs:
        require_finite(output, "the photo")
    return outputs


def _filter_response(model: Model, photo: npt.NDArray[Any], layer: int, number: int, data: str) -> "FilterResponse":
    """The filter whose output is a feature map of a layer. Raises DataError if no convolution is below it."""
    from cnn_sign_digits.inspect.filter_response_plot import FilterResponse
    from cnn_sign_digits.inspect.receptive_field import receptive_field
    from cnn_sign_digits.inspect.top_patches import top_patches

    network = model.network
    below = [i for i in convolutions(network) if i <= layer]
    if not below:
        raise DataError("no convolution is below this layer; choose another --layer")
    kernels = network.params[f"{below[-1]}/W"]
    k = pick(range(kernels.shape[3]), number, "filter")
    photos = CATALOG.load_for_evaluation(data, model.classes, rng=np.random.default_rng(0))
    outputs = _activations(network, photo)
    size = "{} x {}".format(*kernels.shape[:2])
    kind = "synthetic hands" if is_generated(data) else f"photos ({without_folders(photos.name)})"
    return FilterResponse(
        name=f"Filter {number} of convolution {len(below)}, {size}: input, kernel, feature map",
        photo=photo[0],
        below=outputs[below[-1] - 1][0] if len(below) > 1 else None,
        kernel=kernels[..., k],
        map=outputs[layer][0][..., k],
        layer=short_name(network.layers[layer]),
        field=receptive_field(network, layer),
        patches=top_patches(network, layer, k, photos.x),
        source=f"{len(photos):,} {kind}",
    )
