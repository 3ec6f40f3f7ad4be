"""Paths of optimizers over surfaces of two variables."""
