"""Progress of training runs, with the metrics of each epoch."""

import contextlib
from collections.abc import Iterator

from nn_core.progress import counting
from nn_core.progress_bar import Progress
from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState


class EpochProgress(Callback):
    """Show the progress of a run, with the metrics of each epoch."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_step(self, state: TrainingState) -> None:
        self.progress.move(state.step / state.steps_per_epoch)

    def on_epoch(self, state: TrainingState) -> None:
        self.progress.advance(describe=lambda: describe(state.history.row(-1)))


@contextlib.contextmanager
def epoch_progress(state: TrainingState, *, leave: bool = False, unit: str = "epoch") -> Iterator[EpochProgress]:
    """The progress of a run, as a callback, until the end of the block.

    leave  whether the bar stays
    unit   what an epoch is called
    """
    with counting(state.epochs, unit, name="training", done=state.epoch, leave=leave) as progress:
        yield EpochProgress(progress)


def describe(row: dict[str, float]) -> str:
    """The training loss and the validation metrics of an epoch; without validation, the training metrics."""
    validated = any(name.startswith("validation_") for name in row)
    shown = ("training_loss", "validation_") if validated else "training_"
    return "  ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in row if name.startswith(shown))
