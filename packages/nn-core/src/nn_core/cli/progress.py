"""Progress of long jobs on stderr: a bar on a terminal, otherwise lines."""

import sys
from collections.abc import Callable
from typing import Any

from nn_core.cli.terminal import info
from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState

SHOWN = ("training_loss", "validation_loss", "validation_accuracy")


class Progress:
    """Count to `total`: a bar on a terminal, otherwise a line per 10%."""

    def __init__(self, total: int, *, unit: str, done: int = 0) -> None:
        from tqdm import tqdm

        self.total, self.unit, self.done = total, unit, done
        self.bar: Any = None
        if sys.stderr.isatty():
            self.bar = tqdm(total=total, initial=done, unit=unit, leave=False, file=sys.stderr)

    def advance(self, describe: Callable[[], str] = str) -> None:
        """Count one step; `describe` is called only if something is printed."""
        self.done += 1
        if self.bar is not None:
            self.bar.update()
            if self.bar.n == self.bar.last_print_n:
                self.bar.set_postfix_str(describe(), refresh=False)
        elif self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            info(f"{self.unit} {self.done}/{self.total}  {describe()}".rstrip())

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()


class EpochProgress(Callback):
    """Show the progress of a run, with the metrics of each epoch."""

    def __init__(self, state: TrainingState) -> None:
        self.progress = Progress(state.epochs, unit="epoch", done=state.epoch)

    def on_epoch(self, state: TrainingState) -> None:
        self.progress.advance(lambda: describe(state.history.row(-1)))

    def close(self) -> None:
        """Remove the bar."""
        self.progress.close()


def describe(row: dict[str, float]) -> str:
    """The main metrics of an epoch."""
    return "  ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in SHOWN if name in row)
