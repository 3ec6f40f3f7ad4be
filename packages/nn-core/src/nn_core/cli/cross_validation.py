"""Cross-validation: a training run per fold, and the mean and spread of the held-out metrics."""

import dataclasses
import math
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
BASELINES = {
    "baseline_accuracy": "accuracy of the majority-class baseline",
    "baseline_root_mean_squared_error": "RMSE of always predicting the mean",
}
"""Metrics that are not columns of the table, since they do not depend on the network."""
HEADINGS = {
    "macro_f1": "macro F1",
    "roc_auc": "ROC AUC",
    "root_mean_squared_error": "RMSE",
    "mean_absolute_error": "MAE",
    "r2": "R2",
}
"""Headings of columns that are not the names of the metrics."""


@dataclass(frozen=True)
class CrossValidation:
    """The held-out metrics of each fold.

    source   where the data comes from
    network  a short description of the network
    scores   for each fold, its metrics by name; NaN where one is undefined
    """

    source: str
    network: str
    scores: tuple[Mapping[str, float], ...]

    def column(self, name: str) -> list[float]:
        """A metric in each fold."""
        return [scores[name] for scores in self.scores]

    def to_dict(self) -> dict[str, Any]:
        """The metrics of each fold, their mean and their standard deviation, for JSON."""
        folds, names = len(self.scores), list(self.scores[0])
        return {
            "data": self.source,
            "folds": [{"fold": f"{i}/{folds}", **scores} for i, scores in enumerate(self.scores, start=1)],
            "mean": {name: fmean(self.column(name)) for name in names},
            "standard_deviation": {name: _deviation(self.column(name)) for name in names},
        }

    def report(self) -> str:
        """A table with a line per fold, and mean ± standard deviation."""
        folds, names = len(self.scores), [name for name in self.scores[0] if name not in BASELINES]
        columns = {name: self.column(name) for name in names}
        rows = [("fold", *(HEADINGS.get(name, name.replace("_", " ")) for name in names))]
        rows += [(f"{i + 1}/{folds}", *(_shown(name, columns[name][i]) for name in names)) for i in range(folds)]
        rows.append(("mean ± std", *(_mean_and_spread(name, column) for name, column in columns.items())))
        lines = [f"{self.source}: {folds}-fold cross-validation, {self.network}", table(rows)]
        lines += [
            f"{words}: {_shown(name, fmean(self.column(name)))}"
            for name, words in BASELINES.items()
            if name in self.scores[0]
        ]
        return "\n".join(lines)


def cross_validate(settings: S, folds: int, set_up: Callable[[S], Setup], program: str) -> CrossValidation:
    """Train a new network for each fold, 1/K to K/K, and evaluate it on the examples held out.

    folds   K, at least 2
    set_up  sets up a run from settings, whose `fold` says what to hold out
    Raises DivergenceError, naming the fold, if a run diverges; click.ClickException if it is interrupted.
    """
    runs = [
        _run_fold(dataclasses.replace(settings, fold=f"{number}/{folds}"), set_up, program)
        for number in range(1, folds + 1)
    ]
    sources, networks, scores = zip(*runs, strict=True)
    return CrossValidation(sources[0], networks[0], scores)


def _run_fold(settings: S, set_up: Callable[[S], Setup], program: str) -> tuple[str, str, Mapping[str, float]]:
    """Source, network and scores of one run, whose data is released at the end."""
    from threadpoolctl import threadpool_limits

    setup = set_up(settings)
    try:
        run(setup.trainer, program=program, details={}, early_stopping=settings.early_stopping, fold=settings.fold)
    except DivergenceError as error:
        raise DivergenceError(f"fold {settings.fold}: {error}") from None
    with threadpool_limits(1):
        return setup.source, setup.network, setup.scores(setup.result())


def _deviation(column: list[float]) -> float:
    """The standard deviation of a sample: sqrt(sum (v - mean)^2 / (K - 1)); NaN if a value is."""
    return math.nan if any(map(math.isnan, column)) else stdev(column)


def _shown(name: str, value: float, digits: int | None = None) -> str:
    if math.isnan(value):
        return "-"
    if name.endswith("accuracy") or name.startswith("macro_"):
        return f"{value:.2%}"
    return significant(value) if digits is None else significant(float(f"{value:.{digits}g}"))


def _mean_and_spread(name: str, column: list[float]) -> str:
    mean, spread = fmean(column), _deviation(column)
    return "-" if math.isnan(mean) else f"{_shown(name, mean)} ± {_shown(name, spread, digits=2)}"
