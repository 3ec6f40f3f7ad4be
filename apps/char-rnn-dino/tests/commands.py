"""Run dino-gen and char-rnn on small data, for the tests of their commands."""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import click
import h5py
import numpy as np
import numpy.typing as npt
from click.testing import CliRunner, Result

from char_rnn_dino.names.cli import main as dino_gen
from char_rnn_dino.text.cli import main as char_rnn
from nn_core.cli.app import App

DINO, CHAR = "dino-gen", "char-rnn"
APPS: dict[str, App] = {DINO: dino_gen, CHAR: char_rnn}
MODULES = {DINO: "char_rnn_dino.names", CHAR: "char_rnn_dino.text"}
REMARK = re.compile(r"epoch \d+(/\d+  |:$)|    |wrote |this run is finished")
NAMES = tuple(
    first + last
    for first in ("ba", "do", "ki", "lu", "me")
    for last in ("ra", "no", "tis", "vex", "sa", "ru", "pelta", "don")
)
LINES = ("The river is low.", "We dug all day.", "It rained, and we stayed in.", "No bones!")
CORPUS = "".join(f"Day {day}. {LINES[day % len(LINES)]}\n" for day in range(1, 41))
SMALL = ("--hidden", 8, "--embedding", 4)


def command_names(program: str) -> list[str]:
    return sorted(APPS[program].list_commands(click.Context(APPS[program])))


def command_of(program: str, name: str) -> click.Command:
    command = APPS[program].get_command(click.Context(APPS[program]), name)
    assert command is not None
    return command


def invoke(program: str, *arguments: object) -> Result:
    return CliRunner().invoke(APPS[program], [str(a) for a in arguments], prog_name=program)


def succeed(program: str, *arguments: object) -> Result:
    """The result of a command that must succeed, with nothing but remarks on stderr."""
    result = invoke(program, *arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    assert all(REMARK.match(line) for line in result.stderr.splitlines()), result.stderr
    return result


def refusal(program: str, *arguments: object, status: int) -> str:
    """The one-line error message of a command that must fail."""
    result = invoke(program, *arguments)
    assert isinstance(result.exception, SystemExit), f"{arguments}: {result.exception!r}"
    assert result.stdout == ""
    *remarks, line = result.stderr.strip().splitlines()
    assert all(REMARK.match(remark) for remark in remarks), result.stderr
    assert line.startswith("Error: ")
    assert result.exit_code == status, line
    return line.removeprefix("Error: ")


def json_of(program: str, *arguments: object) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(succeed(program, *arguments, "--json").stdout, parse_constant=refuse)


def names_file(path: Path, names: tuple[str, ...] | list[str] = NAMES) -> Path:
    path.write_text("".join(f"{name.capitalize()}\n" for name in names), "utf-8")
    return path


def corpus_file(path: Path, text: str = CORPUS) -> Path:
    path.write_text(text, "utf-8")
    return path


def data_arguments(program: str, folder: Path) -> tuple[object, ...]:
    """Small data in a folder, written if necessary, as arguments of `train`."""
    if program == DINO:
        path = folder / "names.txt"
        return ("--data", path if path.exists() else names_file(path))
    path = folder / "corpus.txt"
    return (path if path.exists() else corpus_file(path),)


def train(program: str, folder: Path, *arguments: object, name: str = "model.h5") -> Path:
    """A model trained for two epochs, by default."""
    quick = ("--epochs", 2, "--batch-size", 12 if program == DINO else 4, *SMALL)
    data = data_arguments(program, folder)
    succeed(program, "train", *data, *quick, "--save", folder / name, *arguments)
    return folder / name


def float_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The numbers in a checkpoint, except durations."""
    found = {}

    def collect(name: str, node: object) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and "seconds" not in name:
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


def assert_same_run(one: Path, other: Path) -> None:
    first, second = float_arrays(one), float_arrays(other)
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name, strict=True)


def assert_different_run(one: Path, other: Path) -> None:
    first, second = float_arrays(one), float_arrays(other)
    assert any(not np.array_equal(values, second[name]) for name, values in first.items())
