"""Predictions with test-time augmentation, and checkpoints of the first version."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from program import json_of, refusal, succeed
from small_models import network_of, save

from cnn_sign_digits.model import INPUT_SHAPE, SHIPPED, Model, load_model
from cnn_sign_digits.settings import settings_of
from nn_core import checkpoint
from nn_core.batches.augmentation import rotate
from nn_core.checkpoint import Checkpoint
from nn_core.errors import CheckpointError
from nn_core.layers import Dense, Flatten
from nn_core.metrics import probabilities
from nn_core.network import Network
from nn_core.testing import contents, save_unchecked

DATA = Path(__file__).parent / "data"


def test_predictions_are_the_mean_over_rotated_and_flipped_photos() -> None:
    rng = np.random.default_rng(3)
    layers = [Flatten(), Dense(3, initializer="normal:scale=0.0001")]
    network = Network(layers, input_shape=INPUT_SHAPE, rng=rng)
    x = rng.integers(0, 256, (5, *INPUT_SHAPE), np.uint8)
    transforms = ((0.0, False), (0.0, True), (20.0, False), (-20.0, True))
    loaded = Checkpoint(network, "cnn-sign", {}, None, checkpoint.VERSION)
    model = Model(loaded, ("a", "b", "c"), {}, "", transforms)

    flipped = np.ascontiguousarray(x[:, :, ::-1])
    seen: list[npt.NDArray[Any]] = [x, flipped, rotate(x, 20), rotate(flipped, -20)]
    each = [probabilities(network.activations(photos)[-1]) for photos in seen]
    assert np.ptp(each, axis=0).max() > 0.01
    np.testing.assert_allclose(model.probabilities(x), np.mean(each, axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.exp(model.log_probabilities(x)), model.probabilities(x), 1e-5)


@pytest.fixture
def hands() -> npt.NDArray[np.uint8]:
    """Ten synthetic hands (10, 64, 64, 3)."""
    with Image.open(DATA / "hands.png") as image:
        return np.ascontiguousarray(np.asarray(image).reshape(64, 10, 64, 3).transpose(1, 0, 2, 3))


class TestFirstVersion:
    """Log-probabilities of `hands.png` and settings as the first version had them."""

    @pytest.mark.parametrize(("name", "path"), [("accurate", SHIPPED), ("run", DATA / "run.h5")])
    def test_predictions_are_the_same(self, hands: npt.NDArray[np.uint8], name: str, path: Path) -> None:
        expected = json.loads((DATA / "log_probabilities.json").read_text())[name]
        model = load_model(path)
        assert list(model.classes) == expected["classes"]
        assert len(model.test_time_augmentation) == expected["views"]
        found = model.log_probabilities(hands)
        np.testing.assert_allclose(found, expected["log_probabilities"], rtol=0, atol=5e-5)

    def test_settings_have_their_new_names(self) -> None:
        settings = settings_of(load_model(SHIPPED))
        assert (settings.dropout, settings.backgrounds) == (0.0, 4)
        assert settings.extra_data == "synthetic:count=3500,diversity=1"
        assert settings.augment.endswith("contrast=0.4,color=0.2")

    def test_a_run_is_evaluated_but_not_resumed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("run.h5", "hands.h5"):
            shutil.copy(DATA / name, name)
        assert json_of("evaluate", "--model", "run.h5")["examples"] == 10
        before = contents(tmp_path)
        line = refusal("train", "--resume", "run.h5", "--epochs", 3, status=1)
        assert line.startswith("the checkpoint is of an earlier version")
        assert contents(tmp_path) == before


class TestDamagedCheckpoints:
    def details(self, **changes: object) -> dict[str, object]:
        details = {"settings": {}, "classes": ["a", "b"], "fingerprint": ""}
        return details | {"test_time_augmentation": [[0, False]]} | changes

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"classes": ["a"] * 10}, "is damaged"),
            ({"classes": ["a", "b"]}, "is damaged: its network maps"),
            (
                {"test_time_augmentation": [[200, False]]},
                "test_time_augmentation[0][0] must be a number at least -180 and at most 180, not 200",
            ),
            ({"test_time_augmentation": [7]}, "is damaged"),
            ({"test_time_augmentation": []}, "must be a list of 1 to 6, not []"),
            ({"test_time_augmentation": [[0, False]] * 7}, "must be a list of 1 to 6"),
            ({"test_time_augmentation": [[0, 1]]}, "must be true or false, not 1"),
            ({"classes": ["a" * 3_000_000, *"bcdefghij"]}, "classes[0] has 3,000,000 characters; the limit is 1,000"),
            ({"classes": ["a\x1b[2J", *"bcdefghij"]}, "classes[0] has control characters"),
            ({"settings": 3}, "is damaged"),
        ],
    )
    def test_one_line(self, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
        details = self.details(**{"classes": list("0123456789"), **changes})
        path = tmp_path / "m.h5"
        save_unchecked(path, network_of("classic"), program="cnn-sign", details=details)
        with pytest.raises(CheckpointError) as caught:
            load_model(path)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_settings_are_asked_for_only_where_they_are_needed(self, tmp_path: Path) -> None:
        path = save(tmp_path / "m.h5", network_of("classic"))
        succeed("shapes", "--model", path)
        line = refusal("evaluate", "--model", path, status=1)
        assert line.startswith("the settings in the checkpoint are damaged: the checkpoint lacks")
