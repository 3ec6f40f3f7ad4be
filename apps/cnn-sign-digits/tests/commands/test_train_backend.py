"""What `train` computes with: the engine or the reference, shards, threads, and plug-ins."""

from pathlib import Path
from typing import Any

import pytest
from photos import photo
from program import PHOTOS, PROGRAM, json_of, refusal, signs_file, succeed, trained

from cnn_sign_digits.model import load_model
from cnn_sign_digits.settings import settings_of
from nn_core.testing import assert_same_run

QUICK = ("--epochs", 2, "--batch-size", 10, "--augment", "standard", "--dropout", 0.2)


def metrics(folder: Path, *options: object) -> dict[str, Any]:
    """The losses and accuracies of a run on the signs."""
    result = json_of("train", "--data", signs_file(folder / "signs.h5"), *QUICK, *options)
    return {name: value for name, value in result.items() if name.endswith(("loss", "accuracy"))}


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_the_reference_gives_the_table_of_the_engine(tmp_path: Path, preset: str) -> None:
    options = ("--preset", preset, "--backgrounds", 0, "--learning-rate", 1e-3)
    fast, reference = (
        metrics(tmp_path, *options, "--dtype", "float64", "--engine", engine) for engine in ("fast", "reference")
    )
    assert len(fast) == 6
    assert fast == pytest.approx(reference, rel=1e-6)


@pytest.mark.parametrize("shards", [1, 4])
def test_with_shards_the_bits_do_not_depend_on_the_threads(tmp_path: Path, shards: int) -> None:
    one, *others = (
        trained(tmp_path, *QUICK, "--shards", shards, "--threads", threads, name=f"{threads}.h5")
        for threads in (1, 2, 3)
    )
    for other in others:
        assert_same_run(one, other)
    assert settings_of(load_model(one)).shards == shards


def test_a_resumed_run_keeps_its_shards(tmp_path: Path) -> None:
    options = (*QUICK, "--schedule", "constant", "--shards", 3)
    whole = trained(tmp_path, *options, "--epochs", 3, name="whole.h5")
    path = trained(tmp_path, *options)
    line = refusal("train", "--resume", path, "--epochs", 3, "--shards", 2, status=2)
    assert "--shards is 3 in the run to resume" in line
    succeed("train", "--resume", path, "--epochs", 3, "--threads", 2)
    assert_same_run(path, whole)


def test_the_reference_has_no_shards(tmp_path: Path) -> None:
    data = signs_file(tmp_path / "signs.h5")
    options = ("--data", data, "--engine", "reference", "--shards", 2)
    assert "--shards requires --engine fast" in refusal("train", *options, status=2)


PLUGIN = """
from dataclasses import dataclass

import numpy as np

from nn_core.batches.augmentation import AUGMENTATIONS
from nn_core.layers import ACTIVATIONS, LAYERS, Activation


@ACTIVATIONS.register("softsign")
@LAYERS.register
@dataclass(frozen=True)
class Softsign(Activation):
    def function(self, x):
        return x / (1 + abs(x))

    def derivative(self, x, y):
        return (1 - abs(y)) ** 2


@AUGMENTATIONS.register("negative")
@dataclass(frozen=True)
class Negative:
    def __call__(self, x, *, seed):
        return 255 - x.astype(np.float32)
"""


def run(folder: Path, *arguments: object, status: int = 0) -> str:
    """cnn-sign as a process, in which a plug-in may register what it likes."""
    with PROGRAM.started(*arguments, cwd=folder) as process:
        out, others = PROGRAM.end_of(process)
    assert process.returncode == status, others
    return "\n".join([out, *others])


def test_a_plugin_adds_an_activation_and_an_augmentation(tmp_path: Path) -> None:
    (tmp_path / "extras.py").write_text(PLUGIN, encoding="utf-8")
    signs_file(tmp_path / "signs.h5")
    photo(tmp_path / "a.png", PHOTOS[0])
    plugin = ("--plugin", "extras.py")
    network = ("--activation", "softsign", "--augment", "negative", "--epochs", 2)
    run(tmp_path, "train", "--data", "signs.h5", *network, *plugin, "--save", "m.h5")
    assert "Softsign" in run(tmp_path, "shapes", "--model", "m.h5", *plugin)
    assert run(tmp_path, "predict", "a.png", "--model", "m.h5", *plugin).startswith("a.png")
    without = run(tmp_path, "predict", "a.png", "--model", "m.h5", status=1)
    assert "unknown layer 'Softsign'" in without
