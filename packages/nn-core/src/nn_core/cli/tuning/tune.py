"""Tune optimizers with the same budget, and compare them with fresh seeds on data that chose nothing."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

from nn_core.cli.curve import Curve
from nn_core.cli.execution import Execution
from nn_core.cli.settings import Settings
from nn_core.cli.sweep import HERE, run_all
from nn_core.cli.tuning.paired import PairedDifference, holm, paired_difference
from nn_core.cli.tuning.space import Candidate, draw, edges
from nn_core.training.trainer import Trainer

S = TypeVar("S", bound=Settings)
CHOOSING, JUDGING = "choosing_loss", "judging_loss"
CLEAR = 0.05
"""p-value, adjusted for the number of comparisons, below which a difference is clear."""

SPECIAL_CASES: Mapping[str, str] = {
    "momentum": "gradient-descent",  # beta = 0
    "nesterov": "gradient-descent",  # beta = 0
    "adam": "momentum",  # epsilon larger than all gradients, but for the correction of the first steps
    "adamw": "adam",  # weight_decay = 0
}
"""Optimizer -> one that it equals with certain settings, all of them in its space. Tuned well enough, it cannot lose.

Source: Choi et al., On empirical comparisons of optimizers for deep learning (2019), arXiv 1910.05446.
"""


@dataclass(frozen=True)
class Tuned:
    """An optimizer with all of its trials, and the runs of the best one.

    trials   the candidates, each with the curve of its run
    best     index of the trial with the lowest final loss on the half that chooses
    curves   of the best candidate, one for each fresh seed
    """

    name: str
    trials: tuple[tuple[Candidate, Curve], ...]
    best: int
    curves: tuple[Curve, ...]

    @property
    def chosen(self) -> Candidate:
        """The best candidate."""
        return self.trials[self.best][0]

    def trial_losses(self, metric: str) -> list[float]:
        """The final loss of each trial; infinite if it diverged."""
        return [final_loss(curve, metric) for _, curve in self.trials]

    @property
    def losses(self) -> list[float]:
        """The final loss of each fresh seed, on the half that judges."""
        return [final_loss(curve, JUDGING) for curve in self.curves]

    def steps_to(self, target: float) -> list[float]:
        """The first step of each fresh seed with at most this loss, on the half that judges; infinite if never."""
        return [
            next((s for s, loss in zip(curve.steps, curve.metrics[JUDGING], strict=True) if loss <= target), math.inf)
            for curve in self.curves
        ]


@dataclass(frozen=True)
class Tuning:
    """Tuned optimizers on one problem.

    seeds   the fresh seeds
    target  loss to reach
    """

    tuned: tuple[Tuned, ...]
    seeds: tuple[int, ...]
    target: float

    @property
    def best(self) -> Tuned:
        """The one with the lowest median loss."""
        return min(self.tuned, key=lambda each: median(each.losses))

    def pairs(self) -> list[tuple[Tuned, Tuned, PairedDifference]]:
        """All pairs, with the differences of their losses."""
        return [
            (first, second, paired_difference(first.losses, second.losses))
            for i, first in enumerate(self.tuned)
            for second in self.tuned[i + 1 :]
        ]

    def against_best(self) -> list[tuple[Tuned, PairedDifference, str]]:
        """All but the best, with their differences from it, and the verdicts, adjusted by Holm's method."""
        best = self.best
        others = [each for each in self.tuned if each is not best]
        differences = [paired_difference(each.losses, best.losses) for each in others]
        verdicts = [
            ("higher" if difference.estimate > 0 else "lower") if p < CLEAR else "no clear difference"
            for difference, p in zip(differences, holm([each.p for each in differences]), strict=True)
        ]
        return list(zip(others, differences, verdicts, strict=True))

    def remarks(self) -> list[str]:
        """Candidates at the edge of their space, and optimizers that lose to their own special case."""
        lines = [line for each in self.tuned for line in edges(each.chosen)]
        by_kind = {each.name.partition(":")[0]: each for each in self.tuned}
        for general, special in SPECIAL_CASES.items():
            if general in by_kind and special in by_kind:
                difference = paired_difference(by_kind[general].losses, by_kind[special].losses)
                if difference.verdict == "higher":
                    lines.append(
                        f"{general} loses to {special}, its own special case: too few trials, or too narrow a space"
                    )
        return lines


def tune(
    build: Callable[[S], Trainer],
    base: S,
    names: Sequence[str],
    *,
    trials: int,
    seeds: int,
    execution: Execution = HERE,
    target: float | None = None,
) -> Tuning:
    """Tune each optimizer with `trials` random candidates, and run the best again with fresh seeds.

    base    the settings of a run; its seed is that of the data, the splits and the trials, and those after it are fresh
    target  loss to reach; None for the median of the optimizers' median losses

    All runs have the same training set and the same validation set, one half of which chooses the candidate, and the
    other judges. A diverged run has an infinite loss. Results do not depend on where runs are computed.
    """
    base = dataclasses.replace(base, data_seed=base.split_seed)
    candidates = {name: draw(name, trials, base.seed) for name in names}
    runs = {(name, i): with_candidate(base, each) for name, own in candidates.items() for i, each in enumerate(own)}
    curves = run_all(build, list(runs.values()), execution=execution, unit="trial", halves=True)
    best = {}
    for name in names:
        losses = [final_loss(curves[runs[name, i]], CHOOSING) for i in range(trials)]
        best[name] = losses.index(min(losses))
    fresh = tuple(base.seed + 1 + i for i in range(seeds))
    chosen = {
        (name, seed): dataclasses.replace(with_candidate(base, candidates[name][best[name]]), seed=seed)
        for seed in fresh
        for name in names
    }
    final = run_all(build, list(chosen.values()), execution=execution, unit="run", halves=True)
    tuned = tuple(
        Tuned(
            name,
            tuple((each, curves[runs[name, i]]) for i, each in enumerate(candidates[name])),
            best[name],
            tuple(final[chosen[name, seed]] for seed in fresh),
        )
        for name in names
    )
    return Tuning(tuned, fresh, median(median(each.losses) for each in tuned) if target is None else target)


def with_candidate(settings: S, candidate: Candidate) -> S:
    """The settings with an optimizer."""
    return dataclasses.replace(settings, optimizer=candidate.spec, learning_rate=candidate.learning_rate)


def final_loss(curve: Curve, metric: str) -> float:
    """The loss at the end; infinite if the run diverged, or the loss is not a number."""
    value: Any = curve.final(metric)
    return math.inf if curve.diverged or math.isnan(value) else value
