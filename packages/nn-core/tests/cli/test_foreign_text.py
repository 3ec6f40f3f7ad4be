"""What a program says of foreign text: escaped, on one line, and never at length."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nn_core.cli.app import MOST_NOTES, App
from nn_core.errors import DataError, remark
from nn_core.printable import LONGEST_LINE

LONG = "a" * 100_000


def error_of(result: Result) -> str:
    """The one line of an error."""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


def toy(command: Callable[[], object]) -> Result:
    """The outcome of a command of a program."""

    @click.group(cls=App)
    def main() -> None:
        pass

    main.command("run")(command)
    return CliRunner().invoke(main, ["run"], prog_name="toy")


def test_what_other_libraries_print_is_escaped() -> None:
    def run() -> None:
        sys.stdout.write("class \x1b[2J\u202e\n")
        sys.stderr.write("warning of \x1b]0;title\a\n")

    result = toy(run)
    assert (result.stdout, result.stderr) == ("class \\x1b[2J\\u202e\n", "warning of \\x1b]0;title\\x07\n")


def test_an_error_is_one_short_line_whatever_it_quotes() -> None:
    def run() -> None:
        name = "x\x1b\n" * 1_000_000
        raise DataError(f"unknown class {name!r}; use --drop")

    line = error_of(toy(run))
    assert len(line) <= LONGEST_LINE
    assert line.startswith("unknown class 'x\\x1b")
    assert line.endswith("; use --drop")


def test_remarks_are_short_and_few() -> None:
    def run() -> None:
        for number in range(1000):
            remark(f"row {number}: {'y' * 100_000}")

    lines = toy(run).stderr.splitlines()
    assert len(lines) == MOST_NOTES + 1
    assert max(map(len, lines)) <= len("Note: ") + LONGEST_LINE
    assert lines[-1] == f"Note: {1000 - MOST_NOTES} more remarks on the data"


@pytest.mark.parametrize(
    "words",
    [[LONG], [f"--{LONG}"], ["run", "a" * 100_000], ["run", "--n", "7" * 5000], ["run", "--kind", "k" * 100_000]],
)
def test_a_refused_argument_is_not_repeated_at_length(words: list[str]) -> None:
    @click.group(cls=App)
    def main() -> None:
        pass

    @main.command()
    @click.option("--n", type=click.IntRange(1, 5))
    @click.option("--kind", type=click.Choice(["a", "b"]))
    def run(n: int, kind: str) -> None:
        pass

    result = CliRunner().invoke(main, words, prog_name="toy")
    assert result.exit_code == 2
    assert len(error_of(result)) <= LONGEST_LINE


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_can_have_is_one_line(name: str) -> None:
    """One from a checkpoint, a list of photos or a file of options."""
    result = toy(lambda: Path(name).read_bytes())
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert error_of(result).isprintable()
