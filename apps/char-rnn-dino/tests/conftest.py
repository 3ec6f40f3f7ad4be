"""Hypothesis without a deadline, since a busy machine is slow; and figures that are not written."""

import pytest
from hypothesis import settings
from matplotlib.figure import Figure

settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures, which are not saved."""
    saved: list[Figure] = []
    monkeypatch.setattr("nn_core.plots.figure_files.save_figure", lambda figure, *_, **__: saved.append(figure))
    return saved
