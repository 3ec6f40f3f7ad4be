"""The help of every command has an example, and comes at once."""

import inspect
import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from cnn_sign_digits.cli import MODULES, main
from nn_core.cli.app import Commands

EXAMPLE = re.compile(r"^ *Example: (cnn-sign .*)", re.MULTILINE)


def help_of(*command: str) -> str:
    options = {"prog_name": "cnn-sign", "terminal_width": 500}
    result = CliRunner().invoke(main, [*command, "--help"], **options)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_an_example_of_its_own(name: str) -> None:
    (example,) = EXAMPLE.findall(help_of(name))
    program, command, *arguments = shlex.split(example)
    assert (program, command) == ("cnn-sign", name)
    main.commands[name].make_context(name, arguments)


def test_the_program_itself_has_an_example_of_a_command_that_there_is() -> None:
    (example,) = EXAMPLE.findall(help_of())
    assert shlex.split(example)[1] in main.commands


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_option_is_explained(name: str) -> None:
    options = [p for p in main.commands[name].params if isinstance(p, click.Option)]
    assert [p.opts[0] for p in options if not p.help] == []


def test_fetch_says_what_can_be_fetched() -> None:
    assert "cnn-sign fetch [OPTIONS] digits|signs\n" in help_of("fetch")


def test_help_is_given_before_anything_slow_is_imported() -> None:
    program = inspect.cleandoc(
        """
        import sys
        from cnn_sign_digits.cli import main
        try:
            main(["fetch", "--help"])
        finally:
            slow = {"matplotlib", "h5py", "pooch", "requests", "PIL", "tqdm"} & set(sys.modules)
            print(sorted(slow), file=sys.stderr)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("limit", [20, 45, 80, 200])
def test_commands_are_listed_as_their_help_begins(limit: int) -> None:
    listed = Commands("cnn_sign_digits", MODULES).outlines()
    assert {name: line.get_short_help_str(limit) for name, line in listed.items()} == {
        name: command.get_short_help_str(limit) for name, command in main.commands.items()
    }


def test_the_commands_are_listed_without_importing_them() -> None:
    program = inspect.cleandoc(
        """
        import sys
        from cnn_sign_digits.cli import main
        try:
            main(["--help"])
        finally:
            print("numpy" in sys.modules, file=sys.stderr)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stderr == "False\n"
