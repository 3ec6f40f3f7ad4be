"""Reports of a comparison: table and JSON."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from nn_core.cli.sweep import LEAST_SECONDS, Comparison, Trial
from nn_core.cli.terminal import counted
from nn_core.summary import table


def report_table(comparison: Comparison, name: str = "trial", notes: Sequence[str] = ()) -> str:
    """One line per trial, of medians over the seeds.

    With a baseline: the loss and its range, accuracies, and the cost. Without one: training against
    validation.

    name   what the trials differ in, such as "learning rate"
    notes  lines below the table
    """
    columns = _cost_columns(comparison) if comparison.baseline_losses else _fit_columns(comparison)
    labels = [trial.label for trial in comparison.trials]
    rows = zip(*([header, *cells] for header, cells in [(name, labels), *columns]), strict=True)
    diverged = [
        f"{trial.label}, seed {curve.seed}: {curve.diverged}"
        for trial in comparison.trials
        for curve in trial.curves
        if curve.diverged
    ]
    return "\n".join([table([tuple(row) for row in rows]), *_standard_notes(comparison), *notes, *diverged])


Columns = list[tuple[str, list[str]]]


def _cost_columns(comparison: Comparison) -> Columns:
    trials = comparison.trials
    columns = [
        ("final loss", [_loss(median(trial.final_losses)) for trial in trials]),
        ("lowest", [_loss(min(trial.final_losses)) for trial in trials]),
        ("highest", [_loss(max(trial.final_losses)) for trial in trials]),
    ]
    if comparison.measures("training_accuracy"):
        columns += [_accuracies(trials, "training"), _accuracies(trials, "validation")]
    else:
        columns += [_losses(trials, "validation")]
    steps = [comparison.steps_to_baseline(trial) for trial in trials]
    columns += [("steps to baseline", [f"{s:,.0f}" if math.isfinite(s) else "never" for s in steps])]
    if comparison.has_times:
        columns += [("seconds", [f"{trial.seconds:.1f}" for trial in trials])]
    return columns


def _fit_columns(comparison: Comparison) -> Columns:
    trials = comparison.trials
    columns = [_losses(trials, "training"), _losses(trials, "validation")]
    if comparison.measures("training_accuracy"):
        columns += [_accuracies(trials, "training"), _accuracies(trials, "validation")]
    return columns


def _standard_notes(comparison: Comparison) -> list[str]:
    over = f"medians over {counted(len(comparison.seeds), 'seed')}"
    if not comparison.baseline_losses:
        return [over]
    lowest = _loss(median(comparison.baseline_losses))
    return [f"baseline: lowest loss of plain gradient descent for each seed, median {lowest}; {over}"]


def time_note(comparison: Comparison) -> str:
    """Why training times are not compared; "" if they are."""
    if comparison.has_times:
        return ""
    if not comparison.takes_turns:
        return "times are compared only with one worker"
    return f"times are not compared: runs take less than {LEAST_SECONDS:g} s"


def report_json(comparison: Comparison) -> dict[str, Any]:
    """All metrics and curves; null for missing or non-finite values, and for times that cannot be compared."""
    baseline = comparison.baseline_losses
    return {
        "seeds": comparison.seeds,
        "baseline_loss": _number(median(baseline)) if baseline else None,
        "trials": [_trial_json(comparison, trial) for trial in comparison.trials],
    }


def _trial_json(comparison: Comparison, trial: Trial) -> dict[str, Any]:
    losses = trial.final_losses
    return {
        "trial": trial.label,
        "final_loss": _number(median(losses)),
        "final_loss_lowest": _number(min(losses)),
        "final_loss_highest": _number(max(losses)),
        "training_accuracy": _number(trial.final("training_accuracy")),
        "validation_accuracy": _number(trial.final("validation_accuracy")),
        "validation_loss": _number(trial.final("validation_loss")),
        "steps_to_baseline": _number(comparison.steps_to_baseline(trial)) if comparison.baseline_losses else None,
        "seconds": trial.seconds if comparison.has_times else None,
        "runs": [
            {
                "seed": curve.seed,
                "steps": curve.steps,
                "epochs": curve.epochs,
                "seconds": curve.seconds,
                "losses": _numbers(curve.losses),
                "training_accuracies": _numbers(curve.metrics.get("training_accuracy", [])),
                "validation_losses": _numbers(curve.metrics.get("validation_loss", [])),
                "validation_accuracies": _numbers(curve.metrics.get("validation_accuracy", [])),
                "training_accuracy": _number(curve.final("training_accuracy")),
                "validation_accuracy": _number(curve.final("validation_accuracy")),
                "validation_loss": _number(curve.final("validation_loss")),
                "diverged": curve.diverged,
            }
            for curve in trial.curves
        ],
    }


def _losses(trials: Sequence[Trial], part: str) -> tuple[str, list[str]]:
    found = [trial.final(f"{part}_loss") for trial in trials]
    return f"{part} loss", ["-" if math.isnan(loss) else _loss(loss) for loss in found]


def _accuracies(trials: Sequence[Trial], part: str) -> tuple[str, list[str]]:
    found = [trial.final(f"{part}_accuracy") for trial in trials]
    return f"{part} accuracy", [f"{value:.1%}" if math.isfinite(value) else "-" for value in found]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]


def _loss(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "diverged"
