"""Every command has a help text with an example, and help comes at once."""

import inspect
import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from cnn_sign_digits.cli import main

EXAMPLE = re.compile(r"^ *Example: (cnn-sign .*)", re.MULTILINE)
CONTEXT = click.Context(main)
COMMANDS = main.list_commands(CONTEXT)


def command_of(name: str) -> click.Command:
    command = main.get_command(CONTEXT, name)
    assert command is not None
    return command


def help_of(*command: str) -> str:
    arguments = [*command, "--help"]
    result = CliRunner().invoke(main, arguments, prog_name="cnn-sign", terminal_width=500)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def stderr_of(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", inspect.cleandoc(program)],
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stderr


def test_the_commands() -> None:
    assert COMMANDS == [
        "train", "evaluate", "predict", "explain", "animate-convolution", "datasets", "export",
        "feature-maps", "fetch", "filters", "make-data", "shapes",
    ]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_its_own(name: str) -> None:
    (example,) = EXAMPLE.findall(help_of(name))
    program, command, *arguments = shlex.split(example)
    assert (program, command) == ("cnn-sign", name)
    command_of(name).make_context(name, arguments)


def test_the_example_of_the_program_is_of_a_command() -> None:
    (example,) = EXAMPLE.findall(help_of())
    assert shlex.split(example)[1] in COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help_text(name: str) -> None:
    options = [p for p in command_of(name).params if isinstance(p, click.Option)]
    assert [p.opts[0] for p in options if not p.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_line_of_each_help(name: str) -> None:
    listed = re.search(rf"^  {name} +(.*)$", help_of(), re.MULTILINE)
    assert listed is not None
    assert listed[1] == (command_of(name).help or "").partition("\n")[0]


def test_fetch_names_its_data_sets() -> None:
    assert "cnn-sign fetch [OPTIONS] digits|signs\n" in help_of("fetch")


def test_help_imports_nothing_slow() -> None:
    program = """
        import sys
        from cnn_sign_digits.cli import main
        try:
            main(["fetch", "--help"])
        finally:
            slow = {"matplotlib", "h5py", "pooch", "requests", "PIL", "tqdm"} & set(sys.modules)
            print(sorted(slow), file=sys.stderr)
        """
    assert stderr_of(program) == "[]\n"


def test_the_list_of_commands_imports_none_of_them() -> None:
    program = """
        import sys
        from cnn_sign_digits.cli import main
        try:
            main(["--help"])
        finally:
            print("numpy" in sys.modules, file=sys.stderr)
        """
    assert stderr_of(program) == "False\n"


def test_without_a_command_the_help_is_printed() -> None:
    result = CliRunner().invoke(main, prog_name="cnn-sign")
    assert result.exit_code == 0
    assert "Example: cnn-sign predict photo.jpg" in result.stdout
