"""Optimizers, learning-rate schedules and gradient transforms."""
