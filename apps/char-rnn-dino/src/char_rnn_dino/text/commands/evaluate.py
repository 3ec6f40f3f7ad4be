"""The command `char-rnn evaluate`."""

from pathlib import Path

import click

from char_rnn_dino.figures import for_machines, in_words, mean_nats, nats
from char_rnn_dino.model import CHAR_RNN, Model, load_model
from char_rnn_dino.preparing import Examples, held_back, part_of
from char_rnn_dino.texts import read_text
from nn_core.cli.app import echo_json, json_option
from nn_core.cli.param_types import MODEL
from nn_core.errors import DataError
from nn_core.storage.files import printable
from nn_core.training.evaluate import measure_text


@click.command()
@click.argument("model_path", metavar="MODEL", type=MODEL)
@click.option(
    "--data", metavar="FILE", help="A text; by default what the model's training held back."
)
@json_option
def evaluate(model_path: Path, data: str | None, as_json: bool) -> None:
    """Measure how well a network foretells a text.

    \b
    Example: char-rnn evaluate notes.h5 --data more-notes.txt
    """
    model = load_model(model_path, CHAR_RNN)
    source, (x, y) = _text(model, data)
    loss = measure_text(model.network, x, y, {"loss": mean_nats})["loss"]
    result = {"data": source, "tokens": len(y), **nats(loss, model.vocabulary)}
    if as_json:
        echo_json(for_machines(result))
    else:
        click.echo(f"{source}: {in_words(result, model.vocabulary)}")


def _text(model: Model, data: str | None) -> tuple[str, Examples]:
    """Where the text comes from, and what the network reads of it."""
    if data is None:
        return held_back(model)
    tokens = model.vocabulary.encode(read_text(Path(data)), printable(data))
    if len(tokens) < 2:
        raise DataError(f"{printable(data)} is too short: there is nothing to foretell")
    return printable(data), part_of(tokens)


COMMANDS = {"evaluate": evaluate}
