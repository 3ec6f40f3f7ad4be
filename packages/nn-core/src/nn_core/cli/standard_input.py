"""Standard input in place of a file of data, an image or a text: the path "-"."""

import io
import sys
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TextIO

from nn_core.cli.param_types import STANDARD
from nn_core.cli.terminal import info
from nn_core.errors import DataError
from nn_core.memory import require_memory
from nn_core.storage.files import check_size, first_few, printable
from nn_core.storage.text import BLOCK_BYTES, MAX_TEXT_BYTES

NAME = "standard input"
"""Its name in messages."""


def standard_input() -> bytes:
    """All bytes of standard input, the same each time.

    Raises DataError if it is closed, empty or too large. At a terminal, a line says how to end it.
    """
    if sys.stdin is None:  # the shell's <&-
        raise DataError(f"{NAME} is closed")
    data = _contents(sys.stdin)
    check_size(len(data), NAME, MAX_TEXT_BYTES)
    if not data:
        raise DataError(f"{NAME} is empty")
    return data


@lru_cache(maxsize=1)
def _contents(stream: TextIO) -> bytes:
    """What is in a stream, kept: a run may read its data more than once."""
    if stream.isatty():
        info("Reading standard input; Ctrl-D ends it.")
    data = io.BytesIO()
    while data.tell() <= MAX_TEXT_BYTES and (block := stream.buffer.read(BLOCK_BYTES)):
        require_memory(data.tell() + len(block), NAME)
        data.write(block)
    return data.getvalue()


def name_of(path: Path) -> str:
    """The name of a path in messages."""
    return NAME if path == STANDARD else printable(path)


def source_of(path: Path) -> tuple[Path | BinaryIO, str]:
    """What to read for a path, and its name for messages."""
    return (io.BytesIO(standard_input()) if path == STANDARD else path), name_of(path)


def is_standard(data: str | None) -> bool:
    """Whether a setting that names data stands for standard input."""
    return data is not None and Path(data) == STANDARD


def require_stored(*settings: str | None) -> None:
    """Say which files are read because a checkpoint names them: whoever wrote it chose them.

    settings  what the checkpoint says of its data: names of data sets, paths, or None
    Raises DataError if data came from standard input, and so is in no file, or is on another machine, which
    would learn of it.
    """
    if any(map(is_standard, settings)):
        raise DataError(f"the model was trained on data from {NAME}, which is not stored; give it with --data")
    paths = [each for each in settings if each is not None and _is_path(each)]
    for path in paths:
        if path.startswith(("//", "\\\\")):
            raise DataError(f"the checkpoint names data on another machine, {printable(path)}; give it with --data")
    if paths:
        info(f"reading {first_few(paths)}, which the checkpoint names as its data")


def _is_path(data: str) -> bool:
    """Whether data is a path, not the name of a data set, with or without settings."""
    name = data.partition(":")[0]
    return Path(data).name != data or "\\" in data or Path(name).suffix != ""
