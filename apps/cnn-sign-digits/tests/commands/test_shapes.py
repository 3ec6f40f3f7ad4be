"""`shapes` of presets and models."""

from pathlib import Path

import pytest
from program import json_of, refusal, succeed

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def test_a_preset_needs_no_weights() -> None:
    lines = succeed("shapes", "--preset", "classic").stdout.splitlines()
    assert lines[0].startswith("classic network, for a batch of N photos")
    assert lines[1].split()[0] == "layer"
    assert lines[-2].split() == ["total", "4,474", "17,896", "2,675,328"]


def test_by_default_the_model_that_comes_with_the_program() -> None:
    lines = succeed("shapes").stdout.splitlines()
    assert lines[0].startswith("accurate.h5, for a batch of N photos")
    assert lines[-2].split()[1] == "199,578"


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_a_checkpoint_has_the_shapes_of_its_preset(here: Path, preset: str) -> None:
    of_preset = json_of("shapes", "--preset", preset)
    of_model = json_of("shapes", "--model", f"{preset}.h5")
    assert of_model.pop("network") == f"{preset}.h5"
    assert of_preset.pop("network") == f"{preset} network"
    assert of_model == of_preset


def test_json_lists_the_gradients() -> None:
    found = json_of("shapes", "--preset", "classic")
    first, second = found["layers"][:2]
    assert first["backward"] == {"d_y": None, "d_x": None, "gradients": {}}
    assert second["forward"] == {"x": [64, 64, 3], "y": [64, 64, 8]}
    assert second["backward"]["d_x"] is None
    assert second["backward"]["gradients"] == {"W": [5, 5, 3, 8], "b": [8]}


def test_two_networks_are_one_too_many(here: Path) -> None:
    line = refusal("shapes", "--model", CLASSIC, "--preset", "classic", status=2)
    assert "--model and --preset are mutually exclusive" in line
