"""Workloads of a suite: problems that programs register, on which optimizers are tuned and compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from statistics import median
from typing import Any

from nn_core.cli.execution import Execution
from nn_core.cli.settings import Settings
from nn_core.cli.tuning.performance_profile import performance_profile
from nn_core.cli.tuning.tune import Tuning, tune
from nn_core.errors import SettingError
from nn_core.registry import nearest
from nn_core.training.trainer import Trainer

GROUP = "nn_core.workloads"
"""Entry points: the name of a workload, and a function without arguments that returns it."""


@dataclass(frozen=True)
class Workload:
    """A problem.

    name         such as "moons"
    description  one line: data, network, length of a run
    build        an importable function from settings to a single-threaded trainer with a validation set
    settings     those of a run; the optimizer and its rate are replaced
    target       validation loss to reach
    """

    name: str
    description: str
    build: Callable[[Any], Trainer]
    settings: Settings
    target: float


def find_workloads(names: Sequence[str]) -> list[Workload]:
    """The workloads of these names; all that are installed for none. Raises SettingError for an unknown name."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    for name in names:
        if name not in found:
            raise SettingError(f"no such workload: {name!r}; {nearest(name, found) if found else 'none is installed'}")
    return [found[name].load()() for name in names or sorted(found)]


@dataclass(frozen=True)
class Suite:
    """Tuned optimizers on several workloads."""

    results: tuple[tuple[Workload, Tuning], ...]

    def costs(self) -> dict[str, list[float]]:
        """Median steps to the target, of each optimizer on each workload; infinite if most never reach it."""
        names = [each.name for each in self.results[0][1].tuned]
        return {
            name: [
                median(each.steps_to(workload.target))
                for workload, tuning in self.results
                for each in tuning.tuned
                if each.name == name
            ]
            for name in names
        }

    def profile(self) -> dict[str, list[tuple[float, float]]]:
        """The performance profile of each optimizer."""
        return performance_profile(self.costs())


def run_suite(
    workloads: Sequence[Workload],
    names: Sequence[str],
    *,
    trials: int,
    seeds: int,
    execution: Execution,
    done: Callable[[Workload, Tuning], None] = lambda workload, tuning: None,
) -> Suite:
    """Tune the optimizers on each workload; `done` is told of each result."""
    results = []
    for workload in workloads:
        tuning = tune(
            workload.build,
            workload.settings,
            names,
            trials=trials,
            seeds=seeds,
            execution=execution,
            target=workload.target,
        )
        results.append((workload, tuning))
        done(workload, tuning)
    return Suite(tuple(results))
