"""Progress of long jobs on stderr: a bar on a terminal or in a notebook, otherwise lines."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState

BAR_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
"""The default of tqdm without the rate, to make room for the metrics."""


class Progress:
    """Count to `total`: a bar by tqdm on a terminal or in a notebook, otherwise a line per 10%.

    leave  whether the bar stays after `close`
    Without tqdm, it always prints lines.
    """

    def __init__(self, total: int, *, unit: str, done: int = 0, leave: bool = False) -> None:
        self.total, self.unit, self.done, self.leave = total, unit, done, leave
        self._describe: Callable[[], str] = str
        self.bar: Any = None
        if "ipykernel" in sys.modules or sys.stderr.isatty():
            make = _tqdm()
            if make is not None:
                self.bar = make(
                    total=total, initial=done, unit=unit, leave=leave, file=sys.stderr, bar_format=BAR_FORMAT
                )

    def advance(self, describe: Callable[[], str] = str) -> None:
        """Count one step; `describe` is called only if something is printed."""
        self.done += 1
        self._describe = describe
        if self.bar is not None:
            self.bar.update()
            if self.bar.n == self.bar.last_print_n:
                self.bar.set_postfix_str(describe(), refresh=False)
        elif self.done * 10 // self.total > (self.done - 1) * 10 // self.total:
            line = f"{self.unit} {self.done}/{self.total}  {describe()}".rstrip()
            sys.stderr.write(f"{line}\n")

    def close(self) -> None:
        """Remove the bar, or keep it with the last values."""
        if self.bar is not None:
            if self.leave:
                self.bar.set_postfix_str(self._describe(), refresh=False)
            self.bar.close()


class EpochProgress(Callback):
    """Show the progress of a run, with the metrics of each epoch.

    unit  what an epoch is called
    """

    def __init__(self, state: TrainingState, *, leave: bool = False, unit: str = "epoch") -> None:
        self.progress = Progress(state.epochs, unit=unit, done=state.epoch, leave=leave)

    def on_epoch(self, state: TrainingState) -> None:
        self.progress.advance(lambda: describe(state.history.row(-1)))

    def close(self) -> None:
        """Remove the bar, or keep it with the last values."""
        self.progress.close()


def describe(row: dict[str, float]) -> str:
    """The training loss and the validation metrics of an epoch; without validation, the training metrics."""
    validated = any(name.startswith("validation_") for name in row)
    shown = ("training_loss", "validation_") if validated else "training_"
    return "  ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in row if name.startswith(shown))


def _tqdm() -> Any:
    """The tqdm class for a terminal or notebook; None if tqdm is not installed."""
    try:
        if "ipykernel" not in sys.modules:
            from tqdm import tqdm
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # without ipywidgets, it warns and falls back to text
                from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm
