"""The command `shapes`."""

from pathlib import Path

import click

from cnn_sign_digits.inspect.layer_info import layer_shapes, shapes_table
from cnn_sign_digits.model import INPUT_SHAPE, SHIPPED, load_model
from cnn_sign_digits.presets import PRESETS
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo_json, json_option
from nn_core.layers import ReLU
from nn_core.network import Network
from nn_core.storage.files import printable

CLASSES = 10
"""Number of classes of an untrained preset."""


@click.command()
@model_option(required=False)
@click.option(
    "--preset", type=click.Choice(list(PRESETS)), help="Show an untrained network with ten classes instead of --model."
)
@json_option
@click.pass_context
def shapes(ctx: click.Context, model_path: Path | None, preset: str | None, as_json: bool) -> None:
    """Show the shapes and costs of all layers.

    Shows forward and backward shapes, the number of parameters and their bytes, and the
    multiply-accumulate operations (MACs) of a forward pass of one photo.

    \b
    Example: cnn-sign shapes --preset classic
    """
    if preset is not None:
        if model_path is not None:
            raise click.UsageError("--model and --preset are mutually exclusive", ctx)
        layers = PRESETS[preset].build(CLASSES, ReLU(), "he", PRESETS[preset].photos["dropout"])
        name, network = f"{preset} network", Network(layers, input_shape=INPUT_SHAPE)
    else:
        name, network = printable((model_path or SHIPPED).name), load_model(model_path).network
    info = {"network": name} | layer_shapes(network)
    if as_json:
        echo_json(info)
        return
    click.echo(f"{name}, for a batch of N photos; MACs of one photo, forward")
    click.echo(shapes_table(info))
    click.echo("-: no gradient, since no earlier layer has trainable parameters")
