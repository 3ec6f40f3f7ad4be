"""The state of a run, passed to callbacks, and its snapshot, stored in checkpoints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nn_core.arrays import Array
from nn_core.layers.base import State, join_states
from nn_core.network import Network
from nn_core.training.history import History


@dataclass(frozen=True)
class Snapshot:
    """A run between two steps: everything needed to resume it, except data and recipe.

    parameters       the parameter vector of the network
    optimizer_state  state vectors of the trainable parameters, by name
    recurrent_state  initial state of the next chunk of a text; None at the start of an epoch
    seed, step       seed of the run and number of completed steps: the keys of noise and order
    shards           number of shards per batch; None: by batch size
    best             the parameters to predict with, if they are not the latest ones
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

    def __repr__(self) -> str:
        return f"Snapshot(epoch {self.history.epochs}, step {self.step}, seed {self.seed})"

    def _repr_html_(self) -> str:
        """The history as a table, for notebooks."""
        from nn_core.html import html_note

        return f"{self.history._repr_html_()}\n{html_note(repr(self))}"


@dataclass
class TrainingState:
    """The progress of a run. Callbacks read it, and may end the run with `stop`.

    network          the network being trained
    epochs           length of the run
    steps_per_epoch  number of batches per epoch
    seed             seed of the run
    shards           number of shards per batch; None: by batch size
    optimizer_state  state vectors of the trainable parameters, by name
    best             the parameters of the best epoch, if a callback keeps them
    averaged         the trained parameters to predict with, if the optimizer averages them
    recurrent_state  state after the last chunk of a text; None if each batch starts anew
    history          recorded metrics
    step             number of completed steps
    seconds          training time, without evaluation and callbacks
    stopped          why the run was stopped, or None
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
    best: Array | None = None
    averaged: Array | None = None
    _latest: Array | None = None  # the parameters of the last step, while the network holds the best ones

    @property
    def epoch(self) -> int:
        """Number of completed epochs."""
        return self.history.epochs

    def stop(self, reason: str) -> None:
        """End the run after this step, permanently: a resumed run does not continue."""
        self.stopped = reason

    def keep_best(self) -> None:
        """Store a copy of the parameters as the best so far."""
        self.best = self.network.vector.copy()

    def restore_best(self) -> None:
        """Copy the best parameters, if any, to the network; a snapshot keeps the latest ones."""
        if self.best is not None and self._latest is None:
            self._latest = self.network.vector.copy()
            self.network.vector[...] = self.best

    def use_averaged(self) -> None:
        """Copy the averaged parameters, if any, to the network, until `restore_latest`."""
        if self.averaged is not None and self._latest is None:
            self._latest = self.network.vector.copy()
            self.network.trained[...] = self.averaged

    @contextlib.contextmanager
    def predicting(self) -> Iterator[None]:
        """A context in which the network has the parameters to predict with."""
        is_latest = self._latest is None
        self.use_averaged()
        try:
            yield
        finally:
            if is_latest:
                self.restore_latest()

    def restore_latest(self) -> None:
        """Undo `restore_best` and `use_averaged`, to continue training."""
        if self._latest is not None:
            self.network.vector[...] = self._latest
            self._latest = None

    def snapshot(self) -> Snapshot:
        """A copy of everything needed to resume the run."""
        carried = self.recurrent_state
        latest = self.network.vector if self._latest is None else self._latest
        return Snapshot(
            parameters=latest.copy(),
            optimizer_state={name: each.copy() for name, each in self.optimizer_state.items()},
            history=self.history.copy(),
            seed=self.seed,
            step=self.step,
            recurrent_state=None if carried is None else join_states([carried]),
            seconds=self.seconds,
            stopped=self.stopped,
            shards=self.shards,
            best=self._predicting_parameters(),
        )

    def _predicting_parameters(self) -> Array | None:
        """The parameters to predict with, if they are not the latest ones."""
        if self.best is not None:
            return self.best.copy()
        if self.averaged is None:
            return None
        parameters = (self.network.vector if self._latest is None else self._latest).copy()
        parameters[: self.averaged.size] = self.averaged
        return parameters
