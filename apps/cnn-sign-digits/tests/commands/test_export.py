"""`export`: the network alone."""

from pathlib import Path

import numpy as np
import pytest
from program import PHOTOS, refusal, succeed, trained

from cnn_sign_digits.model import Model, load_model
from nn_core.testing import contents


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies the three signs without error."""
    folder = tmp_path_factory.mktemp("model")
    return trained(folder, "--epochs", 30, "--batch-size", 10)


def test_smaller_and_the_same(model: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.h5"
    said = succeed("export", "--model", model, "--save", small).stdout
    assert said.startswith(f"{small}: {small.stat().st_size:,} bytes, from ")
    assert small.stat().st_size < model.stat().st_size / 1.5
    one, other = load_model(model), load_model(small)
    np.testing.assert_array_equal(one.log_probabilities(PHOTOS), other.log_probabilities(PHOTOS))
    assert isinstance(other, Model)
    assert other.checkpoint.snapshot is None


def test_never_over_the_model_itself(model: Path) -> None:
    before = contents(model.parent)
    assert "would overwrite --model" in refusal("export", "--model", model, "--save", model, status=2)
    assert contents(model.parent) == before
