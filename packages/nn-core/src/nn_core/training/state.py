"""The state of a run, which callbacks see, and a snapshot of it, which a checkpoint keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nn_core.arrays import Array
from nn_core.layers.base import State, join_states
from nn_core.network import Network
from nn_core.training.history import History


@dataclass(frozen=True)
class Snapshot:
    """A run between two steps: all that resuming it needs, beside its data and its recipe.

    parameters       the vector of the network
    optimizer_state  vectors by name, of all parameters that are trained
    recurrent_state  with which the next chunk of a text begins; None at the start of an epoch
    seed, step       of the run, and how many steps are done: the keys of its noise and order
    shards           into how many parts each batch is cut; None for as many as suit it
    best             the parameters to predict with, where they are not the run's last ones
    """

    parameters: Array
    optimizer_state: Mapping[str, Array]
    history: History
    seed: int
    step: int
    recurrent_state: State | None = None
    seconds: float = 0.0
    stopped: str | None = None
    shards: int | None = None
    best: Array | None = None


@dataclass
class TrainingState:
    """Where a run is. Callbacks read it, and end the run by `stop`.

    network          being trained
    epochs           how long the run is
    steps_per_epoch  batches in an epoch
    seed             of the run
    shards           into how many parts each batch is cut; None for as many as suit it
    optimizer_state  vectors by name, of all parameters that are trained
    recurrent_state  after the last chunk of a text; None where a batch starts its own
    history          what was recorded
    step             how many steps are done
    seconds          spent in training alone, without evaluation and callbacks
    stopped          why the run was ended, if it was
    """

    network: Network
    epochs: int
    steps_per_epoch: int
    seed: int
    shards: int | None
    optimizer_state: dict[str, Array]
    recurrent_state: State | None = None
    history: History = field(default_factory=History)
    step: int = 0
    seconds: float = 0.0
    stopped: str | None = None

    @property
    def epoch(self) -> int:
        """How many epochs are complete."""
        return len(self.history)

    def stop(self, reason: str) -> None:
        """End the run after this step, for good: it does not continue when it is resumed."""
        self.stopped = reason

    def snapshot(self) -> Snapshot:
        """A copy of all that resuming the run needs."""
        carried = self.recurrent_state
        return Snapshot(
            parameters=self.network.vector.copy(),
            optimizer_state={name: each.copy() for name, each in self.optimizer_state.items()},
            history=self.history.copy(),
            seed=self.seed,
            step=self.step,
            recurrent_state=None if carried is None else join_states([carried]),
            seconds=self.seconds,
            stopped=self.stopped,
            shards=self.shards,
        )
