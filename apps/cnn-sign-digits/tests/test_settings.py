"""Settings of checkpoints of any version."""

import pytest

from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.settings import migrate_settings, spawn_rngs
from nn_core.batches.augmentation import augmentation


def test_settings_of_the_first_version_are_renamed() -> None:
    old = {
        "data": "synthetic:count=40,variety=0.5",
        "test": "synthetic",
        "add": "synthetic:variety=1",
        "walls": 4,
        "keep_prob": 0.9,
        "augment": "standard:mirror=no,rotation=10,colour=0.2",
        "seed": 3,
    }
    assert migrate_settings(old) == {
        "data": "synthetic:count=40,diversity=0.5",
        "test": "synthetic",
        "extra_data": "synthetic:diversity=1",
        "backgrounds": 4,
        "dropout": 0.1,
        "augment": "standard:horizontal_flip=no,rotation=10,color=0.2",
        "seed": 3,
    }


@pytest.mark.parametrize("path", ["/photos/variety=1/a.h5", "C:mirror=no", "digits", "none"])
def test_paths_and_other_names_are_left_alone(path: str) -> None:
    settings = {"data": path, "test": None, "extra_data": path, "augment": "none"}
    assert migrate_settings(settings) == settings


def test_settings_of_today_are_left_alone() -> None:
    for preset in PRESETS.values():
        settings = preset.defaults_for(synthetic=False)
        assert migrate_settings(settings) == settings
        augmentation(settings["augment"])


def test_generators_are_independent_and_reproducible() -> None:
    first, again = spawn_rngs(1), spawn_rngs(1)
    drawn = [rng.random() for rng in first]
    assert drawn == [rng.random() for rng in again]
    assert len(set(drawn)) == len(first)
