"""Training results as data and as text."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Examples
from nn_core.cli.class_report import baseline_notes, baseline_words, class_lines, class_metrics
from nn_core.cli.terminal import counted
from nn_core.progress import reporter
from nn_core.summary import table
from nn_core.training.trainer import Trainer

PARTS = ("training", "validation")
SCORES = frozenset(
    f"validation_{name}"
    for name in (
        *("loss", "accuracy", "baseline_accuracy", "macro_f1", "roc_auc", "average_precision"),
        *("root_mean_squared_error", "baseline_root_mean_squared_error", "mean_absolute_error", "r2"),
    )
)
"""The metrics that cross-validation averages."""


def training_result(trainer: Trainer, *, data: str, classes: Sequence[str]) -> dict[str, Any]:
    """The final metrics of a classifier's training run.

    data     where the training set comes from
    classes  their names
    """
    return {**part_results(trainer, data=data), **_class_result(trainer, classes)}


def part_results(trainer: Trainer, *, data: str) -> dict[str, Any]:
    """The size of the data, the length of the run, and the loss and metrics of the trainer on each part."""
    present = parts_of(trainer)
    return {
        "data": data,
        "examples": {name: len(part[1]) for name, part in present.items()},
        **run_result(trainer),
        **{
            f"{name}_{figure}": value
            for name, part in present.items()
            for figure, value in trainer.evaluate(*part).items()
        },
    }


def parts_of(trainer: Trainer) -> dict[str, tuple[Examples, npt.NDArray[Any]]]:
    """The examples and targets of the training set and, if there is one, the validation set."""
    parts = dict(zip(PARTS, (trainer.examples, trainer.validation), strict=True))
    return {name: part for name, part in parts.items() if part is not None}


def _class_result(trainer: Trainer, classes: Sequence[str]) -> dict[str, Any]:
    """The examples of each class, and how well they are told apart in the validation set, or else in training.

    The baseline is the most frequent class of the training set.
    """
    present = parts_of(trainer)
    counts = {name: np.bincount(y, minlength=len(classes)) for name, (_, y) in present.items()}
    most = int(counts["training"].argmax())
    measured = list(present)[-1]
    x, y = present[measured]
    with np.errstate(over="ignore", invalid="ignore"):
        logits, _ = trainer.backend.predict(x)
    found = class_metrics(logits, y, classes, baseline=most)
    shared = {key: found.pop(key) for key in ("baseline_class", "positive_class", "classes") if key in found}
    del found["confusion"]
    for c, row in enumerate(shared["classes"].values()):
        del row["examples"]
        row |= {name: int(count[c]) for name, count in counts.items()}
    baselines = {f"{name}_baseline_accuracy": int(count[most]) / int(count.sum()) for name, count in counts.items()}
    return shared | baselines | {f"{measured}_{key}": value for key, value in found.items()}


def validation_scores(result: Mapping[str, Any]) -> dict[str, float]:
    """The main metrics on the validation set in a result, by name; NaN where one is undefined."""
    found = {name.removeprefix("validation_"): value for name, value in result.items() if name in SCORES}
    return {name: math.nan if value is None else value for name, value in found.items()}


def run_result(trainer: Trainer) -> dict[str, Any]:
    """The size of a network and the length of its run."""
    state = trainer.state
    return {
        "parameters": state.network.vector.size,
        "epochs": state.epoch,
        "steps": state.step,
        "seconds": state.seconds,
        "stopped": state.stopped,
    }


def training_report(result: Mapping[str, Any], *, network: str, origin: str) -> str:
    """The result as text and a table.

    network  short description of the network
    origin   where the validation set comes from
    """
    words = baseline_words(result)
    rows = [("", "examples", "loss", "accuracy", words)]
    for part, count in result["examples"].items():
        accuracies = (f"{result[f'{part}_{name}']:.2%}" for name in ("accuracy", "baseline_accuracy"))
        rows.append((part, f"{count:,}", f"{result[f'{part}_loss']:.4g}", *accuracies))
    measured = list(result["examples"])[-1]
    return "\n".join(
        [
            data_line(result, origin),
            *run_lines(result, network=network),
            table(rows),
            *baseline_notes(result[f"{measured}_accuracy"], result[f"{measured}_baseline_accuracy"], words),
            f"by class, on the {measured} set:",
            *class_lines(result, part=f"{measured}_", counts={name: name for name in result["examples"]}),
        ]
    )


def data_line(result: Mapping[str, Any], origin: str) -> str:
    """The training set, and where the validation set comes from."""
    held_out = f"validation: {origin}" if "validation" in result["examples"] else "no validation set"
    return f"{result['data']}; {held_out}"


def with_total_seconds(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result with the time since the program started, beside the seconds of training."""
    found = reporter()
    if found is None or "seconds" not in result:
        return dict(result)
    items = list(result.items())
    place = list(result).index("seconds") + 1
    items.insert(place, ("total_seconds", time.monotonic() - found.started))
    return dict(items)


def duration(seconds: float, total: float | None) -> str:
    """The time that training took, and all the work if that took much longer."""
    if total is None or total < max(1.2 * seconds, seconds + 1):
        return f"{seconds:.2f} s"
    return f"{seconds:.2f} s of training, {total:.1f} s in total"


def run_lines(result: Mapping[str, Any], *, network: str) -> list[str]:
    """The size of a network and the length of its run, from `run_result`."""
    epochs, steps = counted(result["epochs"], "epoch"), counted(result["steps"], "step")
    lines = [
        f"{network}, {counted(result['parameters'], 'parameter')}",
        f"{epochs}, {steps} in {duration(result['seconds'], result.get('total_seconds'))}",
    ]
    return [*lines, f"stopped early: {result['stopped']}"] if result["stopped"] else lines
