"""The report of tuned optimizers, as text and as JSON."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from nn_core.cli.terminal import counted
from nn_core.cli.tuning.expected_best import expected_choice
from nn_core.cli.tuning.paired import PairedDifference
from nn_core.cli.tuning.tune import CHOOSING, JUDGING, Tuned, Tuning
from nn_core.cli.tuning.workload import Suite
from nn_core.summary import table


def tuning_table(tuning: Tuning) -> str:
    """A line for each optimizer, the best first, with its difference from the best."""
    best = tuning.best
    verdicts = {other.name: (difference, verdict) for other, difference, verdict in tuning.against_best()}
    rows = [("tuned optimizer @ learning rate", "loss", "lowest", "highest", "steps to target", "more than the best")]
    for each in sorted(tuning.tuned, key=lambda each: median(each.losses)):
        steps = median(each.steps_to(tuning.target))
        rows.append(
            (
                str(each.chosen),
                _loss(median(each.losses)),
                _loss(min(each.losses)),
                _loss(max(each.losses)),
                f"{steps:,.0f}" if math.isfinite(steps) else "never",
                "" if each is best else _difference(*verdicts[each.name]),
            )
        )
    trials = len(best.trials)
    chosen = f"tuned with {counted(trials, 'random trial')} each on half of the validation set; judged on the other"
    clear = "more than the best: median difference, same seeds [95% interval]; Wilcoxon signed rank, Holm's correction"
    lines = [
        table(rows),
        f"{chosen} by {counted(len(tuning.seeds), 'fresh seed')} (medians); target {_loss(tuning.target)}",
        clear,
    ]
    if len(tuning.seeds) < 6:
        lines.append("fewer than 6 seeds: no difference can be clear")
    return "\n".join([*lines, *tuning.remarks()])


def tuning_json(tuning: Tuning) -> dict[str, Any]:
    """Everything: spaces, trials, runs, differences of all pairs; null for what is not finite."""
    return {
        "seeds": tuning.seeds,
        "target": _number(tuning.target),
        "best": tuning.best.name,
        "optimizers": [_tuned_json(each, tuning.target) for each in tuning.tuned],
        "pairs": [
            {"first": first.name, "second": second.name, **_difference_json(difference), "verdict": difference.verdict}
            for first, second, difference in tuning.pairs()
        ],
        "against_best": [
            {"optimizer": other.name, **_difference_json(difference), "verdict": verdict}
            for other, difference, verdict in tuning.against_best()
        ],
        "remarks": tuning.remarks(),
    }


def suite_table(suite: Suite) -> str:
    """The median number of steps to the target of each optimizer on each problem."""
    costs = suite.costs()
    rows = [("steps to the target", *(workload.name for workload, _ in suite.results))]
    for name, cost in costs.items():
        rows.append((name, *(f"{steps:,.0f}" if math.isfinite(steps) else "never" for steps in cost)))
    return table(rows)


def _tuned_json(tuned: Tuned, target: float) -> dict[str, Any]:
    from nn_core.cli.tuning.space import space_of

    choosing, judging = tuned.trial_losses(CHOOSING), tuned.trial_losses(JUDGING)
    return {
        "optimizer": tuned.name,
        "space": space_of(tuned.name),
        "trials": [
            {"values": dict(candidate.values), "choosing_loss": _number(a), "judging_loss": _number(b)}
            for (candidate, _), a, b in zip(tuned.trials, choosing, judging, strict=True)
        ],
        "chosen": {"optimizer": tuned.chosen.spec, "learning_rate": tuned.chosen.learning_rate},
        "expected_loss": _numbers(expected_choice(choosing, judging)),
        "median_loss": _number(median(tuned.losses)),
        "losses": _numbers(tuned.losses),
        "steps_to_target": _numbers(tuned.steps_to(target)),
    }


def _difference_json(difference: PairedDifference) -> dict[str, Any]:
    return {
        "difference": _number(difference.estimate),
        "low": _number(difference.low),
        "high": _number(difference.high),
        "p": difference.p,
    }


def _difference(difference: PairedDifference, verdict: str) -> str:
    clear = "" if verdict != "no clear difference" else "  no clear difference"
    return f"{_loss(difference.estimate)} [{_loss(difference.low)}, {_loss(difference.high)}]{clear}"


def _loss(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "inf" if value > 0 else "-inf"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]
