"""Helpers for tests of command lines: run them and compare their output.

PROGRAM = CommandLine("deep-nn", main, module="deep_nn", remarks=r"(epoch|run) \\d+/|wrote ")
PROGRAM.succeed("train", "--epochs", 1)
assert "did you mean" in PROGRAM.refusal("trian", status=2)
"""

import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import click
import numpy as np
import numpy.typing as npt
from click.testing import CliRunner, Result

from nn_core import checkpoint
from nn_core.cli.app import UNCUT
from nn_core.cli.command_help import GENERAL, heading_of
from nn_core.network import Network

PATIENCE = 60.0
"""Timeout in seconds for a process that should exit."""
JOB = (
    r"([a-z][\w :]* (\d+(\.\d)?/\d+( MB)?| \d+ s)|"
    r"reading .*, which the checkpoint names as its data|"
    r"(starting|downloading|drawing|evaluating|reading|writing|looking for)( [a-z]+)*)$"
)
"""A line about a job that takes long, or about the files that it reads."""

PLURAL_OF_ONE = (
    r"(?<![\d.,])1 (epochs|runs|steps|seeds|folds|examples|photos|images|names|texts|lines|rows|columns|points|classes|"
    r"parameters|layers|units|networks|tokens|words|letters|characters|predictions|files|threads|megabytes|networks)\b"
)
"""No output says "1 epochs"."""

MANY = 20
"""From this many options on, each must stand under a heading."""


@dataclass(frozen=True)
class CommandLine:
    """A program to test.

    name     its name on the command line
    main     its group of commands
    module   the module that `python -m` runs
    remarks  pattern at the start of the lines that a successful command may print on stderr
    """

    name: str
    main: click.Group
    module: str
    remarks: str = r"(fold \d+/\d+, )?(epoch|run|search) \d+(/\d+)?(:|  |$)|    |wrote |Note: "
    """Besides those about jobs, such as "drawing synthetic hands 120/400", which depend on the time."""

    def invoke(self, *arguments: object, **options: Any) -> Result:
        """Run it in this process, with arguments of any type; stderr does not depend on the time."""
        words = [str(word) for word in arguments]
        with patch("nn_core.progress_bar.PATIENCE", math.inf):
            return CliRunner().invoke(self.main, words, prog_name=self.name, **options)

    def succeed(self, *arguments: object) -> Result:
        """The outcome of a command that must succeed, printing only remarks on stderr."""
        result = self._finished(*arguments)
        _require(result.exit_code == 0, f"{arguments}: {result.stderr}")
        _require(self.others(result.stderr) == [], result.stderr)
        return result

    def refusal(self, *arguments: object, status: int) -> str:
        """The one-line error message of a command that must fail with this status."""
        result = self._finished(*arguments)
        _require(result.stdout == "", result.stdout)
        lines = self.others(result.stderr)
        _require(len(lines) == 1 and lines[0].startswith("Error: "), result.stderr)
        _require(result.exit_code == status, f"status {result.exit_code}: {lines[0]}")
        return lines[0].removeprefix("Error: ")

    def _finished(self, *arguments: object) -> Result:
        """Run it; re-raises unexpected exceptions."""
        result = self.invoke(*arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        wrong = re.search(PLURAL_OF_ONE, result.stdout + result.stderr)
        _require(wrong is None, f"{arguments}: {wrong and wrong[0]!r}")
        return result

    def json(self, *arguments: object) -> Any:
        """The result of a command with --json, which must be strict JSON."""
        return strict_json(self.succeed(*arguments, "--json").stdout)

    def others(self, stderr: str) -> list[str]:
        """The lines on stderr that are not remarks."""
        lines = [line for line in stderr.splitlines() if line]
        return [line for line in lines if not re.match(rf"(fold \d+/\d+, )?({self.remarks}|{JOB})", line)]

    @contextmanager
    def started(self, *arguments: object, cwd: Path) -> Iterator["subprocess.Popen[str]"]:
        """Run it as a process in a new session, so that a signal reaches its workers."""
        command = [sys.executable, "-W", "error", "-m", self.module, *map(str, arguments)]
        with subprocess.Popen(
            command,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def end_of(self, process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
        """Its stdout and the lines on stderr that are not remarks, after it exits.

        A worker that outlives the process would hold the pipe open, and this would time out.
        """
        out, err = process.communicate(timeout=PATIENCE)
        return out, self.others(err)

    def commands(self) -> dict[str, click.Command]:
        """All commands by name, imported."""
        context = click.Context(self.main, info_name=self.name)
        found = {name: self.main.get_command(context, name) for name in self.main.list_commands(context)}
        return {name: command for name, command in found.items() if command is not None}

    def help_of(self, *command: str) -> str:
        """The help of the program or of a command, on long lines."""
        result = self.invoke(*command, "--help", terminal_width=500)
        _require((result.exit_code, result.stderr) == (0, ""), result.stderr)
        return result.stdout

    def example_of(self, *command: str) -> list[str]:
        """The arguments of the single example in a help text."""
        examples = re.findall(rf"^ *Example: {self.name} (.*)$", self.help_of(*command), re.MULTILINE)
        _require(len(examples) == 1, f"{command}: {len(examples)} examples")
        return shlex.split(examples[0])

    def check_help(self) -> None:
        """Assert that each command is listed with its summary on one line, has a valid example, and has
        help for all options, under headings if there are many.
        """
        self.check_summaries()
        self.check_hints()
        listed = self.help_of().partition("Commands:")[2]
        for name, command in self.commands().items():
            words = command.get_short_help_str(500)
            _require(
                re.search(rf"^ *{name} +{re.escape(words)}$", listed, re.MULTILINE) is not None,
                f"{name} is not listed as {words!r}",
            )
            first, *arguments = self.example_of(name)
            _require(first == name, f"the example of {name} is of {first}")
            command.make_context(name, arguments)
            options = [one for one in command.params if isinstance(one, click.Option)]
            bare = [one.opts[0] for one in options if not one.help]
            _require(bare == [], f"{name}: no help for {', '.join(bare)}")
            shown = [one for one in options if not one.hidden and one.opts[-1] not in GENERAL]
            loose = [one.opts[0] for one in shown if heading_of(one) is None]
            _require(len(shown) < MANY or not loose, f"{name}: no heading for {', '.join(loose)}")
        _require(self.example_of()[0] in self.commands(), "the example is of no command")

    def check_hints(self) -> None:
        """Assert that the hint for each option of another library names only what the command has."""
        from nn_core.cli.option_hints import option_hint
        from nn_core.foreign.command_line import OPTIONS

        program = click.Context(self.main, info_name=self.name, **self.main.context_settings)
        for name, command in self.commands().items():
            known = {option for one in command.params for option in one.opts}
            for word in OPTIONS:
                hint = option_hint(click.Context(command, program, name), f"--{word}", [f"--{word}", "0.8"]) or ""
                named = set(re.findall(r"(?<!\S)--[a-z0-9-]+", hint))
                _require(named <= known, f"{name}: {hint!r} for --{word}")

    def check_summaries(self) -> None:
        """Assert that the list of commands has each summary whole, on one line of 80 or of 100 columns."""
        for width in (80, 100):
            shown = self.invoke("--help", terminal_width=width - 2).stdout.partition("Commands:")[2]
            lines = [line.strip() for line in shown.splitlines() if line.strip()]
            for name, command in self.commands().items():
                summary = f"{name} {command.get_short_help_str(UNCUT)}"
                _require(any(" ".join(line.split()) == summary for line in lines), f"too long at {width}: {summary}")


def strict_json(text: str) -> Any:
    """One JSON value, without NaN or Infinity."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def wait_for_line(process: "subprocess.Popen[str]", beginning: str) -> None:
    """Read the stderr of a process up to a line with this beginning."""
    for line in process.stderr or ():
        if line.startswith(beginning):
            return
    raise AssertionError(f"it ended before it printed {beginning!r}")


def modules_loaded(program: str) -> set[str]:
    """The modules loaded by a Python program, run in a new process."""
    script = f"import sys\ntry:\n{_indented(program)}\nfinally:\n    print(*sorted(sys.modules), file=sys.stderr)\n"
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return set(done.stderr.split())


def contents(folder: Path) -> dict[Path, bytes]:
    """The contents of all files below a folder, to verify that nothing changed."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def printed_by_script(page: Path, heading: str) -> str:
    """Run the first Python block under a heading of a Markdown page and return what it prints."""
    import contextlib
    import io

    found = re.search(rf"^#+ {heading}\n.*?^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    if found is None:
        raise AssertionError(f"{page} has no Python below {heading!r}")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(found[1], str(page), "exec"), {"__name__": "script"})  # noqa: S102
    return out.getvalue()


def save_unchecked(path: Path, network: Network, *, program: str, details: Mapping[str, Any]) -> None:
    """Write a checkpoint whose details the program itself would refuse, as a stranger's file may have them."""
    with patch.dict(checkpoint.READERS, clear=True):
        checkpoint.save(path, network, program=program, details=details)


def write_hdf5(path: Path, **arrays: Any) -> Path:
    """Write an HDF5 file with these arrays."""
    from nn_core.storage.hdf5_image import hdf5_image

    path.write_bytes(hdf5_image(arrays))
    return path


def numbers_in(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The floating-point arrays of a checkpoint: weights, optimizer state, losses.

    Times are left out, since they depend on the machine.
    """
    from nn_core.storage.hdf5_layout import list_hdf5

    arrays = list_hdf5(path)
    return {name: array.load() for name, array in arrays.items() if array.dtype.kind == "f" and "seconds" not in name}


def assert_same_run(one: Path, other: Path) -> None:
    """Assert that the runs of two checkpoints are identical bit for bit."""
    first, second = numbers_in(one), numbers_in(other)
    _require(list(first) == list(second), f"{list(first)} and {list(second)}")
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name, strict=True)


def assert_other_run(one: Path, other: Path) -> None:
    """Assert that the runs of two checkpoints differ."""
    first, second = numbers_in(one), numbers_in(other)
    same = first.keys() == second.keys() and all(np.array_equal(values, second[name]) for name, values in first.items())
    _require(not same, "the runs are the same")


def _indented(program: str) -> str:
    import inspect
    import textwrap

    return textwrap.indent(inspect.cleandoc(program), "    ")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
