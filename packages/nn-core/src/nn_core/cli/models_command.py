"""The command `models`, shared by the programs: shipped networks and presets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import click

from nn_core.cli.terminal import echo, echo_json, json_option

KINDS = {"shipped": "trained", "preset": "preset of train"}
"""Words for the kinds of networks."""


@dataclass(frozen=True)
class ModelEntry:
    """A network that comes with a program.

    name         as `--model`, `--preset`, `--cell` or `--from` has it
    kind         shipped is trained; a preset is a network to train, with its settings
    description  what it is for
    parameters   their number
    usage        how to use it on the command line
    settings     of its training: options of `train` and their values
    """

    name: str
    kind: Literal["shipped", "preset"]
    description: str
    parameters: int
    usage: Sequence[str]
    settings: Mapping[str, Any] = field(default_factory=dict)


def models_command(entries: Callable[[], list[ModelEntry]]) -> click.Command:
    """The command `models` of a program; its help is the docstring of the calling module.

    entries  lists its networks
    """

    @click.command("models")
    @json_option
    def models(as_json: bool) -> None:
        found = entries()
        if as_json:
            echo_json([asdict(entry) for entry in found])
            return
        for entry in found:
            echo(f"{entry.name}  ({KINDS[entry.kind]}, {entry.parameters:,} parameters)\n    {entry.description}")
            for command in entry.usage:
                echo(f"    {command}")
            if entry.settings:
                echo(f"    {', '.join(_setting(*pair) for pair in entry.settings.items())}")

    return models


def _setting(name: str, value: Any) -> str:
    return f"{name.replace('_', '-')} {value}"
