"""The command `char-rnn evaluate`."""

from pathlib import Path

import click

from char_rnn_dino.metrics import format_metrics, mean_nats, token_metrics
from char_rnn_dino.model import CHAR_RNN, load_model
from char_rnn_dino.training_data import text_of
from nn_core.cli.completion import complete_names
from nn_core.cli.dataset import nothing_held_out
from nn_core.cli.options import model_option
from nn_core.cli.terminal import echo, echo_json, json_option
from nn_core.engine.engine import Engine
from nn_core.errors import DataError
from nn_core.overflow import checked_overflow, require_finite
from nn_core.training.evaluate import evaluate_text


@click.command()
@model_option(required=True)
@click.option(
    "--data",
    metavar="FILE",
    shell_complete=complete_names(["fieldnotes"]),
    show_default="the text held out from training",
    help="Text file; of the training text, only the held-out part; - for standard input.",
)
@json_option
def evaluate(model_path: Path, data: str | None, as_json: bool) -> None:
    """Evaluate on a text (nats per character or word).

    \b
    Example: char-rnn evaluate --model notes.h5 --data more-notes.txt
    """
    model = load_model(model_path, CHAR_RNN)
    source, others, held_out = text_of(model, data, replaces=False)
    if held_out is not None:
        source, (x, y) = f"{source}, held out", held_out
    elif data is None:
        raise DataError(nothing_held_out(source))
    else:
        x, y = others
    if len(y) == 0:
        raise DataError(f"{source} is too short: no tokens to predict")
    predictor = Engine(model.network).frozen()
    with checked_overflow():
        loss = evaluate_text(predictor, x, y, {"loss": mean_nats})["loss"]
    require_finite(loss, source)
    result = {"data": source, "tokens": len(y), **token_metrics(loss, model.vocabulary)}
    if as_json:
        echo_json(result)
    else:
        echo(f"{source}: {format_metrics(result, model.vocabulary)}")
