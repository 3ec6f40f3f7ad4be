"""TOML from untrusted files."""

import tomllib
from pathlib import Path
from typing import Any

from nn_core.errors import DataError
from nn_core.storage.files import check_size, decoding_errors, open_file, printable

MAX_BYTES = 1 << 16
"""Maximum size of a file, 64 KiB: the parser's time grows with the square of the dots in a value, too."""
MAX_DOTS = 20
"""Most dots in a key: one of thousands takes the parser minutes."""


def read_toml(path: Path) -> dict[str, Any]:
    """The contents of a TOML file. Raises DataError, naming the file."""
    name = printable(path)
    with decoding_errors(path, "a TOML file"):
        if path.is_file() and not path.stat().st_size:
            return {}
        with open_file(path) as file:
            content = file.read(MAX_BYTES + 1)
        check_size(len(content), name, MAX_BYTES)
        text = content.decode()
        for number, line in enumerate(text.splitlines(), start=1):
            if line.partition("=")[0].count(".") > MAX_DOTS:
                raise DataError(f"{name}, line {number}: more than {MAX_DOTS} dots in a key")
        return tomllib.loads(text)
