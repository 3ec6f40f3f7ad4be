"""What a program provides of a training run and of a model: protocols."""

from collections.abc import Mapping
from typing import Any, Protocol

from nn_core.checkpoint import Checkpoint
from nn_core.training.trainer import Trainer


class Setup(Protocol):
    """A training run set up from settings, not yet started."""

    @property
    def trainer(self) -> Trainer:
        """The trainer of the run."""

    @property
    def source(self) -> str:
        """Where the training data comes from, for messages and titles."""

    @property
    def network(self) -> str:
        """A short description of the network."""

    @property
    def fingerprint(self) -> str:
        """Identifies the training data."""

    def details(self) -> Mapping[str, Any]:
        """What a checkpoint stores besides the network."""

    def result(self) -> Mapping[str, Any]:
        """The final metrics of the run."""

    def scores(self, result: Mapping[str, Any]) -> Mapping[str, float]:
        """The metrics on the validation set, by name, for cross-validation; NaN where one is undefined."""

    def report(self, result: Mapping[str, Any]) -> str:
        """The result as text."""


class Model(Protocol):
    """A program's view of a checkpoint."""

    @property
    def fingerprint(self) -> str:
        """Identifies the training data."""

    @property
    def checkpoint(self) -> Checkpoint:
        """The contents of the file."""
