"""The command `dino-gen evaluate`."""

from pathlib import Path

import click

from char_rnn_dino.metrics import format_metrics, mean_nats, token_metrics
from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.splits import name_examples
from char_rnn_dino.training_data import names_of
from nn_core.cli.completion import complete_names
from nn_core.cli.dataset import nothing_held_out
from nn_core.cli.options import model_option
from nn_core.cli.terminal import counted, echo, echo_json, json_option
from nn_core.engine.engine import Engine
from nn_core.errors import DataError
from nn_core.overflow import checked_overflow, require_finite
from nn_core.training.evaluate import evaluate as evaluate_network


@click.command()
@model_option(required=False)
@click.option(
    "--data",
    metavar="FILE",
    shell_complete=complete_names(["dinosaurs"]),
    show_default="the names held out from training",
    help="List of names, one per line; of the training list, only the held-out names; - for standard input.",
)
@json_option
def evaluate(model_path: Path | None, data: str | None, as_json: bool) -> None:
    """Evaluate on a list of names (nats per character).

    The end of a name counts as a character.

    \b
    Example: dino-gen evaluate --data names.txt
    """
    model = load_model(model_path, DINO_GEN)
    split = names_of(model, data, replaces=False)
    if split.validation:
        source, names = f"{split.source}, held out", split.validation
    elif data is None:
        raise DataError(nothing_held_out(split.source))
    else:
        source, names = split.source, split.training
    x, y = name_examples(names, model.vocabulary, source)
    with checked_overflow():
        loss = evaluate_network(Engine(model.network), x, y, {"loss": mean_nats})["loss"]
    require_finite(loss, source)
    result = {"data": source, "names": len(names), **token_metrics(loss, model.vocabulary)}
    if as_json:
        echo_json(result)
    else:
        echo(f"{source}: {counted(len(names), 'name')}, {format_metrics(result, model.vocabulary)}")
