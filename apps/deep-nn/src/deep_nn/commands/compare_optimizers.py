"""The command `compare-optimizers`."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from deep_nn.commands._comparison import Build, Plan, Request, Sweep
from deep_nn.settings import NetworkSettings
from nn_core.cli.command_help import Decorator, grouped
from nn_core.cli.config import is_given
from nn_core.cli.execution import Execution
from nn_core.cli.options import POSITIVE
from nn_core.cli.param_types import CommaList, SpecType
from nn_core.cli.terminal import info
from nn_core.errors import SettingError
from nn_core.optim.optimizers import GradientDescent, Momentum, Nesterov, optimizer
from nn_core.registry import require

if TYPE_CHECKING:
    from nn_core.cli.rate_search import RateSearch

GRID = "0.001,0.003,0.01,0.03,0.1,0.3,1,3,10,30"
"""Learning rates to search by default: two per decade."""
FINE_RATES = [float(f"{10 ** (k / 4):.2g}") for k in range(-20, 7)]
"""Learning rates for paths over a surface: four per decade, from 1e-5 to 32."""
MAX_TRIALS = 10_000
"""Of an optimizer."""
RATE_LIST = CommaList(POSITIVE, "rates")


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
    """A comparison of optimizers, each at its best learning rate."""

    @property
    def legend_title(self) -> str:
        """What the labels are."""
        return "optimizer @ learning rate"

    def options(self) -> Decorator:
        """`--rates`, `--tune`, `--target-loss`, `--suite` and `--landscape`."""
        return grouped(
            "Training",
            click.option(
                "--tune",
                type=click.IntRange(1, MAX_TRIALS),
                metavar="N",
                help="Tune each optimizer with N random trials, and run the best again with fresh seeds (10 by"
                " default). One half of the validation set chooses, the other judges.",
            ),
            click.option("--target-loss", type=POSITIVE, help="Validation loss to reach, for --tune."),
            click.option(
                "--suite",
                is_flag=False,
                flag_value="all",
                metavar="NAMES",
                help="Tune on several problems, e.g. moons,names, or all; their options are fixed.",
            ),
            click.option(
                "--landscape",
                is_flag=False,
                flag_value="loss",
                metavar="SURFACE",
                help="Plot paths over the loss in two weights (loss), or over rosenbrock, beale, himmelblau, valley or"
                " saddle; --figure paths.gif animates them.",
            ),
            click.option(
                "--rates",
                type=RATE_LIST,
                default=GRID,
                metavar="RATES",
                help="Learning rates to try for each optimizer without one: the one with the lowest mean training loss "
                "over a run is chosen.",
            ),
        )

    def instead(self, base: NetworkSettings, values: Sequence[str], run: Request, **own: Any) -> bool:
        """Tune, on this problem or on a suite."""
        tune, suite = own["tune"], own["suite"]
        if own["landscape"] is not None:
            if tune is not None or suite is not None:
                raise click.UsageError("--landscape and --tune or --suite are mutually exclusive", run.ctx)
            from deep_nn.commands._landscape import show_landscape

            rates = RATE_LIST.values(own["rates"]) if is_given(run.ctx, "rates") else FINE_RATES
            show_landscape(base, values, run, surface=own["landscape"], rates=rates)
            return True
        if tune is None and suite is None:
            if own["target_loss"] is not None:
                raise click.UsageError("--target-loss needs --tune", run.ctx)
            return False
        from deep_nn.commands._tuning import tune_on_data, tune_on_suite

        if suite is None:
            tune_on_data(base, values, run, trials=tune, target=own["target_loss"])
        else:
            tune_on_suite(suite, values, run, trials=tune)
        return True

    def settings(self, base: NetworkSettings, value: str) -> NetworkSettings:
        """The settings of one trial; its learning rate overrides --learning-rate."""
        name, rate = parse_rated(value)
        own = optimizer(name).learning_rate
        return replace(base, optimizer=name, learning_rate=rate or (base.learning_rate if own is None else None))

    def label(self, settings: NetworkSettings) -> str:
        """The optimizer and its learning rate."""
        rate = settings.learning_rate or optimizer(settings.optimizer).base_rate
        return f"{settings.optimizer} @ {rate:g}"

    def plan(
        self, base: NetworkSettings, values: Sequence[str], *, build: Build, execution: Execution, **own: Any
    ) -> Plan:
        """The trials, and the first of them with plain gradient descent or an additional run as the baseline.

        Optimizers without a learning rate are first searched for one.
        """
        trials = [self.settings(base, value) for value in values]
        if not any(map(_is_plain, trials)):
            trials = [*trials, replace(base, optimizer="gradient-descent")]
        missing = {
            trial.optimizer: trial
            for trial in trials
            if trial.learning_rate is None and optimizer(trial.optimizer).learning_rate is None
        }
        search = None
        if not missing and is_given(click.get_current_context(), "rates"):
            info("Note: --rates has no effect, since every optimizer has a learning rate")
        if missing:
            from nn_core.cli.rate_search import search_rates

            search = search_rates(build, missing, RATE_LIST.values(own["rates"]), execution=execution)
            found = search.best
            trials = [
                replace(trial, learning_rate=found(trial.optimizer)) if missing.get(trial.optimizer) == trial else trial
                for trial in trials
            ]
        baseline = next(filter(_is_plain, trials))
        labeled = [(self.label(trial), trial) for trial in trials[: len(values)]]
        return Plan(labeled, baseline, search, tuple(_notes([trial for _, trial in labeled], search)))


def _is_plain(settings: NetworkSettings) -> bool:
    """Whether the optimizer is plain gradient descent."""
    return isinstance(optimizer(settings.optimizer), GradientDescent)


def _notes(trials: Sequence[NetworkSettings], search: "RateSearch | None") -> list[str]:
    """How learning rates were found, and what they mean."""
    notes = []
    if search is not None:
        tried = ", ".join(f"{rate:g}" for rate in search.rates)
        chosen = f"the lowest mean training loss over a run with seed {search.seed}"
        notes += [f"learning rates: for each optimizer, of {tried} the one with {chosen}", *search.remarks()]
    for trial in trials:
        made = optimizer(trial.optimizer)
        if isinstance(made, (Momentum, Nesterov)) and made.beta > 0:
            rate = trial.learning_rate or made.base_rate
            notes.append(
                f"{trial.optimizer} averages gradients, v = beta v + (1 - beta) g: {rate:g} is"
                f" {rate * (1 - made.beta):.3g} in PyTorch, where v = beta v + g"
            )
    return notes


@OptimizerSweep(
    "optimizer",
    SpecType(parse_rated, "optimizer"),
    values=("gradient-descent", "momentum", "rmsprop", "adam"),
    baseline="gradient-descent",
    defaults={"batch_size": "full", "epochs": 200},
    animates=True,
).command
def compare_optimizers() -> None:
    """Compare optimizers, each at its best learning rate.

    The rates in --rates are tried for each optimizer. --learning-rate sets one for all, and adam@0.003
    one for adam; these are not searched for.

    With --tune N, each optimizer has the same number of random trials over the learning rate and its other
    settings, and the table says which differences are clear.

    Momentum averages gradients (v = beta v + (1 - beta) g), so that its rate is 1 / (1 - beta) times
    that of PyTorch (v = beta v + g): 3 for 0.3 with beta = 0.9.

    \b
    Example: deep-nn compare-optimizers momentum adam@0.003 --seeds 5
    """
