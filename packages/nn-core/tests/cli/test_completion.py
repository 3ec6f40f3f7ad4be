"""What the shell is offered, and how the programs are asked."""

from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from nn_core.cli.aliases import AliasedOption
from nn_core.cli.app import App
from nn_core.cli.options import data_options, model_option
from nn_core.cli.param_types import OutputFile, ShippedModel, SpecType
from nn_core.optim.optimizers import OPTIMIZERS, optimizer


@click.group("toy", cls=App)
def toy() -> None:
    pass


@toy.command()
@data_options(data="moons", kinds="any", names=("moons", "circles"))
@model_option(required=False)
@click.option("--optimizer", type=SpecType(optimizer, "optimizer", OPTIMIZERS))
@click.option("--cell", type=click.Choice(["rnn", "gru"]))
@click.option("--save", type=OutputFile())
@click.option("--from", "start", type=ShippedModel(Path("shipped.h5")))
@click.option("--begin", cls=AliasedOption, aliases=("--beginning",))
def train() -> None:
    """Train a network."""


@toy.command("train-more", hidden=True)
def train_more() -> None:
    pass


def offered(*words: str) -> list[tuple[str, str]]:
    """Kind and text of what is offered for the last word."""
    *before, incomplete = words
    completion = ShellComplete(toy, {}, "toy", "_TOY_COMPLETE")
    return [(item.type, item.value) for item in completion.get_completions(before, incomplete)]


def plain(*words: str) -> list[str]:
    return [text for kind, text in offered(*words) if kind == "plain"]


def test_commands_and_options() -> None:
    assert plain("") == ["train"]
    assert plain("tr") == ["train"]
    assert plain("train", "--be") == ["--begin"]
    assert "--optimizer" in plain("train", "--")
    assert plain("trian", "") == ["train"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--cell", "g"), ["gru"]),
        (("--optimizer", "adam"), ["adam", "adamw"]),
        (("--data", ""), ["moons", "circles"]),
        (("--test", "m"), ["moons"]),
        (("--from", "sh"), ["shipped"]),
    ],
)
def test_names(words: tuple[str, ...], names: list[str]) -> None:
    assert plain("train", *words) == names


@pytest.mark.parametrize("option", ["--data", "--model", "--save", "--from", "--config"])
def test_files(option: str) -> None:
    from nn_core.cli.config import add_config

    if option == "--config" and all(parameter.name != "config" for parameter in train.params):
        add_config(train, "toy", "train")
    assert offered("train", option, "a") == [("file", "a")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from click import shell_completion

    monkeypatch.setattr(shell_completion.BashComplete, "_check_version", staticmethod(lambda: None))
    result = CliRunner().invoke(toy, [], prog_name="toy", env={"_TOY_COMPLETE": f"{shell}_source"})
    assert (result.exit_code, result.stderr) == (0, "")
    assert "_TOY_COMPLETE" in result.stdout
