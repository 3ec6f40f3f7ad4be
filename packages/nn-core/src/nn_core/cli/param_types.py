"""The kinds of value that options take, each with one clear line for a wrong one."""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from nn_core.errors import SettingError


class FloatRange(click.ParamType[float]):
    """A finite number within bounds; a bound in `above` and `below` is itself excluded."""

    name = "number"

    def __init__(
        self,
        *,
        above: float = -math.inf,
        below: float = math.inf,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> None:
        self.above, self.below, self.least, self.most = above, below, least, most

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        if not (self.above < number < self.below and self.least <= number <= self.most):
            self.fail(f"{value} is not {self._bounds()}", param, ctx)
        return number

    def _bounds(self) -> str:
        bounds = {
            "above": self.above,
            "below": self.below,
            "at least": self.least,
            "at most": self.most,
        }
        return " and ".join(f"{word} {b:g}" for word, b in bounds.items() if math.isfinite(b))


class CommaList(click.ParamType[str]):
    """Comma-separated numbers, each of one kind; kept as text, without blanks."""

    def __init__(self, item: click.ParamType[Any], name: str, *, empty: bool = False) -> None:
        self.item = item
        self.name = name
        self.empty = empty

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return ",".join(
            str(number) if isinstance(number, int) else f"{number:.15g}"
            for number in self.values(str(value), param, ctx)
        )

    def values(
        self,
        text: str,
        param: click.Parameter | None = None,
        ctx: click.Context | None = None,
    ) -> tuple[Any, ...]:
        """The values in a text."""
        if self.empty and not text.strip():
            return ()
        parts = [part.strip() for part in text.split(",")]
        if "" in parts:
            self.fail(f"{text!r} has an empty place between commas", param, ctx)
        return tuple(self.item.convert(part, param, ctx) for part in parts)


class BatchSize(click.ParamType[int | None]):
    """A whole number of examples, or `full` (None) for all of them."""

    name = "N|full"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        if value == "full":
            return None
        if isinstance(value, int):
            return value
        try:
            size = int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor 'full'", param, ctx)
        if size < 1:
            self.fail(f"{size} is less than one example", param, ctx)
        return size


class SpecType(click.ParamType[str]):
    """A text that `parse` understands, such as `momentum:beta=0.95`; kept as text."""

    def __init__(self, parse: Callable[[str], object], name: str) -> None:
        self.parse = parse
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            self.parse(value)
        except SettingError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class OutputFile(click.ParamType[Path]):
    """A file to be written at the end, asked about at the beginning.

    suffixes  the endings that can be written; none for any
    """

    name = "file"

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if self.suffixes and path.suffix.lower() not in self.suffixes:
            self.fail(f"{value!r} must end in {' or '.join(self.suffixes)}", param, ctx)
        if path.is_dir():
            self.fail(f"{value!r} is a folder", param, ctx)
        if path.exists() and not path.is_file():
            self.fail(f"{value!r} is no file that could be written anew", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r} to write it in", param, ctx)
        if not os.access(path.parent, os.W_OK):
            self.fail(f"the folder {str(path.parent)!r} cannot be written in", param, ctx)
        return path


def require_distinct(outputs: Mapping[str, Path | None], **inputs: str | Path | None) -> None:
    """Raise click.UsageError if two outputs are one file, or an output is an input.

    outputs, inputs  by the name of their options or arguments
    """
    taken = {os.path.realpath(path): name for name, path in inputs.items() if path is not None}
    for name, path in outputs.items():
        if path is None:
            continue
        other = taken.setdefault(os.path.realpath(path), name)
        if other != name:
            raise click.UsageError(f"{name} would overwrite {other}: both are {str(path)!r}")


FIGURE = OutputFile(".png", ".svg", ".pdf")
"""A figure; its ending chooses the format."""

MODEL = click.Path(path_type=Path)
"""A checkpoint to read; what is wrong with it is said by whoever reads it."""
