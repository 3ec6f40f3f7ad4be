"""Values of options from a TOML file and from the environment, and which of them wins."""

import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from nn_core.cli.app import App
from nn_core.cli.config import add_config, is_given, on_command_line, set_defaults
from nn_core.cli.options import hidden_option
from nn_core.cli.param_types import FloatRange


@click.group("toy", cls=App, invoke_without_command=True)
@click.option("--start", default="")
@click.pass_context
def toy(ctx: click.Context, start: str) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(json.dumps({"start": start}))


def _set_preset(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    set_defaults(ctx, {"epochs": 100 if value == "large" else 10, "rate": 0.5})
    return value


@toy.command()
@click.argument("data", required=False)
@click.option("--preset", default="small", is_eager=True, callback=_set_preset)
@click.option("--rate", type=FloatRange(above=0), default=0.1)
@click.option("--epochs", type=click.IntRange(min=1), default=1)
@click.option("--cell", "cells", multiple=True)
@click.option("--fast", is_flag=True)
@click.option("--old-name", hidden=True)
@hidden_option("16")
@click.pass_context
def train(ctx: click.Context, **values: Any) -> None:
    given = sorted(name for name in values if is_given(ctx, name))
    typed = sorted(name for name in values if on_command_line(ctx, name))
    click.echo(json.dumps({**values, "given": given, "typed": typed}))


@toy.command("compare-rates")
def compare_rates() -> None:
    pass


add_config(train, "toy", "train")


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(toy, [*map(str, arguments)], prog_name="toy", env=env)


def values(*arguments: object, env: dict[str, str] | None = None) -> dict[str, Any]:
    result = run(*arguments, env=env)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def written(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text)
    return path


def refusal(path: Path) -> str:
    result = run("train", "--config", path)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line.removeprefix(f"Error: {path}").partition(" (see toy ")[0]


def test_a_table_sets_the_options_of_its_command(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'start = "Y"\n[train]\nrate = 1e-3\nepochs = 7\nhidden = [20, 7]\ncell = ["rnn", "gru"]\nfast = true\n'
        "old_name = 3\n[compare-rates]\nanything = 1\n",
    )
    expected = {"rate": 0.001, "epochs": 7, "hidden": "20,7", "cells": ["rnn", "gru"], "fast": True, "old_name": "3"}
    for arguments in (("train", "--config", path), ("--config", path, "train")):
        found = values(*arguments)
        assert found | expected == found
        assert found["given"] == sorted(expected)
        assert found["typed"] == []
    assert values("--config", path) == {"start": "Y"}


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[train]\nepochs = 2\nrate = 2\nhidden = 2")
    env = {"TOY_TRAIN_EPOCHS": "3", "TOY_TRAIN_RATE": "3", "TOY_TRAIN_CELL": "rnn lstm", "TOY_START": "Z"}
    found = values("train", "--config", path, "--epochs", 4, env=env)
    assert (found["epochs"], found["rate"], found["hidden"], found["cells"]) == (4, 3, "2", ["rnn", "lstm"])
    assert (found["given"], found["typed"]) == (["cells", "epochs", "hidden", "rate"], ["epochs"])
    assert values(env=env) == {"start": "Z"}
    assert values("train", env={"TOY_TRAIN_CONFIG": str(path)})["epochs"] == 2
    assert values("train", env={"TOY_CONFIG": str(path)})["epochs"] == 2


def test_a_file_wins_over_the_defaults_of_a_preset_in_any_order(tmp_path: Path) -> None:
    path = written(tmp_path, '[train]\npreset = "large"\nrate = 2')
    found = values("train", "--config", path)
    assert (found["preset"], found["epochs"], found["rate"]) == ("large", 100, 2)
    assert found["given"] == ["preset", "rate"]
    for arguments in (("--preset", "small", "--config", path), ("--config", path, "--preset", "small")):
        found = values("train", *arguments)
        assert (found["epochs"], found["rate"], found["given"]) == (10, 2, ["preset", "rate"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\nepoch = 3", " [train]: no such option: 'epoch'; use 'epochs'"),
        ("[train]\nfast = 1", " [train]: fast must be true or false"),
        ("[train]\nepochs = true", " [train]: epochs must be a text or a number, not true"),
        ("[train]\nepochs = [1, 2]", " [train]: epochs must be one value, not a list"),
        ("[train]\nrate = 1979-05-27", " [train]: rate must be a text or a number, not date"),
        ("[trian]", ": no such command: [trian]; did you mean 'train'?"),
        ("stort = 1", ": no such option: 'stort'; did you mean 'start'?"),
        ("epochs = 1", ": no such option: 'epochs'; put the options of a command into its table, such as [train]"),
        ("[train]\nnum-epochs = 3", " [train]: no such option: 'num-epochs'; use 'epochs'"),
        ("[train]\ndata = 3", " [train]: no such option: 'data'; write the values on the command line"),
        ("train = 1", ": no such option: 'train'; put it into a table, [train]"),
    ],
)
def test_a_wrong_file_is_one_line_with_the_nearest_name(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(written(tmp_path, text)) == message


def test_a_wrong_value_names_the_file_or_the_variable(tmp_path: Path) -> None:
    path = written(tmp_path, '[train]\nrate = "fast"\n')
    wrong = "'fast' is not a number"
    assert f"Invalid value for 'rate' in {path} [train]: {wrong}" in run("train", "--config", path).stderr
    stderr = run("train", env={"TOY_TRAIN_RATE": "fast"}).stderr
    assert f"Invalid value for the environment variable TOY_TRAIN_RATE: {wrong}" in stderr
    path = written(tmp_path, "[train]\nepochs = 2.5\n")
    assert "'2.5' is not an integer" in run("train", "--config", path).stderr


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "none.toml", "no such file"),
        (tmp_path, "is a directory, not a file"),
        (written(tmp_path, "[train"), "is not a TOML file"),
    ):
        result = run("train", "--config", path)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert reason in line
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not a TOML file" in run("train", "--config", path).stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 10_000, "is not a TOML file, or is damaged: "),
        (".".join(["a"] * 30) + " = 1", "line 1: more than 20 dots in a key"),
        ("[" + ".".join(["a"] * 30) + "]", "line 1: more than 20 dots in a key"),
        ("# " + "a" * 2**16, "is too large: 65,537 bytes; the limit is 65,536"),
    ],
)
def test_a_hostile_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    result = run("train", "--config", written(tmp_path, text))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert message in line


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    assert run("train", "--config", written(tmp_path, "")).exit_code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert "is not a regular file" in run("train", "--config", path).stderr
