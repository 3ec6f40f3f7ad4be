"""Reports of a comparison: table, JSON and plot."""

import math
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from nn_core.cli.sweep import Comparison, Trial
from nn_core.cli.terminal import counted
from nn_core.plots import add_legend, drawing, log_scale_if_wide, muted, series, tidy
from nn_core.summary import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn_core.plots import FigureFile


def report_table(comparison: Comparison) -> str:
    """One line per trial: medians over the seeds, and the range of the final loss."""
    has_classes = _has_classes(comparison)
    validated = "validation accuracy" if has_classes else "validation loss"
    rows = [("trial", "final loss", "lowest", "highest", validated, "steps to baseline", "seconds")]
    for trial in comparison.trials:
        losses = trial.final_losses
        steps = comparison.steps_to_baseline(trial)
        rows.append(
            (
                trial.label,
                _loss(median(losses)),
                _loss(min(losses)),
                _loss(max(losses)),
                _percent(trial.validation_accuracy) if has_classes else _held_out(trial.validation_loss),
                f"{steps:,.0f}" if math.isfinite(steps) else "never",
                f"{trial.seconds:.2f}",
            )
        )
    seeds = len(comparison.seeds)
    note = (
        f"baseline: lowest loss of plain gradient descent for each seed, median "
        f"{_loss(median(comparison.baseline_losses))}; medians over {counted(seeds, 'seed')}"
    )
    diverged = [
        f"{trial.label}, seed {curve.seed}: {curve.diverged}"
        for trial in comparison.trials
        for curve in trial.curves
        if curve.diverged
    ]
    return "\n".join([table(rows), note, *diverged])


def report_json(comparison: Comparison) -> dict[str, Any]:
    """All metrics and curves; null for missing or non-finite values."""
    return {
        "seeds": comparison.seeds,
        "baseline_loss": _number(median(comparison.baseline_losses)),
        "trials": [_trial_json(comparison, trial) for trial in comparison.trials],
    }


def draw_comparison(comparison: Comparison, path: "FigureFile | Path", *, title: str) -> None:
    """Training loss by step and by time: median and range over the seeds."""
    seeds = len(comparison.seeds)
    band = f"line: median of {seeds} seeds; band: range" if seeds > 1 else "one seed"
    note = f"{band}; dotted: lowest loss of gradient descent"
    with drawing(path, 11, 4.5, title=title, note=note) as figure:
        by_step, by_second = figure.subplots(1, 2, sharey=True)
        for i, trial in enumerate(comparison.trials):
            # Each line is thinner than the previous one, so that coinciding lines remain visible.
            width = 2.6 - 1.4 * i / max(len(comparison.trials) - 1, 1)
            _draw_trial(by_step, by_second, trial, i, width)
        baseline = median(comparison.baseline_losses)
        values = [v for axes in (by_step, by_second) for line in axes.lines for v in line.get_ydata()]
        for axes in (by_step, by_second):
            axes.axhline(baseline, color=muted(), linestyle=":", linewidth=1, zorder=0)
        log_scale_if_wide(by_step, values)
        tidy(
            by_step,
            x=_scale_steps(by_step, comparison),
            y=f"training loss{' (nats)' if _has_classes(comparison) else ''}",
        )
        tidy(by_second, x="training time (s)", y="")
        by_second.tick_params(labelleft=False)
        handles, labels = by_step.get_legend_handles_labels()
        add_legend(figure, handles, labels, title="trial")


def _draw_trial(by_step: "Axes", by_second: "Axes", trial: Trial, i: int, width: float) -> None:
    """Plot the steps common to all seeds; a diverged run ends early."""
    points = min(len(curve.steps) for curve in trial.curves)
    losses = [[curve.losses[k] for curve in trial.curves] for k in range(points)]
    middle = [median(at) for at in losses]
    steps = trial.curves[0].steps[:points]
    seconds = [median(curve.seconds[k] for curve in trial.curves) for k in range(points)]
    style = series(i)
    diverged = any(curve.diverged for curve in trial.curves)
    label = f"{trial.label} (diverged)" if diverged else trial.label
    for axes, x in ((by_step, steps), (by_second, seconds)):
        axes.plot(x, middle, linewidth=width, label=label, **style)
        axes.fill_between(
            x, [min(at) for at in losses], [max(at) for at in losses], color=style["color"], alpha=0.15,
            linewidth=0,
        )  # fmt: skip


def _scale_steps(axes: "Axes", comparison: Comparison) -> str:
    """Set the x scale, logarithmic if run lengths differ greatly; returns the axis label."""
    ends = [curve.steps[-1] for trial in comparison.trials for curve in trial.curves]
    if max(ends) <= 8 * max(min(ends), 1):
        return "step"
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(0, 1.2 * max(ends))
    return "step (log scale above 10)"


def _trial_json(comparison: Comparison, trial: Trial) -> dict[str, Any]:
    losses = trial.final_losses
    return {
        "trial": trial.label,
        "final_loss": _number(median(losses)),
        "final_loss_lowest": _number(min(losses)),
        "final_loss_highest": _number(max(losses)),
        "validation_accuracy": _number(trial.validation_accuracy),
        "validation_loss": _number(trial.validation_loss),
        "steps_to_baseline": _number(comparison.steps_to_baseline(trial)),
        "seconds": trial.seconds,
        "runs": [
            {
                "seed": curve.seed,
                "steps": curve.steps,
                "seconds": curve.seconds,
                "losses": [_number(loss) for loss in curve.losses],
                "validation_accuracy": _number(curve.validation_accuracy),
                "validation_loss": _number(curve.validation_loss),
                "diverged": curve.diverged,
            }
            for curve in trial.curves
        ],
    }


def _has_classes(comparison: Comparison) -> bool:
    return any(curve.has_accuracy for trial in comparison.trials for curve in trial.curves)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _loss(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "diverged"


def _held_out(loss: float) -> str:
    return "-" if math.isnan(loss) else _loss(loss)


def _percent(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "-"
