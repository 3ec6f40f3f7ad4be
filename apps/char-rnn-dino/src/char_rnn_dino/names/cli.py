"""dino-gen: names from a trained network, and the commands around it."""

from pathlib import Path

import click
from click.core import ParameterSource

from nn_core.cli.app import CONTEXT, Commands, Program, echo_json, json_option
from nn_core.cli.param_types import MODEL, FloatRange

MODULES = {
    "dino_training": {
        "train": "Learn to write names like those of a list, and show some on the way.",
    },
    "dino_evaluating": {
        "evaluate": (
            "Measure how well a network foretells the letters of names, the end of a name "
            "among them."
        ),
    },
    "dino_exporting": {
        "export": "Write a network without the run that trained it: a third of the size or less.",
    },
    "dino_looking": {
        "novelty": "Measure how new the names are that a network makes, from cool to hot.",
        "heatmap": (
            "Draw a network's hidden state as it reads a name, and which letters it expects."
        ),
        "vanish": (
            "Follow the gradient of a loss back through time: it shrinks or grows at every step."
        ),
    },
}
"""The commands of each module, each with the line that stands for it in a list of all."""


@click.group(
    cls=Program,
    commands=Commands("char_rnn_dino", MODULES),
    invoke_without_command=True,
    context_settings=CONTEXT,
)
@click.version_option(package_name="char-rnn-dino")
@click.option("--start", default="", metavar="LETTERS", help="What every name begins with.")
@click.option("--count", type=click.IntRange(1, 1_000_000), help="How many; 10, or 1 with --start.")
@click.option(
    "--temperature",
    type=FloatRange(least=0),
    default=1.0,
    help="Below 1 like what is known, above 1 wilder; 0 is always the likeliest letter.",
)
@click.option("--top-k", type=click.IntRange(min=1), help="Draw among the K likeliest letters.")
@click.option(
    "--top-p",
    type=FloatRange(above=0, most=1),
    help="Draw among the likeliest letters that together reach this probability.",
)
@click.option(
    "--max-length", type=click.IntRange(1, 1000), default=40, help="The most letters of a name."
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed, the same names.")
@click.option("--novel", is_flag=True, help="Never a name of the list that it learned.")
@click.option("--model", type=MODEL, help="A checkpoint of train; by default the one shipped.")
@json_option
@click.pass_context
def main(
    ctx: click.Context,
    start: str,
    count: int | None,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    max_length: int,
    seed: int | None,
    novel: bool,
    model: Path | None,
    as_json: bool,
) -> None:
    """Invent names of dinosaurs, letter by letter.

    \b
    Example: dino-gen --start Y --count 5
    """
    if ctx.invoked_subcommand is not None:
        _require_own(ctx, ctx.invoked_subcommand)
        return
    import numpy as np

    from char_rnn_dino.model import DINO_GEN, load_model
    from char_rnn_dino.naming import names_like
    from nn_core.engine.thread_pool import available_threads

    trained = load_model(model, DINO_GEN)
    known: frozenset[str] = frozenset()
    if novel:
        from char_rnn_dino.preparing import names_known

        known = names_known(trained)
    names = names_like(
        trained.network,
        trained.vocabulary,
        start,
        count or (1 if start else 10),
        rng=np.random.default_rng(seed),
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        max_length=max_length,
        known=known,
        threads=available_threads(),
    )
    written = [name.capitalize() for name in names]
    if as_json:
        echo_json(written)
    else:
        click.echo("\n".join(written))


def _require_own(ctx: click.Context, command: str) -> None:
    """Raise click.UsageError if an option for making names stands before another command."""
    for parameter in ctx.command.params:
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} before {command} would do nothing: the options of {command}"
                " follow its name",
                ctx,
            )
