"""Checkpoints with one value of their JSON replaced: each is loaded, or refused in one line."""

from pathlib import Path

import numpy as np
import pytest
from program import refusal, trained

from cnn_sign_digits.model import Model, load_model
from cnn_sign_digits.settings import settings_of
from nn_core import checkpoint
from nn_core.testing_json import require_refused_or_loaded


def load(path: Path) -> Model:
    model = load_model(path)
    settings_of(model)
    return model


@pytest.mark.parametrize("count", [40, pytest.param(None, marks=pytest.mark.slow)])
def test_every_value_of_a_checkpoint_is_checked(tmp_path: Path, count: int | None) -> None:
    require_refused_or_loaded(trained(tmp_path), load, count)


def test_weights_that_overflow_are_one_line(tmp_path: Path) -> None:
    path = trained(tmp_path)
    stored = checkpoint.load(path)
    stored.network.vector[...] = 1e38 * np.sign(stored.network.vector + 1e-9)
    checkpoint.save(path, stored.network, program=stored.program, details=stored.details)
    for asked in (("evaluate",), ("evaluate", "--json")):
        line = refusal(*asked, "--model", path, status=1)
        assert line.endswith("the photos: the network overflows; its weights are too large")
