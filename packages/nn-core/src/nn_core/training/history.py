"""The history of a run: metrics by epoch, loss by step."""

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nn_core.hints import HelpfulErrors

Mode: TypeAlias = Literal["min", "max"]
"""Whether lower or higher values of a metric are better."""


@dataclass
class History(HelpfulErrors):
    """Columns of metrics, with one row per epoch, and the loss of every step.

    columns    name -> values, NaN if missing: `epoch`, `step`, `seconds`, `learning_rate`,
               `training_loss`, `validation_loss`, ...
    step_loss  the batch loss of each step, before the update, without penalties
    """

    columns: dict[str, list[float]] = field(default_factory=dict)
    step_loss: list[float] = field(default_factory=list)
    _best: dict[tuple[str, Mode], tuple[int, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return max(map(len, self.columns.values()), default=0)

    def append(self, row: dict[str, float]) -> None:
        """Add an epoch."""
        length = len(self)
        for name in row:
            self.columns.setdefault(name, [math.nan] * length)
        for name, column in self.columns.items():
            column.append(float(row.get(name, math.nan)))

    def row(self, index: int) -> dict[str, float]:
        """The metrics of one epoch."""
        return {name: column[index] for name, column in self.columns.items()}

    def best(self, monitor: str, mode: Mode = "min") -> int:
        """The first row with the lowest (or highest) value of a column; -1 if it has no values."""
        values = self.columns.get(monitor, [])
        seen, best = self._best.get((monitor, mode), (0, -1))  # each row is compared once
        for index in range(seen, len(values)):
            better = best < 0 or (values[index] > values[best] if mode == "max" else values[index] < values[best])
            if better and not math.isnan(values[index]):
                best = index
        self._best[monitor, mode] = (len(values), best)
        return best

    def copy(self) -> "History":
        """A copy with its own lists."""
        columns = {name: list(column) for name, column in self.columns.items()}
        return History(columns, list(self.step_loss))
