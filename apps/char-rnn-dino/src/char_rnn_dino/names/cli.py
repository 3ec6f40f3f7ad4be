"""The command line of dino-gen; without a command, it generates names."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from char_rnn_dino.options import data_option, sampling_options
from nn_core.cli.app import App
from nn_core.cli.config import on_command_line
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo, json_option


@click.group(
    "dino-gen",
    cls=App,
    commands="char_rnn_dino.names.commands",
    order=("train", "evaluate", "novelty", "hidden-states", "vanishing-gradients", "temperatures"),
    hints=dict.fromkeys(("names", "generate", "sample", "run", "new"), "use dino-gen --count 10"),
    invoke_without_command=True,
)
@click.version_option(package_name="char-rnn-dino")
@click.option("--start", default="", show_default=False, metavar="LETTERS", help="Prefix of every name.")
@click.option(
    "--count", type=click.IntRange(1, 1_000_000), show_default="10, or 1 with --start", help="Number of names."
)
@sampling_options("letter")
@click.option(
    "--max-length",
    type=click.IntRange(1, 1000),
    show_default="40, or the longest training name if that is longer",
    help="Maximum length of a name.",
)
@click.option("--novel", is_flag=True, help="Exclude names that are in the training data or are cut at --max-length.")
@data_option("dinosaurs", " for --novel")
@model_option(required=False)
@json_option
@click.pass_context
def main(
    ctx: click.Context,
    /,
    start: str,
    count: int | None,
    seed: int | None,
    max_length: int | None,
    novel: bool,
    data: str | None,
    model_path: Path | None,
    as_json: bool,
    **sampling: Any,
) -> None:
    """Generate dinosaur names, letter by letter.

    \b
    Example: dino-gen --start Y --count 5
    """
    if ctx.invoked_subcommand is not None:
        _require_no_options(ctx, ctx.invoked_subcommand)
        return
    import numpy as np

    from char_rnn_dino.model import DINO_GEN, load_model
    from char_rnn_dino.names.generate_names import generate_names
    from nn_core.engine.thread_pool import available_threads

    if data is not None and not novel:
        raise click.UsageError("--data needs --novel, which excludes the names in it", ctx)
    model = load_model(model_path, DINO_GEN)
    known: tuple[str, ...] = ()
    if novel:
        from char_rnn_dino.training_data import names_of

        known = names_of(model, data).all
    groups = generate_names(
        model.network,
        model.vocabulary,
        start,
        count or (1 if start else 10),
        rng=np.random.default_rng(seed),
        max_length=max([model.max_length, *map(len, known)]) if max_length is None else max_length,
        exclude=frozenset(known),
        threads=available_threads(),
        **sampling,
    )
    names = ([name.text.capitalize() for name in group] for group in groups)
    if as_json:
        _echo_array(names)
    else:
        for group in names:
            echo("\n".join(group))


def _echo_array(groups: Iterable[list[str]]) -> None:
    """Print groups of strings as one JSON array on one line, as they come."""
    before = "["
    for group in groups:
        echo(before + json.dumps(group)[1:-1], end="")
        before = ", "
    echo("]")


def _require_no_options(ctx: click.Context, command: str) -> None:
    """Raise click.UsageError for a name-generation option placed before another command."""
    for parameter in ctx.command.params:
        if not parameter.expose_value:  # --plugin, which has been loaded
            continue
        if on_command_line(ctx, parameter.name or ""):
            raise click.UsageError(
                f"{parameter.opts[0]} has no effect before {command}; put the options of {command} after its name", ctx
            )
