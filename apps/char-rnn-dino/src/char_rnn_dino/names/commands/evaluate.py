"""The command `dino-gen evaluate`."""

from pathlib import Path

import click

from char_rnn_dino.corpora import read_names
from char_rnn_dino.metrics import format_metrics, mean_nats, token_metrics
from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.setup import name_examples, names_of
from nn_core.cli.dataset import nothing_held_out
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo_json, json_option
from nn_core.engine.engine import Engine
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.training.evaluate import evaluate as evaluate_network


@click.command()
@model_option(required=False)
@click.option(
    "--data",
    metavar="FILE",
    show_default="the names held out from training",
    help="List of names in UTF-8, one per line.",
)
@json_option
def evaluate(model_path: Path | None, data: str | None, as_json: bool) -> None:
    """Evaluate on a list of names (nats per character).

    The end of a name counts as a character.

    \b
    Example: dino-gen evaluate --data names.txt
    """
    model = load_model(model_path, DINO_GEN)
    if data is not None:
        source, names = printable(data), read_names(Path(data))
    else:
        split = names_of(model)
        if not split.validation:
            raise DataError(nothing_held_out(split.source))
        source, names = f"{split.source}, held out", split.validation
    x, y = name_examples(names, model.vocabulary, source)
    loss = evaluate_network(Engine(model.network), x, y, {"loss": mean_nats})["loss"]
    result = {"data": source, "names": len(names), **token_metrics(loss, model.vocabulary)}
    if as_json:
        echo_json(result)
    else:
        click.echo(f"{source}: {len(names):,} names, {format_metrics(result, model.vocabulary)}")
