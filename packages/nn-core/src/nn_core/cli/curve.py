"""The metrics of a run in the course of training, and their JSON in a journal."""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import DataError
from nn_core.storage.json_file import Schema

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers that JSON lacks, by the text that stands for them."""

NUMBERS: Schema = [(float, str)]

CURVE_SCHEMA: Schema = {
    "seed": int,
    "steps": [int],
    "epochs": [int],
    "seconds": [float],
    "metrics": {str: NUMBERS},
    "diverged": (str, None),
    "weights?": {"dtype": str, "data": Any},
    "probed?": Any,
}
"""Of `Curve.to_dict`."""


@dataclass
class Curve:
    """The metrics during one run, and how the run ended.

    steps, epochs, seconds  at the start, and after evenly spaced epochs up to the last; seconds of
                            training only
    metrics                 name -> value at each of these points: training_loss always,
                            training_accuracy for classes, validation_loss and validation_accuracy
                            with a validation set
    diverged                the error message, or None
    weights                 all parameters at the end, if asked for
    probed                  what was measured before the first step, if asked for: numbers in lists
    """

    seed: int
    steps: list[int] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    diverged: str | None = None
    weights: Array | None = None
    probed: Any = None

    @property
    def losses(self) -> list[float]:
        """The training losses."""
        return self.metrics["training_loss"]

    def final(self, metric: str) -> float:
        """A metric at the end; NaN if it was not measured or the run diverged."""
        values = self.metrics.get(metric)
        return values[-1] if values and not self.diverged else math.nan

    def steps_to(self, loss: float) -> int | None:
        """The first recorded step whose training loss is at most `loss`; None if there is none."""
        return next((s for s, at in zip(self.steps, self.losses, strict=True) if at <= loss), None)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON; numbers that are not finite are texts."""
        return {
            "seed": self.seed,
            "steps": self.steps,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "metrics": _encoded(self.metrics),
            "diverged": self.diverged,
            **({} if self.weights is None else {"weights": _packed(self.weights)}),
            **({} if self.probed is None else {"probed": _encoded(self.probed)}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Curve":
        """The inverse of `to_dict`. Raises DataError if the values do not fit each other."""
        metrics = {name: [_number(value) for value in column] for name, column in values["metrics"].items()}
        lengths = {len(values[name]) for name in ("steps", "epochs", "seconds")} | set(map(len, metrics.values()))
        if len(lengths) != 1 or 0 in lengths or "training_loss" not in metrics:
            raise DataError("a run in the journal has no training losses, or columns of several lengths")
        return cls(
            seed=values["seed"],
            steps=values["steps"],
            epochs=values["epochs"],
            seconds=[float(value) for value in values["seconds"]],
            metrics=metrics,
            diverged=values["diverged"],
            weights=_unpacked(values["weights"]) if "weights" in values else None,
            probed=_decoded(values.get("probed")),
        )


def _encoded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _encoded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _decoded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_decoded(each) for each in value]
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


def _number(value: float | str) -> float:
    if isinstance(value, str) and value not in NOT_FINITE:
        raise DataError(f"a run in the journal has a metric that is no number: {value[:20]!r}")
    return NOT_FINITE[value] if isinstance(value, str) else float(value)


def _packed(values: Array) -> dict[str, str]:
    dtype = values.dtype.newbyteorder("<")
    return {"dtype": dtype.str, "data": base64.b64encode(values.astype(dtype).tobytes()).decode()}


def _unpacked(packed: Mapping[str, Any]) -> Array:
    try:
        dtype = {"<f4": np.float32, "<f8": np.float64}[packed["dtype"]]
        raw = base64.b64decode(packed["data"], validate=True)
        return np.frombuffer(raw, np.dtype(packed["dtype"])).astype(dtype)
    except (KeyError, TypeError, ValueError):
        raise DataError("a run in the journal has damaged weights") from None
