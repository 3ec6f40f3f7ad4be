"""Models, photos and figures that the inspecting commands refuse."""

from pathlib import Path

import pytest
from program import refusal
from small_models import network_of

from nn_core import checkpoint

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


COMMANDS = (
    ("filters", "--model", "{model}"),
    ("shapes", "--model", "{model}"),
    ("feature-maps", "photo.png", "--model", "{model}"),
    ("explain", "photo.png", "--model", "{model}"),
    ("animate-convolution", "--model", "{model}"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_files_that_are_not_models_of_this_program(here: Path, command: tuple[str, ...]) -> None:
    checkpoint.save(here / "other.h5", network_of("classic"), program="deep-nn", details={})
    (here / "cut.h5").write_bytes((here / CLASSIC).read_bytes()[:3000])
    (here / "text.h5").write_text("no model")
    for name, words in (
        ("other.h5", "was written by deep-nn, not by cnn-sign"),
        ("cut.h5", "cut.h5"),
        ("text.h5", "is not a checkpoint"),
    ):
        before = sorted(here.iterdir())
        arguments = [word.format(model=name) for word in command]
        assert words in refusal(*arguments, status=1)
        assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("command", ["explain", "feature-maps"])
def test_files_that_are_not_photos(here: Path, command: tuple[str, ...]) -> None:
    (here / "text.jpg").write_text("no photo")
    line = refusal(command, "text.jpg", "--model", CLASSIC, status=1)
    assert "text.jpg is not an image" in line
    line = refusal(command, "none.jpg", "--model", CLASSIC, status=1)
    assert "no such file: none.jpg" in line


@pytest.mark.parametrize(
    "command",
    [
        ("filters", "--model", CLASSIC),
        ("feature-maps", "photo.png", "--model", CLASSIC),
        ("explain", "photo.png", "--model", CLASSIC),
    ],
    ids=lambda command: command[0],
)
def test_a_figure_that_cannot_be_written(here: Path, command: tuple[str, ...]) -> None:
    assert "no such folder" in refusal(*command, "--figure", "no/a.png", status=2)
    assert "must end in .png or" in refusal(*command, "--figure", "a.gif", status=2)


def test_a_figure_that_would_overwrite_an_input(here: Path) -> None:
    for command in ("explain", "feature-maps"):
        arguments = (command, "photo.png", "--model", CLASSIC, "--figure", "photo.png", "--force")
        assert "--figure would overwrite IMAGE" in refusal(*arguments, status=2)
    (here / "model.png").write_bytes((here / CLASSIC).read_bytes())
    line = refusal("filters", "--model", "model.png", "--figure", "model.png", "--force", status=2)
    assert "--figure would overwrite --model" in line
