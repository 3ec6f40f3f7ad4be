"""How well a network tells its classes apart, as data and as text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nn_core.arrays import Array, Labels
from nn_core.metrics import (
    average_precision,
    confusion_matrix,
    f1_scores,
    macro_average,
    precision_and_recall,
    predicted_labels,
    roc_auc,
)
from nn_core.printable import shortened
from nn_core.summary import table

MAX_CLASSES = 20
"""Number of classes up to which a table shows all."""
WORST = 10
"""Number of classes shown of more, those with the lowest F1."""


def class_metrics(
    logits: Array, labels: Labels, classes: Sequence[str], *, baseline: int | None = None
) -> dict[str, Any]:
    """Metrics of each class and of all together; None where one is undefined.

    logits    (N, C), or (N, 1) for two classes
    labels    (N,)
    classes   C names
    baseline  a class to predict always; None for the most frequent one of the labels

    baseline_class, baseline_accuracy       the accuracy of always predicting one class
    macro_precision, macro_recall, macro_f1  means over the classes that are present or predicted
    roc_auc, average_precision              means over the classes present; of two classes, the average
                                            precision is that of positive_class: the second class,
                                            or the first if it is less than half as frequent
    classes                                 name -> examples, precision, recall, f1
    confusion                               counts by true and predicted class
    """
    counts = np.bincount(labels.astype(np.intp), minlength=len(classes))
    most = int(counts.argmax()) if baseline is None else baseline
    confusion = confusion_matrix(predicted_labels(logits), labels, len(classes))
    precision, recall = precision_and_recall(confusion)
    scores = {"precision": precision, "recall": recall, "f1": f1_scores(confusion)}
    result: dict[str, Any] = {
        "baseline_class": classes[most],
        "baseline_accuracy": int(counts[most]) / len(labels),
        **{f"macro_{name}": _number(macro_average(values, confusion)) for name, values in scores.items()},
        "roc_auc": _number(roc_auc(logits, labels)),
    }
    if len(classes) == 2:
        rare = 0 if 2 * counts[0] < counts[1] else 1
        towards = logits if rare == 1 else -logits
        result["positive_class"] = classes[rare]
        result["average_precision"] = _number(average_precision(towards, (labels == rare).astype(np.int64)))
    else:
        result["average_precision"] = _number(average_precision(logits, labels))
    result["classes"] = {
        name: {"examples": int(counts[c])} | {key: _number(values[c]) for key, values in scores.items()}
        for c, name in enumerate(classes)
    }
    return result | {"confusion": confusion.tolist()}


def class_lines(result: Mapping[str, Any], *, part: str = "", counts: Mapping[str, str]) -> list[str]:
    """A table of the metrics of each class, and a line of those of all together.

    result  from `class_metrics`, with keys that start with `part`
    counts  headings of the columns of counts, by their key
    Of more than MAX_CLASSES classes, those with the lowest F1.
    """
    classes: Mapping[str, Mapping[str, Any]] = result["classes"]
    shown, heading = list(classes), "class"
    if len(classes) > MAX_CLASSES:
        shown.sort(key=lambda name: -1.0 if classes[name]["f1"] is None else classes[name]["f1"])
        heading, shown = f"lowest F1 of {len(classes)} classes", shown[:WORST]
    rows = [(heading, *counts.values(), "precision", "recall", "F1")]
    for name in shown:
        row = classes[name]
        rows.append((shortened(name), *(f"{row[key]:,}" for key in counts), *_percents(row, "")))
    rows.append(("macro average", *("" for _ in counts), *_percents(result, f"{part}macro_")))
    ranking = []
    if result[f"{part}roc_auc"] is not None:
        ranking.append(f"ROC AUC {result[f'{part}roc_auc']:.3f}")
    if result[f"{part}average_precision"] is not None:
        of = f" of {shortened(result['positive_class'])!r}" if "positive_class" in result else ""
        ranking.append(f"average precision{of} {result[f'{part}average_precision']:.3f}")
    return [table(rows), *([", ".join(ranking)] if ranking else [])]


def class_report(result: Mapping[str, Any], *, examples: str = "examples") -> str:
    """The result of `evaluate`: loss, accuracy beside the baseline, and the metrics of each class.

    result    accuracy, loss, examples, data, and `class_metrics`
    examples  what the examples are, e.g. "photos"
    """
    words = baseline_words(result)
    accuracy, baseline = result["accuracy"], result["baseline_accuracy"]
    return "\n".join(
        [
            f"{result['data']}: {result['examples']:,} {examples}, accuracy {accuracy:.2%}, loss {result['loss']:.4g}",
            f"majority-class baseline ({words}): accuracy {baseline:.2%}",
            *baseline_notes(accuracy, baseline, words),
            *class_lines(result, counts={"examples": examples}),
        ]
    )


def baseline_words(result: Mapping[str, Any]) -> str:
    """The majority-class baseline: "always 'ok'"."""
    return f"always {shortened(result['baseline_class'])!r}"


def baseline_notes(accuracy: float, baseline: float, words: str) -> list[str]:
    """A note if a network is no more accurate than the majority-class baseline."""
    if accuracy > baseline:
        return []
    return [f"Note: accuracy {accuracy:.2%} is no better than {words} ({baseline:.2%})"]


def _percents(row: Mapping[str, Any], part: str) -> tuple[str, ...]:
    found = (row[f"{part}{name}"] for name in ("precision", "recall", "f1"))
    return tuple("" if value is None else f"{value:.1%}" for value in found)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
