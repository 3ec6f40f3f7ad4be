"""Checkpoints: a trained network in an HDF5 file, optionally with its training run to resume."""

from nn_core.checkpoint.format import (
    FORMAT,
    READERS,
    VERSION,
    Checkpoint,
    is_checkpoint,
    load,
    load_model,
    save,
    unusable,
)

__all__ = ["FORMAT", "READERS", "VERSION", "Checkpoint", "is_checkpoint", "load", "load_model", "save", "unusable"]
