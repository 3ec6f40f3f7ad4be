"""Running dino-gen and char-rnn as a person would, on little, for the tests of their commands."""

import json
import re

import h5py
import numpy as np
from click.testing import CliRunner

from char_rnn_dino import char_cli, dino_cli

DINO, CHAR = "dino-gen", "char-rnn"
MAINS = {DINO: dino_cli.main, CHAR: char_cli.main}
REMARK = re.compile(r"epoch \d+(/\d+  |: [A-Z])|    |wrote |this run has ended for good")
NAMES = tuple(
    first + last
    for first in ("ba", "do", "ki", "lu", "me")
    for last in ("ra", "no", "tis", "vex", "sa", "ru", "pelta", "don")
)
LINES = ("The river is low.", "We dug all day.", "It rained, and we stayed in.", "No bones!")
CORPUS = "".join(f"Day {day}. {LINES[day % len(LINES)]}\n" for day in range(1, 41))
SMALL = ("--hidden", 8, "--embedding", 4)


def invoke(program, *arguments):
    return CliRunner().invoke(MAINS[program], [str(a) for a in arguments], prog_name=program)


def succeed(program, *arguments):
    """The outcome of a command that must do its job, saying no more than remarks on stderr."""
    result = invoke(program, *arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    assert all(REMARK.match(line) for line in result.stderr.splitlines()), result.stderr
    return result


def refusal(program, *arguments, status):
    """The one line with which a command ends that cannot do its job."""
    result = invoke(program, *arguments)
    assert isinstance(result.exception, SystemExit), f"{arguments}: {result.exception!r}"
    assert result.stdout == ""
    *remarks, line = result.stderr.strip().splitlines()
    assert all(REMARK.match(remark) for remark in remarks), result.stderr
    assert line.startswith("Error: ")
    assert result.exit_code == status, line
    return line.removeprefix("Error: ")


def json_of(program, *arguments):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(succeed(program, *arguments, "--json").stdout, parse_constant=refuse)


def names_file(path, names=NAMES):
    path.write_text("".join(f"{name.capitalize()}\n" for name in names), "utf-8")
    return path


def corpus_file(path, text=CORPUS):
    path.write_text(text, "utf-8")
    return path


def trained_on_names(folder, *arguments, name="names.h5"):
    """A model of forty names after two epochs, unless asked otherwise."""
    data = folder / "names.txt"
    if not data.exists():
        names_file(data)
    quick = ("--epochs", 2, "--batch-size", 12, *SMALL)
    succeed(DINO, "train", "--data", data, *quick, "--save", folder / name, *arguments)
    return folder / name


def trained_on_text(folder, *arguments, name="text.h5"):
    """A model of a short text after two epochs, unless asked otherwise."""
    data = folder / "corpus.txt"
    if not data.exists():
        corpus_file(data)
    quick = ("--epochs", 2, "--batch-size", 4, *SMALL)
    succeed(CHAR, "train", data, *quick, "--save", folder / name, *arguments)
    return folder / name


def numbers_in(path):
    """All that a checkpoint holds of the run itself, but for its seconds."""
    found = {}

    def collect(name, node):
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f" and "seconds" not in name:
            found[name] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(collect)
    return found


def assert_same_run(one, other):
    first, second = numbers_in(one), numbers_in(other)
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name, strict=True)


def assert_other_run(one, other):
    first, second = numbers_in(one), numbers_in(other)
    assert any(not np.array_equal(values, second.get(name)) for name, values in first.items())
