"""What a model says of photos, and how that is written: as text and as CSV."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.model import Model
from nn_core.printable import printable, shortened
from nn_core.summary import table

TOP = 3
"""Number of top classes shown."""
UNLIKE = "unlike anything trained on"


def answers_of(model: Model, paths: Sequence[Path], photos: npt.NDArray[np.uint8]) -> list[dict[str, Any]]:
    """What the model predicts for each photo, most likely classes first."""
    assessment = model.assess(photos)
    order = np.argsort(-assessment.probabilities, axis=1, kind="stable")[:, :TOP]
    return [
        {
            "file": str(path),
            "class": model.classes[top[0]],
            "probability": float(p[top[0]]),
            "rejected": bool(rejected),
            "top": [{"class": model.classes[i], "probability": float(p[i])} for i in top],
            "probabilities": dict(zip(model.classes, p.tolist(), strict=True)),
        }
        for path, p, rejected, top in zip(paths, assessment.probabilities, assessment.rejected, order, strict=True)
    ]


def report(answers: Sequence[dict[str, Any]], *, proba: bool) -> str:
    """A line per photo: the top classes, or with `proba` all, with their probabilities."""
    rows = [
        (
            printable(answer["file"]),
            *(f"{shortened(name)} {p:6.1%}" for name, p in _ranked(answer)[: None if proba else TOP]),
        )
        for answer in answers
    ]
    lines = table(rows).splitlines()
    return "\n".join(
        f"{line}  {UNLIKE}" if answer["rejected"] else line for line, answer in zip(lines, answers, strict=True)
    )


def csv_text(answers: Sequence[dict[str, Any]], classes: Sequence[str], *, proba: bool) -> str:
    """A CSV file: file, prediction, rejected, and with `proba` the probability of each class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "prediction", "rejected", *(f"probability_{name}" for name in classes if proba)])
    for answer in answers:
        p = answer["probabilities"]
        values = [f"{p[name]:.7g}" for name in classes if proba]
        writer.writerow([answer["file"], answer["class"], str(answer["rejected"]).lower(), *values])
    return text.getvalue()


def _ranked(answer: dict[str, Any]) -> list[tuple[str, float]]:
    """Classes and their probabilities, most likely first."""
    return sorted(answer["probabilities"].items(), key=lambda item: -item[1])
