"""The command line of dino-gen; without a command, it generates names."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from char_rnn_dino.options import sampling_options
from nn_core.cli.app import App
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo_json, json_option


@click.group(
    cls=App,
    commands="char_rnn_dino.names.commands",
    order=("train", "evaluate", "novelty", "hidden-states", "vanishing-gradients"),
    invoke_without_command=True,
)
@click.version_option(package_name="char-rnn-dino")
@click.option("--start", default="", show_default=False, metavar="LETTERS", help="Prefix of every name.")
@click.option(
    "--count", type=click.IntRange(1, 1_000_000), show_default="10, or 1 with --start", help="Number of names."
)
@sampling_options("letter")
@click.option("--max-length", type=click.IntRange(1, 1000), default=40, help="Maximum length of a name.")
@click.option("--novel", is_flag=True, help="Exclude names from the training data.")
@model_option(required=False)
@json_option
@click.pass_context
def main(
    ctx: click.Context,
    /,
    start: str,
    count: int | None,
    seed: int | None,
    max_length: int,
    novel: bool,
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

    model = load_model(model_path, DINO_GEN)
    exclude: frozenset[str] = frozenset()
    if novel:
        from char_rnn_dino.setup import names_of

        known = names_of(model)
        exclude = frozenset(known.training + known.validation)
    names = generate_names(
        model.network,
        model.vocabulary,
        start,
        count or (1 if start else 10),
        rng=np.random.default_rng(seed),
        max_length=max_length,
        exclude=exclude,
        threads=available_threads(),
        **sampling,
    )
    capitalized = [name.capitalize() for name in names]
    if as_json:
        echo_json(capitalized)
    else:
        click.echo("\n".join(capitalized))


def _require_no_options(ctx: click.Context, command: str) -> None:
    """Raise click.UsageError for a name-generation option placed before another command."""
    for parameter in ctx.command.params:
        if not parameter.expose_value:  # --plugin, which has been loaded
            continue
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} has no effect before {command}; put the options of {command} after its name", ctx
            )
