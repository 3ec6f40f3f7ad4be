"""The help of every command, and what it does not wait for."""

import subprocess
import sys
from textwrap import dedent

import click
import pytest
from commands import CHAR, DINO, each_program

from nn_core.testing import CommandLine

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
    "nn_core.plots",
}


SHARED = "vanishing-gradients temperatures datasets export models summary sweep"


@pytest.mark.parametrize(
    ("program", "names"),
    [(DINO, f"train evaluate novelty hidden-states {SHARED}"), (CHAR, f"train sample evaluate novelty {SHARED}")],
    ids=["dino-gen", "char-rnn"],
)
def test_commands(program: CommandLine, names: str) -> None:
    assert list(program.commands()) == names.split()


def test_help_of_char_rnn() -> None:
    CHAR.check_help()


def test_help_of_dino_gen() -> None:
    """All is well until the example of the program itself, which has no command."""
    with pytest.raises(AssertionError, match="the example is of no command"):
        DINO.check_help()
    example = DINO.example_of()
    assert example == ["--start", "Y", "--count", "5"]
    DINO.main.make_context("dino-gen", example)
    options = [p for p in DINO.main.params if isinstance(p, click.Option)]
    assert [p.opts[0] for p in options if not p.help] == []


def test_char_rnn_alone_prints_its_help() -> None:
    assert CHAR.succeed().stdout.startswith("Usage: char-rnn ")


@each_program
def test_help_imports_nothing_slow(program: CommandLine) -> None:
    assert slow_modules(f"from {program.module}.cli import main", "--help") == []


def test_names_are_generated_without_what_only_training_needs() -> None:
    """The settings in a checkpoint are held to the options, whose optimizers must be known."""
    assert slow_modules("from char_rnn_dino.names.cli import main", "--start", "Y") == ["nn_core.optim.optimizers"]


def slow_modules(statement: str, *arguments: str) -> list[str]:
    """The modules of SLOW that a run of `main` imports."""
    script = dedent(f"""
        {statement}
        import sys
        main({list(arguments)}, standalone_mode=False)
        print(*sorted({SLOW!r} & set(sys.modules)))
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()[-1].split()
