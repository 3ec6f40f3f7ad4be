"""The help of every command: an example that works, every option explained, nothing imported."""

import inspect
import re
import shlex
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from commands import APPS, CHAR, DINO, MODULES, command_names, command_of

EXAMPLE = re.compile(r"^ *Example: ((?:dino-gen|char-rnn) .*)", re.MULTILINE)
COMMANDS = [(program, name) for program in APPS for name in command_names(program)]
SLOW = {
    "matplotlib",
    "h5py",
    "pooch",
    "tqdm",
    "nn_core.training.trainer",
    "nn_core.optim.optimizers",
    "nn_core.layers.conv2d",
    "nn_core.layers.pooling",
    "nn_core.layers.batch_norm",
    "nn_core.cli.plots",
}

each_command = pytest.mark.parametrize(("program", "name"), COMMANDS)
each_program = pytest.mark.parametrize("program", [DINO, CHAR])


def help_of(program: str, *command: str) -> str:
    result = CliRunner().invoke(
        APPS[program], [*command, "--help"], prog_name=program, terminal_width=500
    )
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize(
    ("program", "names"),
    [
        (DINO, "evaluate export hidden-states novelty train vanishing-gradients"),
        (CHAR, "evaluate export sample train"),
    ],
)
def test_commands(program: str, names: str) -> None:
    assert command_names(program) == names.split()


@each_command
def test_a_command_has_an_example(program: str, name: str) -> None:
    (example,) = EXAMPLE.findall(help_of(program, name))
    first, command, *arguments = shlex.split(example)
    assert (first, command) == (program, name)
    command_of(program, name).make_context(name, arguments)


@each_program
def test_a_program_has_an_example(program: str) -> None:
    (example,) = EXAMPLE.findall(help_of(program))
    assert APPS[program].make_context(program, shlex.split(example)[1:]).args is not None


@each_program
def test_every_option_is_explained(program: str) -> None:
    for command in (APPS[program], *(command_of(program, n) for n in command_names(program))):
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert [p.opts[0] for p in options if not p.help] == [], command.name


@each_program
@pytest.mark.parametrize("width", [45, 80, 200])
def test_the_list_of_commands_shows_their_first_sentences(program: str, width: int) -> None:
    """Read from the source, the same as click makes of the commands themselves."""
    names = command_names(program)
    result = CliRunner().invoke(APPS[program], ["--help"], prog_name=program, terminal_width=width)
    lines = " ".join(result.stdout.partition("Commands:")[2].split())
    room = width - 6 - max(map(len, names))
    for name in names:
        assert f"{name} {command_of(program, name).get_short_help_str(room)}" in lines


def test_char_rnn_alone_prints_its_help() -> None:
    result = CliRunner().invoke(APPS[CHAR], [], prog_name=CHAR)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: char-rnn ")


@each_program
def test_help_imports_nothing_slow(program: str) -> None:
    script = f"""
        import sys
        from {MODULES[program]}.cli import main
        main(["--help"], standalone_mode=False)
        print(sorted({SLOW!r} & set(sys.modules)))
    """
    assert output_of(script).endswith("\n[]\n")


def test_names_are_generated_without_what_only_training_needs() -> None:
    script = f"""
        import sys
        from char_rnn_dino.names.cli import main
        main(["--start", "Y"], standalone_mode=False)
        print(sorted({SLOW - {"h5py"}!r} & set(sys.modules)))
    """
    assert output_of(script).endswith("\n[]\n")


def output_of(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", inspect.cleandoc(script)], capture_output=True, check=True, text=True
    )
    return done.stdout
