"""Handle Ctrl-C and other signals between training steps."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from nn_core.signals import raise_terminated
from nn_core.training.callbacks import Callback
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer


class InterruptedBetweenSteps(KeyboardInterrupt):
    """A signal at a point where the run can be saved."""


class StopWhen(Callback):
    """Raise InterruptedBetweenSteps after the current step once `asked` returns a signal."""

    def __init__(self, asked: Callable[[], int]) -> None:
        self.asked = asked

    def on_step(self, state: TrainingState) -> None:
        if self.asked():
            raise InterruptedBetweenSteps


@contextlib.contextmanager
def interruption(signals: Sequence[int] = (signal.SIGINT,)) -> Iterator[Callable[[], int]]:
    """A function that returns the first of these signals that has come, or 0; a second one interrupts at once.

    A signal that the process ignores stays ignored.
    """
    received: list[int] = []

    def first() -> int:
        return received[0] if received else 0

    if threading.current_thread() is not threading.main_thread():
        yield first
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if received:
            raise_terminated(number)
        received.append(number)

    handlers = {number: signal.getsignal(number) for number in signals}
    handled = {number: before for number, before in handlers.items() if before not in (signal.SIG_IGN, None)}
    for number in handled:
        signal.signal(number, handle)
    try:
        yield first
    finally:
        for number, before in handled.items():
            signal.signal(number, before)


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
