"""The command `dino-gen evaluate`."""

from pathlib import Path

import click

from char_rnn_dino.figures import for_machines, in_words, mean_nats, nats
from char_rnn_dino.model import DINO_GEN, Model, load_model
from char_rnn_dino.preparing import Examples, name_examples, names_behind
from char_rnn_dino.texts import read_names
from nn_core.cli.app import echo_json, json_option
from nn_core.cli.param_types import MODEL
from nn_core.storage.files import printable
from nn_core.training.evaluate import measure


@click.command()
@click.argument("model_path", metavar="[MODEL]", type=MODEL, required=False)
@click.option(
    "--data",
    metavar="FILE",
    help="Names, one a line; by default those that the model's training held back.",
)
@json_option
def evaluate(model_path: Path | None, data: str | None, as_json: bool) -> None:
    """Measure how well a network foretells the letters of names, the end of a name among them.

    MODEL is a checkpoint of train; without it, the network that comes with the program.

    \b
    Example: dino-gen evaluate --data names.txt
    """
    model = load_model(model_path, DINO_GEN)
    source, names, (x, y) = _names(model, data)
    loss = measure(model.network, x, y, {"loss": mean_nats})["loss"]
    result = {"data": source, "names": names, **nats(loss, model.vocabulary)}
    if as_json:
        echo_json(for_machines(result))
    else:
        click.echo(f"{source}: {names:,} names, {in_words(result, model.vocabulary)}")


def _names(model: Model, data: str | None) -> tuple[str, int, Examples]:
    """Where the names come from, how many they are, and as the network reads them."""
    if data is not None:
        source, names = printable(data), read_names(Path(data))
    else:
        name, _, names = names_behind(model)
        source = f"{name}, held back"
    return source, len(names), name_examples(names, model.vocabulary, source)


COMMANDS = {"evaluate": evaluate}
