"""The command `check-gradients`."""

from collections.abc import Iterator
from dataclasses import asdict

import click
import numpy as np

from nn_core.cli.options import seed_option
from nn_core.cli.terminal import echo_json, json_option
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


@click.command("check-gradients")
@seed_option(words="Seed of the inputs and parameters.")
@json_option
def check_gradients_command(seed: int, as_json: bool) -> None:
    """Check every gradient against finite differences.

    Central differences with h = 1e-5 in float64, for all layers, fused layers and losses and for
    a whole network. Exits with status 1 at the first gradient that differs.

    \b
    Example: deep-nn check-gradients
    """
    reports = [*_layers(seed), *_fused_layers(seed), *_losses(seed), *_network(seed)]
    arrays = [(name, array) for name, report in reports for array in report.arrays]
    if as_json:
        echo_json([{"checked": name} | asdict(array) for name, array in arrays])
        return
    header = ("checked", "with respect to", "shape", "compared", "max relative error")
    rows = [
        (
            name,
            array.name.rpartition(", ")[2],
            " x ".join(map(str, array.shape)),
            str(array.numbers),
            f"{array.error:.1e}",
        )
        for name, array in arrays
    ]
    click.echo(table([header, *rows]))
    click.echo(f"all {len(arrays)} gradients match to within 1e-6")


def _layers(seed: int) -> Iterator[tuple[str, GradientReport]]:
    """Each layer, on inputs of the rank that it takes."""
    rng = np.random.default_rng(seed)
    features, images = rng.normal(size=(5, 4)), rng.normal(size=(3, 4, 4, 2))
    sequences, tokens = rng.normal(size=(2, 5, 4)), rng.integers(5, size=7)
    for x, layers in (
        (features, [Dense(3), *(layer() for layer in ACTIVATIONS.values()), Dropout(0.7)]),
        (images, [Flatten(), Conv2D(2, 3, padding="same"), MaxPool2D(2), AveragePool2D(2)]),
        (images, [GlobalAveragePool2D(), BatchNorm(), InstanceNorm()]),
        (tokens, [Embedding(3, vocabulary=5)]),
        (sequences, [cell(3) for cell in CELLS.values()]),
    ):
        for layer in layers:
            yield repr(layer), check_layer(layer, x, rng=rng)


def _fused_layers(seed: int) -> Iterator[tuple[str, GradientReport]]:
    rng = np.random.default_rng(seed)
    images, tokens = rng.normal(size=(3, 4, 4, 2)), rng.integers(5, size=(2, 5))
    convolution, norm, pool = Conv2D(2, 3, padding="same"), BatchNorm(), MaxPool2D(2)
    for x, layer in (
        (images, ConvReLUMaxPool(convolution, pool)),
        (images, WinogradConv2D(convolution)),
        (images, BatchNormReLU(norm)),
        (images, BatchNormReLUMaxPool(norm, pool)),
        (tokens, EmbeddedRecurrent(Embedding(3, vocabulary=5), CELLS["gru"](3))),
    ):
        yield type(layer).__name__, check_layer(layer, x, rng=rng)


def _losses(seed: int) -> Iterator[tuple[str, GradientReport]]:
    rng = np.random.default_rng(seed)
    padded = rng.integers(-1, 3, size=(3, 4))
    padded[0, 0] = 0  # at least one target that counts
    for loss, shape, y in (
        (binary_cross_entropy, (5, 1), rng.integers(2, size=5)),
        (softmax_cross_entropy, (5, 3), rng.integers(3, size=5)),
        (sequence_cross_entropy, (3, 4, 3), padded),
        (mean_squared_error, (5, 3), rng.normal(size=(5, 3))),
    ):
        name = loss.__name__.replace("_", " ").replace("cross entropy", "cross-entropy")
        yield name, check_loss(loss, rng.normal(size=shape), y, rng=rng)


def _network(seed: int) -> Iterator[tuple[str, GradientReport]]:
    rng = np.random.default_rng(seed)
    network = Network([Dense(5), Tanh(), Dense(3), Tanh(), Dense(1)], input_shape=(2,), rng=rng)
    x, y = rng.normal(size=(7, 2)), rng.integers(2, size=7)
    yield "network 2-5-3-1", check_gradients(network, x, y, binary_cross_entropy, rng=rng)
