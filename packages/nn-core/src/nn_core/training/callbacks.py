"""Callbacks, run after each step, each epoch, and at the end."""

from collections.abc import Iterable
from typing import Any

from nn_core.errors import SettingError
from nn_core.hints import HelpfulErrors
from nn_core.registry import require
from nn_core.training.history import Mode, column_name, mode_of
from nn_core.training.state import TrainingState


class Callback(HelpfulErrors):
    """Base class with hooks to override; `state.stop(reason)` ends the run.

    restores_best  whether it restores the best weights; at most one callback of a run may
    """

    restores_best: bool = False

    def __init_subclass__(cls) -> None:
        """Raise SettingError for hooks of other libraries, which would never be called."""
        super().__init_subclass__()
        for name in vars(cls):
            if name.startswith("on_") and name.endswith(("_begin", "_end", "_start")) and not hasattr(Callback, name):
                hook = "on_epoch" if "epoch" in name else "on_step" if "batch" in name or "step" in name else "on_end"
                raise SettingError(f"{cls.__name__}.{name} would never be called; use def {hook}(self, state)")

    def on_step(self, state: TrainingState) -> None:
        """Called after every weight update, and after `on_epoch` at the end of an epoch.

        After an exception raised here, the run can be saved and resumed.
        """

    def on_epoch(self, state: TrainingState) -> None:
        """Called after every epoch, once its metrics are in the history."""

    def on_end(self, state: TrainingState) -> None:
        """Called when the run finishes, by its epochs or by `state.stop`; not after an exception."""


class RestoreBestWeights(Callback):
    """Restore the weights of the epoch with the best value of a metric when the run finishes.

    monitor  column of the history
    mode     "min" if lower is better, "max" if higher is better; None: inferred from the name
    `state.best` holds them, and a checkpoint stores them in addition to the latest weights, so that
    the run can be resumed.
    """

    restores_best = True

    def __init__(self, *, monitor: str = "validation_loss", mode: Mode | None = None) -> None:
        require(isinstance(monitor, str), f"monitor must be the name of a history column, not {monitor!r}")
        ours = column_name(monitor)
        require(ours == monitor, f"the history has no {monitor!r}; use monitor={ours!r}")
        require(mode in {"min", "max", None}, f"mode must be 'min' or 'max', not {mode!r}")
        self.monitor = monitor
        self.mode: Mode = mode_of(monitor) if mode is None else mode

    def on_epoch(self, state: TrainingState) -> None:
        if self.best_epoch(state) == state.epoch:
            state.keep_best()

    def on_end(self, state: TrainingState) -> None:
        state.restore_best()

    def best_epoch(self, state: TrainingState) -> int:
        """The number of the best epoch so far; 0 if the metric was NaN in all of them.

        Raises SettingError if the history has no such column.
        """
        history = state.history
        column = history.find(self.monitor)
        if column is None:
            known = ", ".join(sorted(history.columns))
            hint = "; pass validation=(x, y)" if self.monitor.startswith("validation_") else ""
            raise SettingError(f"cannot monitor {self.monitor}; the history has {known}{hint}")
        return history.epoch_of(history.best(column, self.mode))


class EarlyStopping(RestoreBestWeights):
    """Stop when a metric has not improved for `patience` epochs, and restore the weights of the best epoch.

    monitor       column of the history
    mode          "min" if lower is better, "max" if higher is better; None: inferred from the name
    restore_best  whether to restore the weights of the best epoch, or keep the latest
    It reads the history, which is stored in checkpoints, so a resumed run stops at the same epoch as
    an uninterrupted one.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 7.8.
    """

    def __init__(
        self, patience: int, *, monitor: str = "validation_loss", mode: Mode | None = None, restore_best: bool = True
    ) -> None:
        require(patience >= 1, f"patience must be at least 1 epoch, not {patience}")
        super().__init__(monitor=monitor, mode=mode)
        self.patience, self.restores_best = patience, restore_best

    def on_epoch(self, state: TrainingState) -> None:
        best = self.best_epoch(state)
        if self.restores_best and best == state.epoch:
            state.keep_best()
        if state.epoch - best >= self.patience:
            epochs = "epoch" if self.patience == 1 else "epochs"
            state.stop(f"{self.monitor} has not improved for {self.patience} {epochs}; best was epoch {best}")

    def on_end(self, state: TrainingState) -> None:
        if self.restores_best:
            super().on_end(state)


def as_callbacks(given: Any) -> tuple[Callback, ...]:
    """A tuple of callbacks, at most one of which restores the best weights.

    given  one or several callbacks
    Raises SettingError for anything else, such as a class.
    """
    callbacks = tuple(given) if isinstance(given, Iterable) else (given,)
    for callback in callbacks:
        if isinstance(callback, type) and issubclass(callback, Callback):
            arguments = "5" if issubclass(callback, EarlyStopping) else ""
            raise SettingError(f"{callback.__name__} is a class; use {callback.__name__}({arguments})")
        if not isinstance(callback, Callback):
            raise SettingError(f"a callback is a Callback, such as EarlyStopping(5), not {type(callback).__name__}")
    keeping = [type(callback).__name__ for callback in callbacks if callback.restores_best]
    require(len(keeping) < 2, f"{' and '.join(keeping)} both restore the best weights; omit one")
    return callbacks
