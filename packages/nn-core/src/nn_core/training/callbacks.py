"""Callbacks, run after each step and each epoch."""

from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.registry import require
from nn_core.training.history import Mode
from nn_core.training.state import TrainingState


class Callback:
    """Override what is of interest; `state.stop(reason)` ends the run."""

    def on_step(self, state: TrainingState) -> None:
        """After every update of the weights, and after `on_epoch` if it ends an epoch.

        Whatever is raised here leaves a run that can be saved and resumed.
        """

    def on_epoch(self, state: TrainingState) -> None:
        """After every epoch, once its metrics are in the history."""


class EarlyStopping(Callback):
    """Stop when a metric has not improved for `patience` epochs.

    monitor  the column of the history
    mode     "min" if lower is better, "max" if higher is
    It keeps nothing: all it needs is in the history, so a resumed run stops where the
    uninterrupted one would.
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
    """Keep a copy of the parameters of the epoch in which a metric was best.

    monitor     the column of the history
    mode        "min" if lower is better, "max" if higher is
    parameters  the copy, None before the first epoch; a checkpoint keeps it beside the run's
                own, so that the run can be resumed. `restore` puts it into the network.
    """

    def __init__(self, monitor: str = "validation_loss", mode: Mode = "min") -> None:
        _require_mode(mode)
        self.monitor, self.mode = monitor, mode
        self.parameters: Array | None = None

    def on_epoch(self, state: TrainingState) -> None:
        if state.history.best(self.monitor, self.mode) == state.epoch - 1:
            self.parameters = state.network.vector.copy()

    def restore(self, state: TrainingState) -> None:
        """Give the network the best parameters, if there are any; for the end of a run."""
        if self.parameters is not None:
            state.network.vector[...] = self.parameters


def _require_mode(mode: str) -> None:
    require(mode in {"min", "max"}, f"mode must be 'min' or 'max', not {mode!r}")
