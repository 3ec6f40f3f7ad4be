"""Types of option values, with one-line error messages."""

import contextlib
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nn_core.cli import output_kinds
from nn_core.cli.completion import complete_names
from nn_core.cli.output_kinds import OutputKind
from nn_core.cli.shared_options import FORCE
from nn_core.errors import SettingError
from nn_core.storage.atomic import resolved
from nn_core.storage.files import is_pipe_or_device

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class FloatRange(click.ParamType[float]):
    """A finite number in an interval: open at `above` and `below`, closed at `least` and `most`."""

    name = "number"

    def __init__(
        self, *, above: float = -math.inf, below: float = math.inf, least: float = -math.inf, most: float = math.inf
    ) -> None:
        self.above, self.below, self.least, self.most = above, below, least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
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
        bounds = {"above": self.above, "below": self.below, "at least": self.least, "at most": self.most}
        return " and ".join(f"{word} {b:g}" for word, b in bounds.items() if math.isfinite(b))


class CommaList(click.ParamType[str]):
    """Comma-separated numbers of one type; kept as text, without spaces."""

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
        self, text: str, param: click.Parameter | None = None, ctx: click.Context | None = None
    ) -> tuple[Any, ...]:
        """The values in a text."""
        if self.empty and not text.strip():
            return ()
        parts = [part.strip() for part in text.split(",")]
        if "" in parts:
            self.fail(f"{text!r} has an empty item", param, ctx)
        return tuple(self.item.convert(part, param, ctx) for part in parts)


class BatchSize(click.ParamType[int | None]):
    """A number of examples, or `full` (None) for all of them."""

    name = "N|full"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "full":
            return None
        if isinstance(value, int):
            return value
        try:
            size = int(value)
        except ValueError:
            self.fail(f"{value!r} is neither an integer nor 'full'", param, ctx)
        if size < 1:
            self.fail(f"batch size must be at least 1, not {size}", param, ctx)
        return size


class SpecType(click.ParamType[str]):
    """A text accepted by `parse`, such as `momentum:beta=0.95`; kept as text.

    name   name of the type, for the help
    names  names that the text may begin with, for the help; a Registry also knows other spellings of them
    """

    def __init__(self, parse: Callable[[str], object], name: str, names: Iterable[str] = ()) -> None:
        self.parse = parse
        self.name = name
        self.names = names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        return complete_names(self.names, files=False)(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = self.canonical(str(value))
        try:
            self.parse(text)
        except SettingError as error:
            self.fail(str(error), param, ctx)
        return text

    def canonical(self, text: str) -> str:
        """The text with our spelling of the name that it begins with: Adam:beta1=0.8 -> adam:beta1=0.8."""
        from nn_core.registry import Registry

        name = re.split("[:@]", text, maxsplit=1)[0]
        return self.names.canonical(name) + text[len(name) :] if isinstance(self.names, Registry) else text


STANDARD = Path("-")
"""Standard input as a file to read, or standard output as one to write."""


class OutputFile(click.ParamType[Path]):
    """An output file, checked before any work begins.

    A file that exists is replaced if it is of the same kind or empty, or with `--force`.

    suffixes  allowed suffixes; any if empty
    kind      what is written, by suffix if there are several; without it, no file is replaced
    """

    name = "file"
    is_output = True

    def __init__(self, *suffixes: str, kind: OutputKind | Mapping[str, OutputKind] | None = None) -> None:
        self.suffixes = suffixes
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        return complete_names((), files=True)(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if path == STANDARD:
            self.fail("'-' is no file to write; give its name", param, ctx)
        if self.suffixes and path.suffix.lower() not in self.suffixes:
            self.fail(f"{value!r} must end in {' or '.join(self.suffixes)}", param, ctx)
        problem = obstacle(path)
        if problem is not None:
            self.fail(problem, param, ctx)
        if path.exists() and not (ctx is not None and ctx.meta.get(FORCE)):
            if is_read_only(path):
                self.fail(f"{str(path)!r} is read-only; use --force to replace it", param, ctx)
            self._check_kind(path, param, ctx)
        return path

    def _check_kind(self, path: Path, param: click.Parameter | None, ctx: click.Context | None) -> None:
        """Fail for an existing file of another kind."""
        kind = self.kind.get(path.suffix.lower()) if isinstance(self.kind, Mapping) else self.kind
        try:
            if kind is None:
                self.fail(f"{str(path)!r} exists; use --force to replace it", param, ctx)
            if not kind.may_replace(path):
                self.fail(f"{str(path)!r} exists and is not {kind.name}; use --force to replace it", param, ctx)
        except OSError as error:
            self.fail(f"cannot read {str(path)!r}: {error.strerror}; use --force to replace it", param, ctx)


class JournalFile(click.ParamType[Path]):
    """A file that is appended to: new, or of an earlier run."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        return complete_names((), files=True)(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if path == STANDARD:
            self.fail("'-' is no file to write; give its name", param, ctx)
        problem = obstacle(path)
        if problem is not None:
            self.fail(problem, param, ctx)
        return path


def obstacle(path: Path) -> str | None:
    """Why a file cannot be written here, as found before any work; None if nothing is known to be in the way."""
    try:
        target = resolved(path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            mode = target.stat().st_mode  # fails for a name that is too long
            if stat.S_ISDIR(mode):
                return f"{str(path)!r} is a folder"
            if not stat.S_ISREG(mode):
                return f"{str(path)!r} is not a regular file"
        if not target.parent.is_dir():
            folder = path.parent if target.name == path.name else target.parent  # that of a link
            return f"no such folder: {str(folder)!r}"
        if not os.access(target.parent, os.W_OK):
            return f"no permission to write to the folder {str(path.parent)!r}"
    except OSError as error:
        return f"{str(path)!r}: {error.strerror or error}"
    return None


def is_read_only(path: Path) -> bool:
    """Whether an existing file is protected from being written."""
    return not (os.access(path, os.W_OK) and path.stat().st_mode & 0o222)


class CsvOutput(OutputFile):
    """A .csv file to write, or "-" for standard output."""

    def __init__(self) -> None:
        super().__init__(".csv", kind=output_kinds.PREDICTIONS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return STANDARD if str(value) == "-" else super().convert(value, param, ctx)


def require_distinct(
    outputs: Mapping[str, "os.PathLike[str] | None"], **inputs: "str | os.PathLike[str] | None"
) -> None:
    """Raise click.UsageError if two outputs are the same file, or an output is an input.

    outputs, inputs  paths by the name of their option or argument
    """
    taken = {os.path.realpath(path): name for name, path in inputs.items() if path is not None}
    for name, path in outputs.items():
        if path is None:
            continue
        other = taken.setdefault(os.path.realpath(path), name)
        if other != name:
            raise click.UsageError(f"{name} would overwrite {other}: both are {str(path)!r}")


STILLS = (".png", ".jpg", ".jpeg", ".svg", ".pdf")
ANIMATIONS = (".gif", ".mp4")
FIGURE = OutputFile(*STILLS, kind=output_kinds.FIGURE)
FIGURE_OR_ANIMATION = OutputFile(
    *ANIMATIONS,
    *STILLS,
    kind={**dict.fromkeys(ANIMATIONS, output_kinds.ANIMATION), **dict.fromkeys(STILLS, output_kinds.FIGURE)},
)
"""A figure to write; its suffix determines the format."""


class InputPath(click.Path):
    """A file or folder to read, validated by its reader; no pipe or device, which may never end."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path: Any = super().convert(value, param, ctx)
        if is_pipe_or_device(path):
            self.fail(f"{value!r} is not a regular file", param, ctx)
        return path


MODEL = InputPath()
"""A checkpoint to read."""


class ShippedModel(InputPath):
    """A checkpoint to read; the word `shipped` is the one shipped with the program, unless a file has this name."""

    def __init__(self, shipped: Path) -> None:
        super().__init__()
        self.shipped = shipped

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        return complete_names(["shipped"])(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        is_shipped = str(value) == "shipped" and not Path(value).exists()
        return self.shipped if is_shipped else super().convert(value, param, ctx)
