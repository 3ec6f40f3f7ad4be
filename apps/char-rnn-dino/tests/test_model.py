"""Checkpoints: those of earlier versions, and damaged ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from commands import CHAR, DINO, train

from char_rnn_dino.model import DINO_GEN, SHIPPED, Model, details, load_model
from char_rnn_dino.settings import NameSettings, TextSettings, settings_of
from char_rnn_dino.splits import name_examples, next_token_pairs
from nn_core.testing import save_unchecked

DATA = Path(__file__).with_name("data")
OLD_TEXT_MODEL = DATA / "text-0.1.h5"
EXPECTED: dict[str, dict[str, list[float]]] = json.loads((DATA / "log_probabilities.json").read_text())


def log_probabilities(model: Model, x: Any, y: Any) -> npt.NDArray[Any]:
    """log p of each target (N, T)."""
    logits = model.network.activations(x)[-1].astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return np.take_along_axis(log_p, y[..., None], axis=-1)[..., 0]


class TestEarlierVersions:
    """What version 0.1 predicted, when the files were written."""

    @pytest.mark.parametrize("name", EXPECTED["dinosaurs.h5"])
    def test_the_shipped_network(self, name: str) -> None:
        model = load_model(SHIPPED, DINO.name)
        x, y = name_examples((name,), model.vocabulary)
        expected = EXPECTED["dinosaurs.h5"][name]
        np.testing.assert_allclose(log_probabilities(model, x, y)[0], expected, atol=1e-5)
        assert settings_of(model, NameSettings).embedding_dropout == 0.2

    @pytest.mark.parametrize("text", EXPECTED["text-0.1.h5"])
    def test_a_text(self, text: str) -> None:
        model = load_model(OLD_TEXT_MODEL, CHAR.name)
        x, y = next_token_pairs(model.vocabulary.encode(text))
        expected = EXPECTED["text-0.1.h5"][text]
        found = log_probabilities(model, x[None], y[None])[0]
        np.testing.assert_allclose(found, expected, atol=1e-5)
        settings = settings_of(model, TextSettings)
        assert (settings.embedding_dropout, settings.lowercase, settings.bptt_length) == ((0.1, True, 20))

    def test_its_data_are_recognized(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The shipped network on the bundled names, the other on a file beside it."""
        assert DINO.json("evaluate")["nats_per_character"] == pytest.approx(1.5396, abs=1e-4)
        monkeypatch.chdir(DATA)
        found = CHAR.json("evaluate", "--model", OLD_TEXT_MODEL)
        assert found["nats_per_character"] == pytest.approx(3.3728, abs=1e-4)

    def test_it_generates_but_its_run_cannot_be_resumed(self) -> None:
        CHAR.succeed("sample", "--model", OLD_TEXT_MODEL, "--length", 5)
        line = CHAR.refusal("train", "--resume", OLD_TEXT_MODEL, status=1)
        assert line.startswith("the checkpoint is of an earlier version")

    def test_it_is_exported_to_the_present_version(self, tmp_path: Path) -> None:
        CHAR.succeed("export", "--model", OLD_TEXT_MODEL, "--save", tmp_path / "m.h5")
        old, new = (load_model(path, CHAR.name) for path in (OLD_TEXT_MODEL, tmp_path / "m.h5"))
        assert new.checkpoint.version > old.checkpoint.version
        np.testing.assert_array_equal(new.network.vector, old.network.vector)
        assert settings_of(new, TextSettings) == settings_of(old, TextSettings)


class TestDamaged:
    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("vocabulary", {"tokens": ["a"], "unit": "char", "lowercase": True}),
            ("vocabulary", None),
            ("settings", {}),
            ("settings", None),
        ],
    )
    def test_is_one_line(self, tmp_path: Path, part: str, value: Any) -> None:
        found, broken = contents(tmp_path), tmp_path / "broken.h5"
        network = found.pop("network")
        save_unchecked(broken, network, program=DINO_GEN, details=found | {part: value})
        assert "damaged" in DINO.refusal("evaluate", "--model", broken, status=1)

    def test_names_without_an_end(self, tmp_path: Path) -> None:
        found, broken = contents(tmp_path), tmp_path / "broken.h5"
        network = found.pop("network")
        found["vocabulary"]["tokens"] = [*found["vocabulary"]["tokens"][1:], "\n"]
        save_unchecked(broken, network, program=DINO_GEN, details=found)
        line = DINO.refusal("--model", broken, status=1)
        assert line.endswith("is damaged: the vocabulary has no end-of-name token")


def contents(folder: Path) -> dict[str, Any]:
    """The network of a new checkpoint, and what is stored besides it."""
    model = load_model(train(DINO, folder), DINO.name)
    stored = details(model.vocabulary, model.settings, model.fingerprint)
    return {"network": model.network, **stored}
