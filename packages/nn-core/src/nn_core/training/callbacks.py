"""What may happen after a step or an epoch, without the loop knowing of it."""

from typing import TYPE_CHECKING

from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.registry import require

if TYPE_CHECKING:
    from nn_core.training.trainer import Trainer


class Callback:
    """Override what is of interest; `trainer.stop(reason)` ends the run."""

    def on_step(self, trainer: "Trainer") -> None:
        """After every update of the weights, and after its epoch's figures if it ends one.

        Whatever is raised here leaves a run that can be saved and resumed.
        """

    def on_epoch(self, trainer: "Trainer") -> None:
        """After every epoch, once its figures are in the history."""


class EarlyStopping(Callback):
    """Stop when a figure has not improved for `patience` epochs.

    column   of the history; the lowest is best, or the largest if so asked
    It remembers nothing: all it needs stands in the history, so a resumed run stops where
    the other would have.
    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sec. 7.8.
    """

    def __init__(
        self, patience: int, column: str = "validation_loss", *, largest: bool = False
    ) -> None:
        require(patience >= 1, f"patience must be at least one epoch, not {patience}")
        self.patience = patience
        self.column = column
        self.largest = largest

    def on_epoch(self, trainer: "Trainer") -> None:
        if self.column not in trainer.history.columns:
            raise SettingError(f"cannot stop early: nothing measures {self.column}")
        best = trainer.history.best(self.column, largest=self.largest)
        if trainer.epoch - (best + 1) >= self.patience:
            trainer.stop(
                f"no better {self.column} for {self.patience} epochs; best was epoch {best + 1}"
            )


class RestoreBestWeights(Callback):
    """Keep a copy of the parameters of the epoch in which a figure was best.

    parameters  the copy, None before the first epoch; a checkpoint keeps it
    """

    def __init__(self, column: str = "validation_loss", *, largest: bool = False) -> None:
        self.column = column
        self.largest = largest
        self.parameters: Array | None = None

    def on_epoch(self, trainer: "Trainer") -> None:
        best = trainer.history.best(self.column, largest=self.largest)
        if best == trainer.epoch - 1:
            self.parameters = trainer.network.parameters.copy()
