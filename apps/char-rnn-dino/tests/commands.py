"""dino-gen and char-rnn with small data, for the tests of their commands."""

import dataclasses
from pathlib import Path

import pytest

from char_rnn_dino.names.cli import main as dino_gen
from char_rnn_dino.text.cli import main as char_rnn
from nn_core.testing import CommandLine

REMARKS = r"epoch \d+(/\d+  |:$)|    |wrote |this run is finished"
DINO = CommandLine("dino-gen", dino_gen, module="char_rnn_dino.names", remarks=REMARKS)
CHAR = CommandLine("char-rnn", char_rnn, module="char_rnn_dino.text", remarks=REMARKS)
each_program = pytest.mark.parametrize("program", [DINO, CHAR], ids=["dino-gen", "char-rnn"])
NAMES = tuple(
    first + last
    for first in ("ba", "do", "ki", "lu", "me")
    for last in ("ra", "no", "tis", "vex", "sa", "ru", "pelta", "don")
)
LINES = ("The river is low.", "We dug all day.", "It rained, and we stayed in.", "No bones!")
CORPUS = "".join(f"Day {day}. {LINES[day % len(LINES)]}\n" for day in range(1, 41))
SMALL = ("--hidden", 8, "--embedding", 4)


def notes(program: CommandLine, *arguments: object) -> list[str]:
    """What a command that must succeed remarks on its data."""
    noting = dataclasses.replace(program, remarks=f"{program.remarks}|Note: ")
    lines = noting.succeed(*arguments).stderr.splitlines()
    return [line.removeprefix("Note: ") for line in lines if line.startswith("Note: ")]


def names_file(path: Path, names: tuple[str, ...] | list[str] = NAMES) -> Path:
    path.write_text("".join(f"{name.capitalize()}\n" for name in names), "utf-8")
    return path


def corpus_file(path: Path, text: str = CORPUS) -> Path:
    path.write_text(text, "utf-8")
    return path


def data_arguments(program: CommandLine, folder: Path) -> tuple[object, ...]:
    """Small data in a folder, written if necessary, as arguments of `train`."""
    if program == DINO:
        path = folder / "names.txt"
        return ("--data", path if path.exists() else names_file(path))
    path = folder / "corpus.txt"
    return ("--data", path if path.exists() else corpus_file(path))


def train(program: CommandLine, folder: Path, *arguments: object, name: str = "model.h5") -> Path:
    """A model trained for two epochs, by default."""
    quick = ("--epochs", 2, "--batch-size", 12 if program == DINO else 4, *SMALL)
    data = data_arguments(program, folder)
    program.succeed("train", *data, *quick, "--save", folder / name, *arguments)
    return folder / name
