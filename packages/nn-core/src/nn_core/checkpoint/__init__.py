"""Checkpoints: a trained network in an HDF5 file, optionally with its training run to resume."""

from nn_core.checkpoint.format import FORMAT, VERSION, Checkpoint, is_checkpoint, load, save, unusable

__all__ = ["FORMAT", "VERSION", "Checkpoint", "is_checkpoint", "load", "save", "unusable"]
