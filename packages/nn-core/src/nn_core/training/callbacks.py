"""Callbacks, run after each step and each epoch."""

from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.hints import HelpfulErrors
from nn_core.registry import require
from nn_core.training.history import Mode
from nn_core.training.state import TrainingState


class Callback(HelpfulErrors):
    """Base class with hooks to override; `state.stop(reason)` ends the run."""

    def on_step(self, state: TrainingState) -> None:
        """Called after every weight update, and after `on_epoch` at the end of an epoch.

        After an exception raised here, the run can be saved and resumed.
        """

    def on_epoch(self, state: TrainingState) -> None:
        """Called after every epoch, once its metrics are in the history."""


class EarlyStopping(Callback):
    """Stop when a metric has not improved for `patience` epochs.

    monitor  column of the history
    mode     "min" if lower is better, "max" if higher is better
    It is stateless, since the history has all it needs, so a resumed run stops at the same epoch
    as an uninterrupted one.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 7.8.
    """

    def __init__(self, patience: int, monitor: str = "validation_loss", mode: Mode = "min") -> None:
        require(patience >= 1, f"patience must be at least 1 epoch, not {patience}")
        _require_mode(mode)
        self.patience, self.monitor, self.mode = patience, monitor, mode

    def on_epoch(self, state: TrainingState) -> None:
        if self.monitor not in state.history.columns:
            known = ", ".join(sorted(state.history.columns))
            raise SettingError(f"cannot monitor {self.monitor}; the history has {known}")
        best = state.history.best(self.monitor, self.mode) + 1
        if state.epoch - best >= self.patience:
            state.stop(
                f"{self.monitor} has not improved for {self.patience} "
                f"{'epoch' if self.patience == 1 else 'epochs'}; best was epoch {best}"
            )


class RestoreBestWeights(Callback):
    """Keep a copy of the parameters of the epoch with the best value of a metric.

    monitor     column of the history
    mode        "min" if lower is better, "max" if higher is better
    parameters  the copy, None before the first epoch; a checkpoint stores it besides the current
                parameters, so that the run can be resumed. `restore` copies it to the network.
    """

    def __init__(self, monitor: str = "validation_loss", mode: Mode = "min") -> None:
        _require_mode(mode)
        self.monitor, self.mode = monitor, mode
        self.parameters: Array | None = None

    def on_epoch(self, state: TrainingState) -> None:
        if state.history.best(self.monitor, self.mode) == state.epoch - 1:
            self.parameters = state.network.vector.copy()

    def restore(self, state: TrainingState) -> None:
        """Copy the best parameters, if any, to the network; for the end of a run."""
        if self.parameters is not None:
            state.network.vector[...] = self.parameters


def _require_mode(mode: str) -> None:
    require(mode in {"min", "max"}, f"mode must be 'min' or 'max', not {mode!r}")
