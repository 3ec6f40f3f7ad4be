"""A checkpoint that version 0.1 wrote, and models that do not fit their data."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import json_of, refusal, succeed, trained

from deep_nn.model import load_model
from nn_core import checkpoint
from nn_core.errors import CheckpointError, DataError
from nn_core.testing import save_unchecked

DATA = Path(__file__).parent / "data"
OLD = DATA / "old-moons.h5"
"""`deep-nn train --hidden 4,3 --keep-prob 0.8 --epochs 3 --seed 3` of version 0.1."""


def test_an_old_checkpoint_predicts_as_before() -> None:
    expected = json.loads((DATA / "old-moons.json").read_text(encoding="utf-8"))
    p = load_model(OLD).probabilities(np.array(expected["points"]), "points")
    np.testing.assert_allclose(np.log(p), expected["log_probabilities"], rtol=0, atol=1e-5)


def test_an_old_checkpoint_has_the_settings_of_today() -> None:
    settings = json_of("summary", "--model", OLD)["settings"]
    assert (settings["hidden"], settings["dropout"], settings["seed"]) == ("4,3", "0.2", 3)
    assert "keep_prob" not in settings


def test_an_old_checkpoint_can_be_evaluated_and_exported_but_not_resumed(tmp_path: Path) -> None:
    expected = json_of("evaluate", "--model", OLD)
    assert expected["examples"] == 100
    succeed("export", "--model", OLD, "--save", tmp_path / "new.h5")
    assert json_of("evaluate", "--model", tmp_path / "new.h5") == expected
    line = refusal("train", "--resume", OLD, "--save", tmp_path / "m.h5", status=1)
    assert "of an earlier version" in line
    assert "its run cannot be resumed" in line
    assert not (tmp_path / "m.h5").exists()


@pytest.mark.parametrize("data", ["blobs", "circles:points=60"])
def test_two_classes_have_one_logit(tmp_path: Path, data: str) -> None:
    model = load_model(trained(tmp_path / "m.h5", "--data", data))
    p = model.probabilities(np.zeros((5, 2)), "zeros")
    assert p.shape == (5, len(model.classes))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert model.logits(np.zeros((5, 2)), "zeros").shape == (5, 3 if data == "blobs" else 1)


def test_logits_that_overflow(tmp_path: Path) -> None:
    model = load_model(trained(tmp_path / "m.h5"))
    model.network.vector[...] *= 100
    with pytest.raises(DataError, match=r"far\.csv: .* at example 1 \(from 0\)"):
        model.logits(np.array([model.preprocessing.mean, [1e37, -1e37]]), "far.csv")


def test_a_network_that_does_not_fit_its_classes(tmp_path: Path) -> None:
    path = trained(tmp_path / "m.h5", "--data", "blobs")
    loaded = checkpoint.load(path, program="deep-nn")
    details = loaded.details | {"classes": ["a", "b"]}
    save_unchecked(path, loaded.network, program="deep-nn", details=details)
    with pytest.raises(CheckpointError, match="its network does not fit its data"):
        load_model(path)
