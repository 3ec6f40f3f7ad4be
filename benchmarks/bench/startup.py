"""How long a command takes to begin, beside the bare imports of what it stands on."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench.sides import BARE, OURS, Case, Settings, Side

GOAL = 1 / 1.5
"""At most 1.5 times the bare imports."""
LIBRARIES = "numpy, click, h5py"
COMMANDS = (
    ("deep-nn --help", "deep_nn.__main__", LIBRARIES),
    ("cnn-sign --help", "cnn_sign_digits.__main__", LIBRARIES),
    ("cnn-sign predict PHOTO", "cnn_sign_digits.__main__", LIBRARIES + ", PIL.Image"),
    ("dino-gen --help", "char_rnn_dino.names.__main__", LIBRARIES),
    ("dino-gen --start Y", "char_rnn_dino.names.__main__", LIBRARIES),
    ("char-rnn --help", "char_rnn_dino.text.__main__", LIBRARIES),
)
"""Command, the module whose `main` its script calls, and what is imported for comparison."""


def process(program: str, *arguments: str) -> Callable[[], None]:
    """A step that runs a program of Python in a process of its own.

    Raises CalledProcessError if it fails.
    """

    def step() -> None:
        subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True)

    return step


def start_up_sides(command: str, module: str, libraries: str) -> list[Side]:
    """The command, as its script would call it, and the imports."""
    name, *arguments = [str(_photo()) if word == "PHOTO" else word for word in command.split()]
    program = f"import sys; sys.argv[0] = {name!r}; from {module} import main; main()"
    return [Side(OURS, "", process(program, *arguments)), Side(BARE, libraries, process(f"import {libraries}"))]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@cache
def _photo() -> Path:
    """A picture to predict, in a folder that goes when the bench ends."""
    from PIL import Image

    path = Path(_folder().name, "photo.png")
    Image.linear_gradient("L").convert("RGB").save(path)
    return path


def _case(command: str, module: str, libraries: str) -> Case:
    def build(settings: Settings) -> list[Side]:
        return start_up_sides(command, module, libraries)

    return Case("f", command, {BARE: GOAL}, build, threaded=False)


CASES = [_case(*row) for row in COMMANDS]
