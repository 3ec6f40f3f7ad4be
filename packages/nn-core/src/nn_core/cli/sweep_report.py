"""A comparison as a table, as JSON and as a figure."""

import math
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from nn_core.cli.plots import COLORS, log_scale_if_wide, new_figure, save_figure, tidy
from nn_core.cli.sweep import Comparison, Variant
from nn_core.summary import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def report_table(comparison: Comparison) -> str:
    """One line a variant: medians over the seeds, of the loss also the lowest and highest."""
    rows = [
        (
            "variant",
            "final loss",
            "lowest",
            "highest",
            "validation accuracy",
            "steps to target",
            "seconds",
        )
    ]
    for variant in comparison.variants:
        losses = variant.final_losses
        steps = comparison.steps_to_target(variant)
        rows.append(
            (
                variant.label,
                _loss(median(losses)),
                _loss(min(losses)),
                _loss(max(losses)),
                _percent(variant.validation_accuracy),
                f"{steps:,.0f}" if math.isfinite(steps) else "never",
                f"{variant.seconds:.2f}",
            )
        )
    seeds = len(comparison.seeds)
    note = (
        f"target: the best loss of plain gradient descent with each seed, median "
        f"{_loss(median(comparison.targets))}; medians over {seeds} seed{'s' * (seeds != 1)}"
    )
    diverged = [
        f"{variant.label}, seed {curve.seed}: {curve.diverged}"
        for variant in comparison.variants
        for curve in variant.curves
        if curve.diverged
    ]
    return "\n".join([table(rows), note, *diverged])


def report_json(comparison: Comparison) -> dict[str, Any]:
    """All figures, the curves too; null where there is no number."""
    return {
        "seeds": comparison.seeds,
        "target_loss": _number(median(comparison.targets)),
        "variants": [_variant_json(comparison, variant) for variant in comparison.variants],
    }


def draw_comparison(comparison: Comparison, path: Path, *, title: str) -> None:
    """Training loss against steps, and beside it against seconds: medians and bands."""
    figure = new_figure(11, 4.5)
    by_step, by_second = figure.subplots(1, 2, sharey=True)
    for i, variant in enumerate(comparison.variants):
        # Each line is a little thinner than the one before, which shows where they coincide.
        width = 2.6 - 1.4 * i / max(len(comparison.variants) - 1, 1)
        _draw_variant(by_step, by_second, variant, i, width)
    target = median(comparison.targets)
    values = [v for axes in (by_step, by_second) for line in axes.lines for v in line.get_ydata()]
    for axes in (by_step, by_second):
        axes.axhline(target, color="0.4", linestyle=":", linewidth=1, zorder=0)
    log_scale_if_wide(by_step, values)
    tidy(by_step, x=_scale_steps(by_step, comparison), y="training loss (nats)")
    tidy(by_second, x="training time (seconds)", y="")
    by_second.tick_params(labelleft=False)
    handles, labels = by_step.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    seeds = len(comparison.seeds)
    band = f"line: median of {seeds} seeds, band: lowest to highest" if seeds > 1 else "one seed"
    figure.suptitle(f"{title}\n{band}; dotted: best of plain gradient descent", fontsize=10)
    save_figure(figure, path)


def _draw_variant(
    by_step: "Axes", by_second: "Axes", variant: Variant, i: int, width: float
) -> None:
    """The part of the curves that all seeds have; a run that diverged ends early."""
    points = min(len(curve.steps) for curve in variant.curves)
    losses = [[curve.losses[k] for curve in variant.curves] for k in range(points)]
    middle = [median(at) for at in losses]
    steps = variant.curves[0].steps[:points]
    seconds = [median(curve.seconds[k] for curve in variant.curves) for k in range(points)]
    color = COLORS[i % len(COLORS)]
    style = ("-", "--", "-.")[i // len(COLORS) % 3]
    diverged = any(curve.diverged for curve in variant.curves)
    label = f"{variant.label} (diverged)" if diverged else variant.label
    for axes, x in ((by_step, steps), (by_second, seconds)):
        axes.plot(x, middle, color=color, linestyle=style, linewidth=width, label=label)
        axes.fill_between(
            x, [min(at) for at in losses], [max(at) for at in losses], color=color, alpha=0.15,
            linewidth=0,
        )  # fmt: skip


def _scale_steps(axes: "Axes", comparison: Comparison) -> str:
    """The label of the x axis, logarithmic where the longest run would hide the shortest."""
    ends = [curve.steps[-1] for variant in comparison.variants for curve in variant.curves]
    if max(ends) <= 8 * max(min(ends), 1):
        return "step"
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(0, 1.2 * max(ends))
    return "step (logarithmic from 10 on)"


def _variant_json(comparison: Comparison, variant: Variant) -> dict[str, Any]:
    losses = variant.final_losses
    return {
        "variant": variant.label,
        "final_loss": _number(median(losses)),
        "final_loss_lowest": _number(min(losses)),
        "final_loss_highest": _number(max(losses)),
        "validation_accuracy": _number(variant.validation_accuracy),
        "steps_to_target": _number(comparison.steps_to_target(variant)),
        "seconds": variant.seconds,
        "runs": [
            {
                "seed": curve.seed,
                "steps": curve.steps,
                "seconds": curve.seconds,
                "losses": [_number(loss) for loss in curve.losses],
                "validation_accuracy": _number(curve.validation_accuracy),
                "diverged": curve.diverged,
            }
            for curve in variant.curves
        ],
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _loss(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "diverged"


def _percent(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "-"
