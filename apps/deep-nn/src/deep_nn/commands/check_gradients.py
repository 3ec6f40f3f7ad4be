"""The command `check-gradients`."""

from collections.abc import Iterator
from dataclasses import asdict

import click
import numpy as np

from deep_nn.gradient_examples import fused_examples, layer_examples, loss_examples
from nn_core.cli.options import seed_option
from nn_core.cli.terminal import echo, echo_json, json_option
from nn_core.finite_differences import GradientReport
from nn_core.gradient_check import check_gradients, check_layer, check_loss
from nn_core.layers import Dense, Tanh
from nn_core.losses import binary_cross_entropy
from nn_core.network import Network
from nn_core.summary import table


@click.command("check-gradients")
@seed_option(words="Random seed for inputs and parameters.")
@json_option
def check_gradients_command(seed: int, as_json: bool) -> None:
    """Check every gradient against finite differences.

    Uses central differences with h = 1e-5 in float64, for every layer, fused layer and loss, and for
    a complete network. Exits with status 1 at the first mismatch.

    \b
    Example: deep-nn check-gradients
    """
    arrays = [(name, array) for name, report in _reports(seed) for array in report.arrays]
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
    echo(table([header, *rows]))
    echo(f"all {len(arrays)} gradients match to within 1e-6")


def _reports(seed: int) -> Iterator[tuple[str, GradientReport]]:
    """Name and report of each check."""
    rng = np.random.default_rng(seed)
    for example in (*layer_examples(rng), *fused_examples(rng)):
        yield example.name, check_layer(example.layer, example.x, rng=rng)
    for loss in loss_examples(rng):
        yield loss.name, check_loss(loss.loss, loss.output, loss.targets, rng=rng)
    network = Network([Dense(5), Tanh(), Dense(3), Tanh(), Dense(1)], input_shape=(2,), rng=rng)
    x, y = rng.normal(size=(7, 2)), rng.integers(2, size=7)
    yield "network 2-5-3-1", check_gradients(network, x, y, binary_cross_entropy, rng=rng)
