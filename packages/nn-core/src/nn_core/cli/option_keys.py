"""The names of options in files and environment variables."""

from collections.abc import Iterator

import click

_EXCLUDED = frozenset({"config", "help", "version"})
"""Options that neither a file nor the environment sets."""


def options_by_key(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    """The options of a command by their long name, without dashes."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and option_key(parameter) not in _EXCLUDED:
            yield option_key(parameter), parameter


def option_key(option: click.Option) -> str:
    """The first long name of an option, without dashes."""
    return max(option.opts, key=lambda name: name.startswith("--")).lstrip("-")
