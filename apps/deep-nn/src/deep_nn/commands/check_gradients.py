"""The commands that look inside: `boundary` and `check-gradients`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from deep_nn.boundaries import draw_boundary
from deep_nn.model import load_model, splits_of
from deep_nn.using import evaluation_data
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.options import SEED
from nn_core.cli.param_types import FIGURE, MODEL, require_distinct
from nn_core.errors import DataError
from nn_core.gradient_check import GradientReport, check_gradients, check_layer, check_loss
from nn_core.layers import (
    ACTIVATIONS,
    CELLS,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePool2D,
    InstanceNorm,
    Layer,
    MaxPool2D,
    Tanh,
)
from nn_core.layers.batch_norm_relu import BatchNormReLU
from nn_core.layers.batch_norm_relu_max_pool import BatchNormReLUMaxPool
from nn_core.layers.conv_relu_max_pool import ConvReLUMaxPool
from nn_core.layers.embedded_recurrent import EmbeddedRecurrent
from nn_core.layers.winograd_conv2d import WinogradConv2D
from nn_core.losses import (
    binary_cross_entropy,
    mean_squared_error,
    sequence_cross_entropy,
    softmax_cross_entropy,
)
from nn_core.network import Network
from nn_core.summary import table


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@click.option("--data", metavar="NAME|PATH", help="Other points to draw than those trained on.")
@click.option("--figure", type=FIGURE, default="boundary.png", help="Where to draw it.")
def boundary(model_path: Path, data: str | None, figure: Path) -> None:
    """Draw what a network with two inputs answers everywhere in the plane.

    \b
    Example: deep-nn boundary moons.h5 --figure moons.png
    """
    require_distinct({"--figure": figure}, MODEL=model_path, **{"--data": data})
    model = load_model(model_path)
    if model.preprocessing.shape != (2,):
        raise DataError(f"a boundary needs a model of two columns; {model_path} has another input")
    if data is not None:
        parts = {"": evaluation_data(model, data)[0]}
    else:
        splits = splits_of(model)
        parts = {"training": splits.train, "validation": splits.validation}
    draw_boundary(model, parts, figure, title=data or model.settings.data)
    info(f"wrote {figure}")


@click.command("check-gradients")
@click.option("--seed", type=SEED, default=0, help="Draws the numbers to check at.")
@json_option
def check_gradients_command(seed: int, as_json: bool) -> None:
    """Compare every gradient written by hand with finite differences, in float64.

    Each number is moved by h = 1e-5 up and down; the loss moves with it by h times the
    gradient, or the gradient is wrong. Exits with 1 at the first that is.

    \b
    Example: deep-nn check-gradients
    """
    arrays = [
        (what, array)
        for what, report in _reports(np.random.default_rng(seed))
        for array in report.arrays
    ]
    if as_json:
        echo_json([{"checked": what} | asdict(array) for what, array in arrays])
        return
    header = ("checked", "argument", "shape", "numbers", "largest relative error")
    lines = [
        (
            what,
            array.name.rpartition(", ")[2],
            " x ".join(map(str, array.shape)),
            str(array.numbers),
            f"{array.error:.1e}",
        )
        for what, array in arrays
    ]
    click.echo(table([header, *lines]))
    click.echo(f"all {len(arrays)} gradients are right to within 1e-6")


def _reports(rng: np.random.Generator) -> Iterator[tuple[str, GradientReport]]:
    """Every layer, loss and kernel by itself, and then a whole network."""
    layers: list[Layer] = [Dense(3), *(made() for made in ACTIVATIONS.values()), Dropout(0.7)]
    for layer in layers:
        yield repr(layer), check_layer(layer, rng.normal(size=(5, 4)), rng=rng)
    of_maps: list[Layer] = [
        Flatten(),
        Conv2D(2, 3, padding="same"),
        MaxPool2D(2),
        AveragePool2D(2),
        GlobalAveragePool2D(),
        BatchNorm(),
        InstanceNorm(),
    ]
    for layer in of_maps:
        yield repr(layer), check_layer(layer, rng.normal(size=(3, 4, 4, 2)), rng=rng)
    words = Embedding(3, vocabulary=5)
    yield repr(words), check_layer(words, rng.integers(5, size=7), rng=rng)
    for cell in CELLS.values():
        yield repr(cell(3)), check_layer(cell(3), rng.normal(size=(2, 5, 4)), rng=rng)
    conv, norm, pool = Conv2D(2, 3, padding="same"), BatchNorm(), MaxPool2D(2)
    kernels: list[Layer] = [
        ConvReLUMaxPool(conv, pool),
        WinogradConv2D(conv),
        BatchNormReLU(norm),
        BatchNormReLUMaxPool(norm, pool),
    ]
    for layer in kernels:
        yield type(layer).__name__, check_layer(layer, rng.normal(size=(3, 4, 4, 2)), rng=rng)
    kernel = EmbeddedRecurrent(words, CELLS["gru"](3))
    yield type(kernel).__name__, check_layer(kernel, rng.integers(5, size=(2, 5)), rng=rng)

    yield (
        "binary cross-entropy",
        check_loss(binary_cross_entropy, rng.normal(size=(5, 1)), rng.integers(2, size=5), rng=rng),
    )
    yield (
        "softmax cross-entropy",
        check_loss(
            softmax_cross_entropy, rng.normal(size=(5, 3)), rng.integers(3, size=5), rng=rng
        ),
    )
    targets = rng.integers(-1, 3, size=(3, 4))
    targets[0, 0] = 0
    yield (
        "sequence cross-entropy",
        check_loss(sequence_cross_entropy, rng.normal(size=(3, 4, 3)), targets, rng=rng),
    )
    yield (
        "mean squared error",
        check_loss(mean_squared_error, rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng=rng),
    )

    network = Network([Dense(5), Tanh(), Dense(3), Tanh(), Dense(1)], input_shape=(2,), rng=rng)
    x, y = rng.normal(size=(7, 2)), rng.integers(2, size=7)
    yield "network 2-5-3-1", check_gradients(network, x, y, binary_cross_entropy, rng=rng)


COMMANDS = {"boundary": boundary, "check-gradients": check_gradients_command}
