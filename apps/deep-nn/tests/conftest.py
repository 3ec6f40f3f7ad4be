"""Hypothesis without a deadline: on a busy machine, 0.1 ms of work may take a second."""

from hypothesis import settings

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
