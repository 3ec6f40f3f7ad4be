"""`summary` of presets and models."""

from pathlib import Path

import pytest
from program import PROGRAM, json_of, refusal, succeed

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


def test_a_preset_needs_no_weights() -> None:
    lines = succeed("summary", "--preset", "classic").stdout.splitlines()
    assert lines[0] == "classic network"
    assert lines[1].startswith("for a batch of N photos")
    assert lines[2].split()[0] == "layer"
    assert lines[-2].split() == ["total", "4,474", "17,896", "2,675,328"]


def test_by_default_the_model_that_comes_with_the_program() -> None:
    lines = succeed("summary").stdout.splitlines()
    assert lines[0] == "accurate.h5"
    assert next(line for line in lines if line.startswith("total")).split()[1] == "199,578"
    assert "classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in lines
    assert "  learning-rate: 0.008" in lines


@pytest.mark.parametrize("preset", ["classic", "accurate"])
def test_a_checkpoint_has_the_shapes_of_its_preset(here: Path, preset: str) -> None:
    of_preset = json_of("summary", "--preset", preset)
    of_model = json_of("summary", "--model", f"{preset}.h5")
    assert (of_model["model"], of_preset["model"]) == (f"{preset}.h5", f"{preset} network")
    assert of_model["network"] == of_preset["network"]
    assert of_preset["settings"] is None


def test_json_lists_the_gradients() -> None:
    found = json_of("summary", "--preset", "classic")
    first, second = found["network"]["layers"][:2]
    assert first["backward"] == {"d_y": None, "d_x": None, "gradients": {}}
    assert second["forward"] == {"x": [64, 64, 3], "y": [64, 64, 8]}
    assert second["backward"]["d_x"] is None
    assert second["backward"]["gradients"] == {"W": [5, 5, 3, 8], "b": [8]}


def test_two_networks_are_one_too_many(here: Path) -> None:
    line = refusal("summary", "--model", CLASSIC, "--preset", "classic", status=2)
    assert "--model and --preset are mutually exclusive" in line


def test_shapes_is_another_name_of_it() -> None:
    assert succeed("shapes", "--preset", "classic").stdout == succeed("summary", "--preset", "classic").stdout
    assert "shapes" not in PROGRAM.help_of().partition("Commands:")[2].split()
