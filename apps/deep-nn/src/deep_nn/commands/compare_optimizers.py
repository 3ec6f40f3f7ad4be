"""The command `compare-optimizers`."""

import math
from collections.abc import Sequence
from dataclasses import replace

from deep_nn.commands._comparison import Sweep
from deep_nn.settings import NetworkSettings
from nn_core.cli.param_types import SpecType
from nn_core.errors import SettingError
from nn_core.optim.optimizers import optimizer
from nn_core.registry import require


def parse_rated(text: str) -> tuple[str, float | None]:
    """The optimizer and the learning rate in a text such as "adam@0.01"; None without a rate.

    Raises SettingError for an unknown optimizer or a rate that is not a positive number.
    """
    name, at, rate = text.partition("@")
    own = optimizer(name).learning_rate
    try:
        number = float(rate) if at else None
    except ValueError:
        raise SettingError(f"the learning rate in {text!r} is not a positive number") from None
    require(number is None or 0 < number < math.inf, f"the learning rate in {text!r} is not positive")
    require(number is None or own is None, f"the learning rate is set twice in {text!r}")
    return name, number


class OptimizerSweep(Sweep):
    """A comparison of optimizers, each with its own learning rate."""

    def settings(self, base: NetworkSettings, value: str) -> NetworkSettings:
        """The settings of one trial; its learning rate overrides --learning-rate."""
        name, rate = parse_rated(value)
        own = optimizer(name).learning_rate
        return replace(base, optimizer=name, learning_rate=rate or (base.learning_rate if own is None else None))

    def baseline_settings(self, base: NetworkSettings, trials: Sequence[NetworkSettings]) -> NetworkSettings:
        """The first trial with plain gradient descent, or an additional run."""
        plain = super().baseline_settings(base, trials)
        return next((trial for trial in trials if trial.optimizer == plain.optimizer), plain)

    def label(self, settings: NetworkSettings) -> str:
        """The optimizer and its learning rate."""
        rate = settings.learning_rate or optimizer(settings.optimizer).base_rate
        return f"{settings.optimizer} @ {rate:g}"


@OptimizerSweep(
    "optimizer",
    SpecType(parse_rated, "optimizer"),
    values=("gradient-descent", "momentum", "rmsprop", "adam"),
    baseline="gradient-descent",
).command
def compare_optimizers() -> None:
    """Race optimizers from the same initial weights.

    Each uses its default learning rate, unless one is given per optimizer, e.g. adam@0.003, or for
    all with --learning-rate.

    \b
    Example: deep-nn compare-optimizers momentum adam@0.003 --seeds 5
    """
