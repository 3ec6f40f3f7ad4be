"""`compare-optimizers --tune` and `--suite`."""

from collections.abc import Sequence
from dataclasses import replace

import click

from deep_nn.commands._comparison import Request, require_still
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.cli.config import is_given
from nn_core.cli.terminal import echo, echo_json, info
from nn_core.cli.tuning.plots import draw_profile, draw_tuning
from nn_core.cli.tuning.report import suite_table, tuning_json, tuning_table
from nn_core.cli.tuning.tune import Tuning, tune
from nn_core.cli.tuning.workload import Workload, find_workloads, run_suite
from nn_core.storage.files import without_folders

FRESH_SEEDS = 10
"""Runs of each tuned optimizer by default."""
SUITE_TRIALS = 12
"""Trials of each optimizer on each problem of a suite by default."""
HELD_OUT = 0.4
"""Fraction of generated data that chooses and judges, by default."""


def tune_on_data(
    base: NetworkSettings, names: Sequence[str], run: Request, *, trials: int, target: float | None
) -> None:
    """Tune on the data of the command line, and report."""
    names = _distinct(names)
    require_still(run.figure)
    if not is_given(run.ctx, "validation") and base.test is None and base.fold is None:
        base = replace(base, validation=HELD_OUT)
    if is_given(run.ctx, "rates"):
        info("Note: --rates has no effect with --tune")
    tuned = tune(build_trainer, base, names, trials=trials, seeds=_seeds(run), execution=run.execution, target=target)
    if run.as_json:
        result = {"command": run.name, "data": base.data, "figure": str(run.figure), "trials": trials}
        echo_json(result | tuning_json(tuned))
    else:
        echo(tuning_table(tuned))
    title = without_folders(base.data).partition(":")[0]
    draw_tuning(tuned, run.figure, title=f"Tuned optimizers, {title}: {trials} trials each")
    info(f"wrote {run.figure}")


def tune_on_suite(suite: str, names: Sequence[str], run: Request, *, trials: int | None) -> None:
    """Tune on the problems of a suite, and report each and the performance profile."""
    require_still(run.figure)
    names, trials = _distinct(names), SUITE_TRIALS if trials is None else trials
    chosen = [] if suite == "all" else [name.strip() for name in suite.split(",") if name.strip()]
    workloads = find_workloads(chosen)

    def report(workload: Workload, tuning: Tuning) -> None:
        if not run.as_json:
            echo(f"{workload.name}: {workload.description}\n{tuning_table(tuning)}\n")

    found = run_suite(workloads, names, trials=trials, seeds=_seeds(run), execution=run.execution, done=report)
    if run.as_json:
        problems = [
            {"problem": workload.name, "description": workload.description, **tuning_json(tuning)}
            for workload, tuning in found.results
        ]
        echo_json({"command": run.name, "figure": str(run.figure), "trials": trials, "problems": problems})
    else:
        echo(suite_table(found))
    title = f"Performance profile of {len(names)} tuned optimizers"
    draw_profile(found.profile(), run.figure, title=title, problems=len(workloads))
    info(f"wrote {run.figure}")


def _seeds(run: Request) -> int:
    return run.seeds if is_given(run.ctx, "seeds") else FRESH_SEEDS


def _distinct(names: Sequence[str]) -> list[str]:
    """The optimizers without duplicates. Raises click.UsageError for one with a learning rate."""
    for name in names:
        if "@" in name:
            raise click.UsageError(f"--tune chooses the learning rate; omit that of {name!r}")
    return list(dict.fromkeys(names))
