"""What a run did, epoch by epoch and step by step."""

import math
from dataclasses import dataclass, field


@dataclass
class History:
    """Columns of figures, one row an epoch, and the loss of every step.

    columns    name -> figures, NaN where an epoch had none: `epoch`, `step`, `seconds`,
               `learning_rate`, `training_loss`, `validation_loss`, ...
    step_loss  the loss of each step's batch, before that step, without penalties
    """

    columns: dict[str, list[float]] = field(default_factory=dict)
    step_loss: list[float] = field(default_factory=list)
    _best: dict[tuple[str, bool], tuple[int, int]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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
        """The figures of one epoch."""
        return {name: column[index] for name, column in self.columns.items()}

    def best(self, column: str, *, largest: bool = False) -> int:
        """The first row in which the column is lowest (or largest); -1 if it has no figures."""
        values = self.columns.get(column, [])
        seen, best = self._best.get((column, largest), (0, -1))  # no row is looked at twice
        for index in range(seen, len(values)):
            better = best < 0 or (
                values[index] > values[best] if largest else values[index] < values[best]
            )
            if better and not math.isnan(values[index]):
                best = index
        self._best[column, largest] = (len(values), best)
        return best
