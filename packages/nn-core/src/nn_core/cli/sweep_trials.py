"""A search for settings: rounds of trials, computed anywhere, told in order, and pruned at the ends of rounds."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from nn_core.cli.curve import Curve
from nn_core.cli.execution import Execution
from nn_core.cli.settings import Settings
from nn_core.cli.sweep import run_all
from nn_core.errors import DataError
from nn_core.sweeps.samplers import sampler
from nn_core.sweeps.space import Space
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
ETA = 3
"""Of successive halving: one in ETA trials goes on, for ETA times as many epochs.

Source: Jamieson, Talwalkar, Non-stochastic best arm identification and hyperparameter optimization (2016), fig. 3.
"""


@dataclass(frozen=True)
class SearchTrial:
    """A trial and its result.

    number  1, 2, ... in the order of the sampler
    values  its settings, as text by option
    loss    validation loss after `epochs`, the median of its seeds; infinite if most diverged
    losses  of each seed
    pruned  whether it ended early, since others were better
    """

    number: int
    values: Mapping[str, str]
    loss: float
    losses: tuple[float, ...]
    epochs: int
    pruned: bool


@dataclass(frozen=True)
class Search:
    """All trials, in order.

    space  what was searched
    """

    space: Space
    trials: tuple[SearchTrial, ...]

    @property
    def names(self) -> list[str]:
        """The settings that were searched."""
        return list(self.space)

    @property
    def best(self) -> SearchTrial | None:
        """The trial with the lowest loss among those that were not pruned; None if all diverged."""
        whole = [trial for trial in self.trials if not trial.pruned and math.isfinite(trial.loss)]
        return min(whole, key=lambda trial: trial.loss, default=None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; null for losses that are not finite."""
        best = self.best
        return {
            "best_trial": None if best is None else best.number,
            "best_loss": None if best is None else best.loss,
            "trials": [
                {
                    "trial": trial.number,
                    "values": dict(trial.values),
                    "validation_loss": _finite(trial.loss),
                    "losses": [_finite(loss) for loss in trial.losses],
                    "epochs": trial.epochs,
                    "pruned": trial.pruned,
                }
                for trial in self.trials
            ],
        }


def search(
    build: Callable[[S], Trainer],
    settings_of: Callable[[Mapping[str, str], int], S],
    space: Space,
    *,
    trials: int,
    sampler: str,
    seed: int,
    seeds: int,
    round_size: int,
    prune: bool,
    epochs: int,
    execution: Execution,
) -> Search:
    """Draw and run trials in rounds.

    settings_of  the settings of a run, from those drawn and a seed
    seed         of the sampler, and the first of each trial's seeds
    prune        end the worse two thirds of a round after a ninth and after a third of the epochs. A trial that goes on
                 is run from its start, which costs less than a tenth of the whole and needs no state
    Raises DataError for data without a validation set.
    """
    drawn_from = _sampler(sampler, space, seed)
    found: list[SearchTrial] = []
    while len(found) < trials:
        values = drawn_from.ask(min(round_size, trials - len(found)))
        results = _round(build, settings_of, values, seed, seeds, _rungs(epochs) if prune else [epochs], execution)
        found += [
            SearchTrial(len(found) + 1 + i, own, median(losses), losses, reached, reached < epochs)
            for i, (own, (losses, reached)) in enumerate(zip(values, results, strict=True))
        ]
        told = found[len(found) - len(values) :]
        drawn_from.tell([trial.loss for trial in told], [trial.pruned for trial in told])
    return Search(space, tuple(found))


def _rungs(epochs: int) -> list[int]:
    """Epochs after which trials are compared: a ninth, a third, and all of them."""
    return sorted({max(1, epochs // ETA**2), max(1, epochs // ETA), epochs})


def _round(
    build: Callable[[S], Trainer],
    settings_of: Callable[[Mapping[str, str], int], S],
    values: Sequence[Mapping[str, str]],
    seed: int,
    seeds: int,
    rungs: Sequence[int],
    execution: Execution,
) -> list[tuple[tuple[float, ...], int]]:
    """The losses of each trial, and the epochs that it reached."""
    results: list[tuple[tuple[float, ...], int]] = [((math.inf,), 0)] * len(values)
    alive = list(range(len(values)))
    for rung in rungs:
        runs = {(i, k): settings_of(values[i], seed + k) for i in alive for k in range(seeds)}
        last = rung == rungs[-1]
        curves = run_all(build, list(runs.values()), execution=execution, unit="run", stop_epoch=None if last else rung)
        for i in alive:
            results[i] = tuple(_loss(curves[runs[i, k]]) for k in range(seeds)), rung
        if not last:
            alive = sorted(alive, key=lambda i: (median(results[i][0]), i))[: math.ceil(len(alive) / ETA)]
    return results


def _loss(curve: Curve) -> float:
    """The final validation loss; infinite if the run diverged."""
    if curve.diverged:
        return math.inf
    if "validation_loss" not in curve.metrics:
        raise DataError("no validation set to compare trials by; hold out a part of the data (--validation 0.2)")
    loss = curve.final("validation_loss")
    return math.inf if math.isnan(loss) else loss


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_sampler = sampler
