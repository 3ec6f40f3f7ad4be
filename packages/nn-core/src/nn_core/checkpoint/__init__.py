"""Checkpoints: a trained network in one HDF5 file, and the run that trained it, to resume."""

from nn_core.checkpoint.format import FORMAT, VERSION, Checkpoint, load, save, unusable

__all__ = ["FORMAT", "VERSION", "Checkpoint", "load", "save", "unusable"]
