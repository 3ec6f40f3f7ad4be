"""Hints for wrong guesses: the option or command that is meant, and only one that there is."""

import re
import shlex
from typing import Any

import click
import pytest
from click.testing import CliRunner

from nn_core.cli.app import App
from nn_core.foreign.command_line import COMMANDS, OPTIONS


def program() -> click.Group:
    """A program whose commands have the options that the tests name."""

    @click.group(cls=App, invoke_without_command=True, hints={"names": "use toy --count 3"})
    @click.option("--start")
    @click.option("--count", type=int)
    def main(**_: Any) -> None:
        pass

    @main.command()
    @click.option("--data")
    @click.option("--learning-rate", type=float)
    @click.option("--optimizer")
    @click.option("--batch-size", type=int)
    @click.option("--dropout", type=float)
    @click.option("--epochs", type=click.IntRange(min=0))
    @click.option("--figure")
    @click.option("--save")
    @click.option("--from", "origin")
    @click.option("--secret", hidden=True)
    def train(**_: Any) -> None:
        """Train."""

    @main.command()
    @click.option("--model", type=click.Path(), required=True)
    @click.option("--figure")
    @click.argument("files", nargs=-1, required=True)
    def predict(**_: Any) -> None:
        """Predict.

        \b
        Example: toy predict --model a.h5 photo.jpg
        """

    @main.command()
    @click.option("--model", type=click.Path(), required=True)
    def summary(**_: Any) -> None:
        """Show it."""

    @main.command("compare-sizes")
    def compare() -> None:
        """Compare sizes."""

    return main


def refusal(line: str) -> str:
    result = CliRunner().invoke(program(), shlex.split(line), prog_name="toy")
    assert (result.exit_code, result.stdout) == (2, "")
    (message,) = result.stderr.splitlines()
    return message.removeprefix("Error: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train --lr 0.1", "no such option --lr; use --learning-rate"),
        ("train -lr 0.1", "no such option -lr; use --learning-rate"),
        ("train --learning_rate 0.1", "no such option --learning_rate; use --learning-rate"),
        ("train --Epochs=3", "no such option --Epochs; use --epochs"),
        ("train --learn 0.1", "no such option --learn; did you mean --learning-rate?"),
        ("train --optimizr adam", "no such option --optimizr; did you mean --optimizer?"),
        ("train --keep-prob 0.8", "no such option --keep-prob; use --dropout 0.2, the fraction dropped: 1 - 0.8"),
        ("train --keep-prob=0.7", "no such option --keep-prob; use --dropout 0.3, the fraction dropped: 1 - 0.7"),
        ("train --keep-prob", "no such option --keep-prob; use --dropout RATE, the fraction dropped: 1 - keep"),
        ("train --adam", "no such option --adam; use --optimizer adam"),
        ("train --momentum 0.95", "no such option --momentum; use --optimizer momentum:beta=0.95"),
        ("train --momentum", "no such option --momentum; use --optimizer momentum"),
        ("train --gpu", "no such option --gpu; omit it, everything runs on the CPU"),
        ("train --output a.h5", "no such option --output; use --save"),
        ("predict --output a.png", "no such option --output; use --figure"),
        ("train --weights a.h5", "no such option --weights; use --from"),
        ("predict --checkpoint a.h5", "no such option --checkpoint; use --model"),
        ("train --secrets 3", "no such option --secrets (see toy train --help)"),
        ("train --hidden-layers 3", "no such option --hidden-layers (see toy train --help)"),
        ("train --epochs", "Option '--epochs' requires an argument."),
        ("--epochs 3 train", "no such option --epochs; put it after the command: toy train --epochs"),
        ("--lr 3 train", "no such option --lr; put it after the command: toy train --learning-rate"),
        ("train --loss mse", "no such option --loss; omit it, the loss follows from the data"),
        ("train --beta1 0.8", "no such option --beta1; use --optimizer adam:beta1=0.8"),
        ("train --dropna", "no such option --dropna (see toy train --help)"),
        ("predict --data a.csv", "no such option --data; write the value alone: toy predict a.csv"),
        ("predict --photo", "no such option --photo; write the value alone: toy predict FILE"),
        ("train --epochs many", "Invalid value for '--epochs': 'many' is not an integer. (see toy train --help)"),
        ("--frobnicate", "no such option --frobnicate (see toy --help)"),
    ],
)
def test_an_unknown_option(line: str, message: str) -> None:
    assert refusal(line) == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train moons", "unexpected argument moons; use --data moons"),
        ("train 'my photos'", "unexpected argument my photos; use --data 'my photos'"),
        ("train a.h5", "unexpected argument a.h5; use --from a.h5"),
        ("train a.png", "unexpected argument a.png; use --figure a.png"),
        ("train --data my photos here", "unexpected arguments photos here; put quotation marks around a value"),
        ("predict --files 3", "no such option --files; write the value alone: toy predict 3"),
        ("compare-sizes 3", "unexpected argument 3 (see toy compare-sizes --help)"),
        ("predict --model a.h5", "missing FILES...; e.g. toy predict --model a.h5 photo.jpg"),
        ("predict photo.jpg", "missing --model FILE; e.g. toy predict --model a.h5 photo.jpg"),
        ("summary a.h5", "missing --model FILE; use --model a.h5"),
        ("summary", "missing --model FILE (see toy summary --help)"),
    ],
)
def test_an_argument_too_many_or_too_few(line: str, message: str) -> None:
    assert refusal(line).startswith(message)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("sizes", "use compare-sizes"),
        ("compare", "use compare-sizes"),
        ("Train", "use train"),
        ("infer", "use predict"),
        ("fit", "use train"),
        ("help", "use toy --help"),
        ("help train", "use toy train --help"),
        ("version", "use toy --version"),
        ("photo.jpg", "use predict photo.jpg"),
        ("notes.txt", "use train --data notes.txt"),
        ("moons.h5", "use summary --model moons.h5"),
        ("trian", "did you mean 'train'?"),
        ("names", "use toy --count 3"),
        ("Y", "use --start Y"),
        ("zq", "use --start zq, or choose from compare-sizes, predict, summary, train"),
        ("download", "use --start download, or choose from"),
    ],
)
def test_an_unknown_command(word: str, hint: str) -> None:
    assert refusal(word).startswith(f"no such command: {word.split(maxsplit=1)[0]!r}; {hint}")


def test_the_tables_are_well_formed() -> None:
    for advice in OPTIONS.values():
        assert advice.startswith("!") or all(each.startswith("--") for each in advice.split(" | "))
        assert set(re.findall(r"\{(\w+)\}", advice)) <= {"value", "complement", "name"}
    assert all(re.fullmatch(r"[a-z0-9|\- ]+", advice) for advice in COMMANDS.values())
