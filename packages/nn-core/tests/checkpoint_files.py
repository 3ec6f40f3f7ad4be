"""Checkpoints of small runs, for the tests of what is in such files."""

from pathlib import Path
from typing import Any

import pytest
from small_runs import full_trainer

from nn_core import checkpoint
from nn_core.checkpoint import Checkpoint
from nn_core.errors import CheckpointError
from nn_core.training.callbacks import Callback
from nn_core.training.trainer import Trainer

PROGRAM = "test"


def saved(path: Path, trainer: Trainer | None = None, **settings: Any) -> Path:
    """A run, by default one that has not begun, in a file."""
    trainer = full_trainer(epochs=1) if trainer is None else trainer
    defaults: dict[str, Any] = {"program": PROGRAM, "details": {}}
    defaults["snapshot"] = trainer.state.snapshot()
    checkpoint.save(path, trainer.network, **(defaults | settings))
    return path


def load(path: Path) -> Checkpoint:
    return checkpoint.load(path, program=PROGRAM)


def resumed(path: Path, *callbacks: Callback, **settings: Any) -> Trainer:
    """The run in the file, in a trainer that knows nothing else of it."""
    stored = load(path)
    trainer = full_trainer(stored.network, *callbacks, seed=999, **settings)
    trainer.resume(stored.require_snapshot())
    return trainer


def load_error(path: Path) -> str:
    """The one line with which a file is refused, without the file's name."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    return _line(caught.value, path)


def save_error(path: Path, *saving: Any, **settings: Any) -> str:
    """The one line with which saving fails, without the file's name."""
    with pytest.raises(CheckpointError) as caught:
        saved(path, *saving, **settings)
    return _line(caught.value, path)


def _line(error: Exception, path: Path) -> str:
    message = str(error)
    assert message.count(str(path)) == 1
    assert "\n" not in message
    return message.replace(str(path), "FILE")
