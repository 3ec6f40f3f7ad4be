"""The command `compare-hidden`."""

import click

from deep_nn.commands._comparison import NOISY_MOONS, Sweep
from deep_nn.settings import NetworkSettings
from nn_core.cli.param_types import CommaList


class HiddenSweep(Sweep):
    """A comparison of network sizes."""

    def label(self, settings: NetworkSettings) -> str:
        """The units of the hidden layers."""
        return settings.hidden or "none"


@HiddenSweep(
    "hidden",
    CommaList(click.IntRange(min=1), "units", empty=True),
    values=("2", "8", "64,64"),
    baseline="64,64",
    defaults=NOISY_MOONS,
    name="hidden units",
    plural="networks",
    generalization=True,
).command
def compare_hidden() -> None:
    """Compare hidden layers, from underfit to overfit.

    A value is the units of each hidden layer, e.g. 20,7,5; "" is a network without one.

    \b
    Example: deep-nn compare-hidden 2 8 64,64 --boundaries boundaries.png
    """
