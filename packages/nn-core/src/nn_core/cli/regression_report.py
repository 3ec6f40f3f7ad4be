"""How well a network predicts numbers, as data and as text."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.metrics import mean_absolute_error, r2, root_mean_squared_error
from nn_core.summary import table

METRICS = {"root_mean_squared_error": root_mean_squared_error, "mean_absolute_error": mean_absolute_error, "r2": r2}


def regression_metrics(values: npt.NDArray[Any], targets: npt.NDArray[Any], mean: float) -> dict[str, float | None]:
    """RMSE and MAE in the units of the targets, R2, and the same of always predicting `mean`.

    R2 is None for a single example, which has no variance to explain.

    values, targets  (N,)
    mean             of the training set
    """
    always = np.full(len(targets), mean)
    found: dict[str, float | None] = {}
    for start, predicted in (("", values), ("baseline_", always)):
        found |= {f"{start}{name}": metric(predicted, targets) for name, metric in METRICS.items()}
        if len(targets) == 1:
            found[f"{start}r2"] = None
    return found


def regression_table(result: Mapping[str, Any], parts: Mapping[str, str], *, mean: float) -> list[str]:
    """A line per part, and one for the training mean, with a note if that is as good.

    result  from `regression_metrics`, with keys that start with "training_" and so on; also loss
    parts   the first column of a line, by the start of its keys: "" for none
    """
    rows: list[tuple[str, ...]] = [("", "examples", "loss", "RMSE", "MAE", "R2")]
    for part, words in parts.items():
        count = result["examples"][part.rstrip("_")] if part else result["examples"]
        rows.append((words, f"{count:,}", f"{result[f'{part}loss']:.4g}", *_scores(result, part)))
    last = list(parts)[-1]
    rows.append((f"always the mean, {significant(mean)}", "", "", *_scores(result, f"{last}baseline_")))
    lines = [table(rows)]
    error, baseline = (result[f"{last}{name}root_mean_squared_error"] for name in ("", "baseline_"))
    if error >= baseline:
        lines.append(
            f"Note: RMSE {significant(error)} is no better than always predicting the mean ({significant(baseline)})"
        )
    return lines


def significant(value: float) -> str:
    """A number to at least four significant digits: "0.01234", "12.35", "250,304", "1.235e+12"."""
    size = abs(value)
    if not math.isfinite(value) or (size and not 1e-4 <= size < 1e9):
        return f"{value:.4g}"
    decimals = max(0, 3 - math.floor(math.log10(size))) if size else 0
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scores(result: Mapping[str, Any], part: str) -> tuple[str, ...]:
    error, absolute, explained = (result[f"{part}{name}"] for name in METRICS)
    return significant(error), significant(absolute), r2_text(explained)


def r2_text(value: float | None) -> str:
    """R2 to three decimals; "-" if it is undefined."""
    return "-" if value is None else f"{round(value, 3) + 0.0:.3f}"
