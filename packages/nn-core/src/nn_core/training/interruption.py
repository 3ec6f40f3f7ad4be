"""Handle Ctrl-C between training steps."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer


class InterruptedBetweenSteps(KeyboardInterrupt):
    """Ctrl-C at a point where the run can be saved."""


class StopWhen(Callback):
    """Raise InterruptedBetweenSteps after the current step once `asked` returns True."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self.asked = asked

    def on_step(self, state: TrainingState) -> None:
        if self.asked():
            raise InterruptedBetweenSteps


@contextlib.contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """A function that tells whether Ctrl-C was pressed; a second Ctrl-C interrupts at once."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def run_until_interrupted(trainer: Trainer) -> None:
    """Train to the end. Ctrl-C stops after the current step and raises KeyboardInterrupt with its number."""
    state = trainer.state
    with interruption() as asked:
        trainer.callbacks = (*trainer.callbacks, StopWhen(asked))
        try:
            trainer.run()
        except InterruptedBetweenSteps:
            where = f"after step {state.step}, in epoch {state.epoch + 1}"
            raise KeyboardInterrupt(f"{where}; the weights and the history so far are kept") from None
