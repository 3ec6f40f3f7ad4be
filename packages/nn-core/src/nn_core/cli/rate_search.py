"""Search for the learning rate of each trial of a comparison: the same rates, the same seed."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeVar

from nn_core.cli.execution import Execution
from nn_core.cli.settings import Settings
from nn_core.cli.sweep import HERE, Curve, run_all
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class RateSearch:
    """The mean training loss over a run at each learning rate.

    A mean over the run favors rates that learn fast and stay stable, and is less noisy than the
    loss after the last step.

    seed    that of all runs
    rates   in ascending order
    losses  what was searched for -> loss at each rate; infinite if the run diverged
    """

    seed: int
    rates: tuple[float, ...]
    losses: Mapping[str, tuple[float, ...]]

    def best(self, name: str) -> float:
        """The rate with the lowest loss; the lowest rate if all runs diverged."""
        return self.rates[self.losses[name].index(min(self.losses[name]))]

    def remarks(self) -> list[str]:
        """A line for each rate found at an end of the range."""
        lowest, highest = self.rates[0], self.rates[-1]
        ends = {lowest: "lowest", highest: "highest"} if len(self.rates) > 1 else {}
        better = {lowest: "lower", highest: "higher"}
        return [
            f"{name}: {best:g} is the {ends[best]} of the learning rates; a {better[best]} one may be better"
            for name, best in ((name, self.best(name)) for name in self.losses)
            if best in ends
        ]

    def to_dict(self) -> dict[str, Any]:
        """All results, for JSON; null where a run diverged."""
        return {
            "seed": self.seed,
            "rates": self.rates,
            "criterion": "mean training loss over the run",
            "losses": {
                name: [loss if math.isfinite(loss) else None for loss in losses] for name, losses in self.losses.items()
            },
            "best": {name: self.best(name) for name in self.losses},
        }


def search_rates(
    build: Callable[[S], Trainer], settings: Mapping[str, S], rates: Sequence[float], *, execution: Execution = HERE
) -> RateSearch:
    """Run each of the settings, all with the same seed, at each learning rate; see `compare`."""
    ascending = tuple(sorted(set(rates)))
    grid = {
        name: [dataclasses.replace(base, learning_rate=rate) for rate in ascending] for name, base in settings.items()
    }
    runs = list(dict.fromkeys(run for row in grid.values() for run in row))
    curves = run_all(build, runs, execution=execution, unit="search") if runs else {}
    return RateSearch(
        seed=next(iter(settings.values())).seed,
        rates=ascending,
        losses={name: tuple(_mean_loss(curves[run]) for run in row) for name, row in grid.items()},
    )


def _mean_loss(curve: Curve) -> float:
    return math.inf if curve.diverged else fmean(curve.losses)
