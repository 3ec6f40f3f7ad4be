"""The history of a run: metrics by epoch, loss by step."""

import math
from collections.abc import Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from nn_core.errors import SettingError
from nn_core.hints import HelpfulErrors
from nn_core.registry import UnknownNameError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Mode: TypeAlias = Literal["min", "max"]
"""Whether lower or higher values of a metric are better."""


MAX_EPOCHS = 100_000
"""Maximum number of rows: beyond it, every second one is dropped."""
MAX_STEPS = 1_000_000
"""Maximum number of losses by step, but for those of the last epoch: beyond it, the earlier half is dropped."""
SHOWN_EPOCHS = 20
"""Maximum number of epochs in a table."""


KNOWN = (
    "loss",
    "accuracy",
    "f1",
    "roc_auc",
    "average_precision",
    "mean_absolute_error",
    "root_mean_squared_error",
    "r2",
)
"""Metrics whose names may be misspelled."""


def mode_of(name: str) -> Mode:
    """Whether lower or higher values of a metric are better, by its name.

    Raises SettingError for an unknown metric.
    """
    if name.endswith(("accuracy", "r2", "precision", "recall", "f1", "auc")):
        return "max"
    if name.endswith(("loss", "error", "perplexity")):
        return "min"
    import difflib

    close = difflib.get_close_matches(name, [f"validation_{each}" for each in KNOWN], n=1, cutoff=0.85)
    advice = f"use monitor={close[0]!r}, or " if close else ""
    raise SettingError(f"is a higher {name} better? {advice}pass mode='max' or mode='min'")


def column_name(name: str) -> str:
    """The name of a column, for one from another library: "val_acc" is "validation_accuracy"."""
    part, _, metric = name.partition("_")
    if part == "val":
        name = f"validation_{metric}"
    names = {"acc": "accuracy", "mae": "mean_absolute_error", "rmse": "root_mean_squared_error"}
    stem, _, last = name.rpartition("_")
    return f"{stem}_{names[last]}".lstrip("_") if last in names else name


@dataclass(repr=False)
class History(HelpfulErrors):
    """Columns of metrics, with one row per epoch, and the loss of every step.

    Memory is bounded, however long the run: beyond MAX_EPOCHS rows, those of every second epoch are
    kept, then of every fourth, and so on, and always the last one; beyond MAX_STEPS losses by step,
    the latest. What is kept depends on the number of epochs only, so that a resumed run agrees.

    columns    name -> values, NaN if missing: `epoch`, `step`, `seconds`, `learning_rate`,
               `training_loss`, `validation_loss`, ...
    step_loss  the batch loss of each step, before the update, without penalties

    history["validation_loss"] is a column; history["loss"] is the training loss.
    """

    columns: dict[str, list[float]] = field(default_factory=dict)
    step_loss: list[float] = field(default_factory=list)
    _best: dict[tuple[str, Mode], tuple[int, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return max(map(len, self.columns.values()), default=0)

    @property
    def epochs(self) -> int:
        """Number of completed epochs: of rows, unless some were dropped."""
        return self.epoch_of(len(self) - 1) if len(self) else 0

    def epoch_of(self, row: int) -> int:
        """The epoch of a row, counted from 1; 0 for row -1 of no epoch."""
        numbers = self.columns.get("epoch")
        return row + 1 if row < 0 or numbers is None else int(numbers[row])

    def __getitem__(self, name: str) -> list[float]:
        """The values of a column, by epoch. Raises UnknownNameError, a KeyError, for another name."""
        column = self.find(name)
        if column is None:
            advice = f"the history has {', '.join(self.columns)}" if self.columns else "no epoch has finished yet"
            ours = column_name(str(name).replace("-", "_"))
            if self.find(ours) is not None:
                advice = f"use history[{ours!r}]"
            raise UnknownNameError("column", name, self.columns, advice)
        return self.columns[column]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __repr__(self) -> str:
        count = f"{len(self)} {'epoch' if len(self) == 1 else 'epochs'}"
        last = [(name, self[name][-1]) for name in ("loss", "validation_loss") if name in self]
        shown = ", ".join(f"{name} {value:.4g}" for name, value in last)
        return f"History({count}: {shown})" if shown else f"History({count})"

    def _repr_html_(self) -> str:
        """The columns as a table, for notebooks; only the first and last epochs of a long run."""
        from nn_core.html import html_table

        epochs = range(len(self))
        chosen = [*epochs] if len(self) <= SHOWN_EPOCHS else [*epochs[:5], *epochs[5 - SHOWN_EPOCHS :]]
        rows = [tuple(f"{value:.4g}" for value in self.row(index).values()) for index in chosen]
        if len(chosen) < len(self):
            rows.insert(5, ("...",) * len(self.columns))
        return html_table([tuple(self.columns), *rows], left=0, notes=[repr(self)])

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def keys(self) -> KeysView[str]:
        """The names of the columns, so that dict(history) works."""
        return self.columns.keys()

    def find(self, name: str) -> str | None:
        """The name of a column; "loss" is "training_loss". None if there is no such column."""
        for candidate in (name, f"training_{name}"):
            if candidate in self.columns:
                return candidate
        return None

    def append(self, row: dict[str, float]) -> None:
        """Add an epoch."""
        if "epoch" in self.columns:
            self._drop_rows()
        length = len(self)
        for name in row:
            self.columns.setdefault(name, [math.nan] * length)
        for name, column in self.columns.items():
            column.append(float(row.get(name, math.nan)))

    def is_of(self, epochs: int, step: int, position: int) -> bool:
        """Whether it is that of a run after this many epochs and steps, the last `position` in the next epoch."""
        least = min(step, max(MAX_STEPS // 2, position))
        return self.epochs == epochs and least <= len(self.step_loss) <= step

    def drop_steps(self, last: int) -> None:
        """Bound the losses by step, at the end of an epoch of `last` steps."""
        if len(self.step_loss) > max(MAX_STEPS, last):
            del self.step_loss[: -max(MAX_STEPS // 2, last)]

    def _drop_rows(self) -> None:
        """Make room for the next epoch: rows other than those of every `apart`-th epoch are dropped."""
        numbers = self.columns["epoch"]
        apart = max(1, int(numbers[0])) if numbers else 1
        if len(numbers) > 1 and numbers[-1] % apart:
            self._keep(range(len(numbers) - 1))
        if len(numbers) >= MAX_EPOCHS:
            self._keep([row for row, number in enumerate(numbers) if number % (2 * apart) == 0])

    def _keep(self, rows: Sequence[int]) -> None:
        for column in self.columns.values():
            if len(rows) == len(column) - 1:
                column.pop()
            else:
                column[:] = [column[row] for row in rows]
        for key, (seen, best) in self._best.items():
            is_kept = seen <= len(rows) or (len(rows) == seen - 1 and best < seen - 1)
            self._best[key] = (min(seen, len(rows)), best) if is_kept else (0, -1)

    def row(self, index: int) -> dict[str, float]:
        """The metrics of one epoch."""
        return {name: column[index] for name, column in self.columns.items()}

    def best(self, monitor: str, mode: Mode = "min") -> int:
        """The first row with the lowest (or highest) value of a column; -1 if all are NaN, or there are none.

        Raises UnknownNameError for another name, once there are columns.
        """
        values = self[monitor] if self.columns else []
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

    def plot(self, title: str = "", labels: Mapping[str, str] | None = None) -> "Figure":
        """The learning curves as a matplotlib Figure; save it with figure.savefig(path).

        labels  metric -> label of its axis, such as {"loss": "loss (nats)"}; None for its name
        """
        from nn_core.training.learning_curves import learning_curves

        return learning_curves(self.columns, title, labels or {})
