"""The options that commands share: `--quiet`, `--verbose`, `--force` and `--max-memory`."""

import re
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from nn_core.memory import SHARE, chosen_memory_limit, set_memory_limit
from nn_core.progress import QUIET, VERBOSE, reporter

READERS = frozenset({"data", "files", "image", "model", "model_path", "seed"})
"""Parameters of the commands that read files or train."""

UNITS = {"b": 1, "": 1} | {
    f"{prefix}{unit}": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for unit, base in (("", 1000), ("b", 1000), ("ib", 1024))
}
"""Units of sizes in lower case: kB and k are 1000 bytes, KiB 1024."""

_SIZE = re.compile(r"(?P<number>\d{1,18}(\.\d{1,18})?)\s*(?P<unit>[kmgt]?(i?b)?)", re.IGNORECASE)

FORCE = "nn_core.force"
"""Where a context keeps whether `--force` was given."""


def add_verbosity(command: click.Command) -> None:
    """Give a program or command `--quiet` and `--verbose`."""
    command.params += [
        _verbosity("-q", "--quiet", "Print results and errors only."),
        _verbosity("-v", "--verbose", "Also print the settings, a line for every epoch, and where time went."),
    ]


def add_force(command: click.Command) -> None:
    """Give a command `--force` if it writes files."""
    if any(getattr(parameter.type, "is_output", False) for parameter in command.params):
        option = click.Option(
            ["--force"],
            is_flag=True,
            is_eager=True,  # the files are checked after it
            expose_value=False,
            callback=_set_force,
            help="Replace files of other kinds, too; files of the same kind are always replaced.",
        )
        option.heading = "Output"  # type: ignore[attr-defined]
        command.params.append(option)


def add_memory_limit(command: click.Command) -> None:
    """Give a command `--max-memory` if it reads files or trains."""
    if any(parameter.name in READERS for parameter in command.params):
        option = click.Option(
            ["--max-memory"],
            type=MemorySize(),
            is_eager=True,  # before any file is read
            expose_value=False,
            callback=_set_memory_limit,
            help=f"Largest array or file to take into memory, e.g. 2GB.  [default: {SHARE:.0%} of the free memory]",
        )
        command.params.append(option)


class MemorySize(click.ParamType[int]):
    """A size in bytes with a decimal or binary unit: "2GB", "500 MB", "1.5 GiB", "1000000"."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value.strip())
        size = int(float(found["number"]) * UNITS[found["unit"].lower()]) if found else 0
        if size < 1:
            self.fail(f"{value!r} is not a size such as 2GB or 500MB", param, ctx)
        return size


def time_report() -> str:
    """Where time went, in one line: "61.2 s: drawing synthetic hands 35.0 s, training 25.1 s, other 1.1 s"."""
    found = reporter()
    if found is None:
        return ""
    total = time.monotonic() - found.started
    parts = dict(sorted(found.seconds.items(), key=lambda part: -part[1]))
    parts["other"] = max(0.0, total - sum(parts.values()))
    return f"{total:.1f} s: {', '.join(_shares(parts))}"


def _verbosity(short: str, name: str, words: str) -> click.Option:
    return click.Option(
        [short, name], is_flag=True, is_eager=True, expose_value=False, callback=_set_verbosity, help=words
    )


def _shares(parts: dict[str, float]) -> Iterator[str]:
    return (f"{name} {seconds:.1f} s" for name, seconds in parts.items())


def _set_verbosity(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    found = reporter()
    if not value or found is None or ctx.resilient_parsing:
        return
    verbosity = QUIET if parameter.name == "quiet" else VERBOSE
    if found.verbosity == -verbosity:
        raise click.UsageError("--quiet and --verbose are mutually exclusive", ctx)
    found.verbosity = verbosity


def _set_memory_limit(ctx: click.Context, parameter: click.Parameter, value: int | None) -> None:
    if value is not None and not ctx.resilient_parsing:
        ctx.call_on_close(partial(set_memory_limit, chosen_memory_limit()))
        set_memory_limit(value)


def _set_force(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.meta[FORCE] = value
