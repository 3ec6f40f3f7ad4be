"""Cross-validation: a training run per fold, and the mean and spread of the held-out metrics."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, TypeVar

from nn_core.cli.regression_report import significant
from nn_core.cli.run_setup import Setup
from nn_core.cli.settings import Settings
from nn_core.cli.train_run import run
from nn_core.errors import DivergenceError
from nn_core.summary import table

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class CrossValidation:
    """The held-out metrics of each fold.

    source   where the data comes from
    network  a short description of the network
    scores   for each fold, its metrics by name
    """

    source: str
    network: str
    scores: tuple[Mapping[str, float], ...]

    def column(self, name: str) -> list[float]:
        """A metric in each fold."""
        return [scores[name] for scores in self.scores]

    def to_dict(self) -> dict[str, Any]:
        """The metrics of each fold, their mean and their standard deviation, for JSON."""
        folds = len(self.scores)
        columns = {name: self.column(name) for name in self.scores[0]}
        return {
            "data": self.source,
            "folds": [{"fold": f"{i}/{folds}", **scores} for i, scores in enumerate(self.scores, start=1)],
            "mean": {name: fmean(column) for name, column in columns.items()},
            "standard_deviation": {name: stdev(column) for name, column in columns.items()},
        }

    def report(self) -> str:
        """A table with a line per fold, and mean ± standard deviation.

        The standard deviation is that of a sample: sqrt(sum (v - mean)^2 / (K - 1)).
        """
        folds, names = len(self.scores), list(self.scores[0])
        rows = [("fold", *(name.replace("_", " ") for name in names))]
        rows += [
            (f"{i}/{folds}", *(_shown(name, scores[name]) for name in names))
            for i, scores in enumerate(self.scores, start=1)
        ]
        columns = [self.column(name) for name in names]
        spread = (
            f"{_shown(name, fmean(column))} ± {_shown(name, stdev(column))}"
            for name, column in zip(names, columns, strict=True)
        )
        rows.append(("mean ± std", *spread))
        return f"{self.source}: {folds}-fold cross-validation, {self.network}\n{table(rows)}"


def cross_validate(settings: S, folds: int, set_up: Callable[[S], Setup], program: str) -> CrossValidation:
    """Train a new network for each fold, 1/K to K/K, and evaluate it on the examples held out.

    folds   K, at least 2
    set_up  sets up a run from settings, whose `fold` says what to hold out
    Raises DivergenceError, naming the fold, if a run diverges; click.ClickException if it is interrupted.
    """
    from threadpoolctl import threadpool_limits

    results = []
    for number in range(1, folds + 1):
        fold = f"{number}/{folds}"
        setup = set_up(dataclasses.replace(settings, fold=fold))
        try:
            run(setup.trainer, program=program, details={}, early_stopping=settings.early_stopping, fold=fold)
        except DivergenceError as error:
            raise DivergenceError(f"fold {fold}: {error}") from None
        with threadpool_limits(1):
            results.append((setup.source, setup.network, setup.scores(setup.result())))
    sources, networks, scores = zip(*results, strict=True)
    return CrossValidation(sources[0], networks[0], scores)


def _shown(name: str, value: float) -> str:
    return f"{value:.2%}" if name.endswith("accuracy") else significant(value)
