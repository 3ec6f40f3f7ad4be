"""The help of every command has an example, and comes at once."""

import inspect
import re
import shlex
import subprocess
import sys
from types import ModuleType

import click
import pytest
from click.testing import CliRunner
from commands import CHAR, DINO, MAINS

from char_rnn_dino import char_cli, dino_cli
from nn_core.cli.app import Commands

EXAMPLE = re.compile(r"^ *Example: ((?:dino-gen|char-rnn) .*)", re.MULTILINE)
COMMANDS = [(program, name) for program, main in MAINS.items() for name in sorted(main.commands)]
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
    options = {"prog_name": program, "terminal_width": 500}
    result = CliRunner().invoke(MAINS[program], [*command, "--help"], **options)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.mark.parametrize(
    ("program", "names"),
    [
        (DINO, "evaluate export heatmap novelty train vanish"),
        (CHAR, "evaluate export sample train"),
    ],
)
def test_the_commands_are_there(program: str, names: str) -> None:
    assert sorted(MAINS[program].commands) == names.split()


@each_command
def test_every_command_has_an_example_of_its_own(program: str, name: str) -> None:
    (example,) = EXAMPLE.findall(help_of(program, name))
    first, command, *arguments = shlex.split(example)
    assert (first, command) == (program, name)
    MAINS[program].commands[name].make_context(name, arguments)


@each_program
def test_the_program_has_an_example_that_it_takes(program: str) -> None:
    (example,) = EXAMPLE.findall(help_of(program))
    assert MAINS[program].make_context(program, shlex.split(example)[1:]).args is not None


@each_program
def test_every_option_is_explained(program: str) -> None:
    main = MAINS[program]
    for command in (main, *main.commands.values()):
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert [p.opts[0] for p in options if not p.help] == [], command.name


def test_char_rnn_alone_gives_its_help() -> None:
    result = CliRunner().invoke(MAINS[CHAR], [], prog_name=CHAR)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: char-rnn ")


@pytest.mark.parametrize("module", ["dino_cli", "char_cli"])
def test_a_program_is_imported_before_anything_slow(module: str) -> None:
    program = inspect.cleandoc(
        f"""
        import sys
        from char_rnn_dino.{module} import main
        print(sorted({SLOW!r} & set(sys.modules)))
        """
    )
    assert output_of(program) == "[]\n"


def test_names_come_before_anything_that_only_training_needs() -> None:
    program = inspect.cleandoc(
        f"""
        import sys
        from char_rnn_dino.dino_cli import main
        main(["--start", "Y"], standalone_mode=False)
        print(sorted({SLOW - {"h5py"}!r} & set(sys.modules)))
        """
    )
    assert output_of(program).endswith("\n[]\n")


def output_of(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return done.stdout


@pytest.mark.parametrize("module", [dino_cli, char_cli], ids=["dino-gen", "char-rnn"])
@pytest.mark.parametrize("limit", [20, 45, 80, 200])
def test_commands_are_listed_as_their_help_begins(module: ModuleType, limit: int) -> None:
    listed = Commands("char_rnn_dino", module.MODULES).outlines()
    assert {name: line.get_short_help_str(limit) for name, line in listed.items()} == {
        name: command.get_short_help_str(limit) for name, command in module.main.commands.items()
    }
