"""Metrics of each class, as data and as text."""

import numpy as np
import pytest

from nn_core.cli.class_report import baseline_notes, class_lines, class_metrics, class_report

# Of 6 examples of "a", 5 are found; of 2 of "b", 1. "c" has none and is never predicted.
LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1])
PREDICTED = np.array([0, 0, 0, 0, 0, 1, 1, 0])
LOGITS = np.eye(3)[PREDICTED]


def test_the_metrics_by_hand() -> None:
    found = class_metrics(LOGITS, LABELS, ("a", "b", "c"))
    assert (found["baseline_class"], found["baseline_accuracy"]) == ("a", 0.75)
    assert found["classes"]["a"] == {"examples": 6, "precision": 5 / 6, "recall": 5 / 6, "f1": 5 / 6}
    assert found["classes"]["b"] == {"examples": 2, "precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2}
    assert found["classes"]["c"] == {"examples": 0, "precision": None, "recall": None, "f1": None}
    assert found["macro_f1"] == pytest.approx((5 / 6 + 1 / 2) / 2)
    assert found["confusion"] == [[5, 1, 0], [1, 1, 0], [0, 0, 0]]
    # Of the 12 pairs of an "a" and another, 5 * 1 are ranked rightly, 5 * 1 + 1 * 1 tie.
    assert found["roc_auc"] == pytest.approx((5 + 6 / 2) / 12)
    assert class_metrics(LOGITS, LABELS, ("a", "b", "c"), baseline=2)["baseline_accuracy"] == 0


@pytest.mark.parametrize("rare", [0, 1])
def test_the_average_precision_of_two_classes_is_that_of_the_rarer(rare: int) -> None:
    labels = np.full(10, 1 - rare)
    labels[:2] = rare
    logits = np.linspace(1, -1, 10)[:, None] * (1 if rare else -1)  # the rare ones first
    logits[[1, 2]] = logits[[2, 1]]
    found = class_metrics(logits, labels, ("no", "yes"))
    assert found["positive_class"] == ("no", "yes")[rare]
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_the_report() -> None:
    result = {"accuracy": 0.75, "loss": 0.5, "examples": 8, "data": "some.csv"}
    lines = class_report(result | class_metrics(LOGITS, LABELS, ("a", "b", "c")), examples="rows").splitlines()
    assert lines[:3] == [
        "some.csv: 8 rows, accuracy 75.00%, loss 0.5",
        "majority-class baseline (always 'a'): accuracy 75.00%",
        "Note: accuracy 75.00% is no better than always 'a' (75.00%)",
    ]
    assert lines[4] == "a                 6      83.3%   83.3%  83.3%".replace(
        "                 6", "                 6"
    )
    assert lines[6].split() == ["c", "0"]
    assert lines[7].split() == ["macro", "average", "66.7%", "66.7%", "66.7%"]
    assert lines[8].startswith("ROC AUC 0.667, average precision 0.")


def test_a_note_only_without_gain() -> None:
    assert baseline_notes(0.76, 0.75, "always 'a'") == []
    assert len(baseline_notes(0.75, 0.75, "always 'a'")) == 1


def test_of_many_classes_those_with_the_lowest_f1() -> None:
    names = tuple(f"class {c}" for c in range(30))
    labels = np.arange(30).repeat(2)
    logits = np.eye(30)[labels]
    logits[-2:] = np.eye(30)[0]  # the last class is taken for the first
    first, *rest = class_lines(class_metrics(logits, labels, names), counts={"examples": "examples"})[0].splitlines()
    assert first.startswith("lowest F1 of 30 classes  examples")
    assert len(rest) == 11
    assert rest[0].split() == ["class", "29", "2", "0.0%", "0.0%"]
    assert rest[1].startswith("class 0 ")


def test_long_and_unprintable_names_stay_on_one_line() -> None:
    lines = class_lines(class_metrics(LOGITS, LABELS, ("a\nb", "x" * 99, "c")), counts={"examples": "examples"})
    assert "a\\nb" in lines[0]
    assert max(map(len, lines[0].splitlines())) < 80
