"""The options of figures, passed as one file with its looks."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from nn_core.cli.figure_options import figure_options
from nn_core.cli.param_types import OutputFile
from nn_core.plots import STYLES, FigureFile


def run(*arguments: str, default: str | None = None) -> tuple[Result, list[Any]]:
    """The result of a command with two figures, and the files that it was given."""
    files: list[Any] = []

    @click.command()
    @figure_options("the loss", default=default, mistakes="what was wrong")
    def command(figure: FigureFile | None, mistakes: FigureFile | None) -> None:
        files.extend([figure, mistakes])

    return CliRunner().invoke(command, arguments), files


def test_a_file_with_its_looks() -> None:
    looks = ("--style", "dark", "--size", "8x4.5", "--dpi", "90", "--title", "mine")
    _, (figure, mistakes) = run("--figure", "a.jpg", "--mistakes", "b.png", *looks)
    assert figure == FigureFile(Path("a.jpg"), "dark", (8.0, 4.5), 90, "mine")
    assert mistakes == FigureFile(Path("b.png"), "dark", (8.0, 4.5), 90, None)


def test_without_options() -> None:
    assert run()[1] == [None, None]
    assert run(default="loss.png")[1] == [FigureFile(Path("loss.png")), None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--style", "slide"), "--style needs --figure"),
        (("--title", ""), "--title needs --figure"),
        (("--figure", "a.gif"), "must end in .png"),
        (("--figure", "a.png", "--size", "8"), "'8' is not a width and a height in inches, such as 8x5"),
        (("--figure", "a.png", "--size", "nanx5"), "is not between 1x1 and 100x100 inches"),
        (("--figure", "a.png", "--dpi", "5"), "5 is not in the range"),
    ],
)
def test_errors(arguments: tuple[str, ...], message: str) -> None:
    result, files = run(*arguments)
    assert (result.exit_code, files) == (2, [])
    assert message in result.stderr


def test_every_style_can_be_chosen() -> None:
    for style in STYLES:
        assert run("--figure", "a.png", "--style", style)[0].exit_code == 0


def test_other_formats() -> None:
    @click.command()
    @figure_options("the steps", file=OutputFile(".gif", ".png"))
    def command(figure: FigureFile | None) -> None:
        click.echo(figure)

    assert CliRunner().invoke(command, ["--figure", "a.gif"]).output == "a.gif\n"
    refused = CliRunner().invoke(command, ["--figure", "a.svg"])
    assert "must end in .gif or .png" in refused.stderr
    assert "Plot the steps (.gif or .png)." in CliRunner().invoke(command, ["--help"]).output
