"""List the bundled data, and where your own goes.

\b
Example: char-rnn datasets
"""

from pathlib import Path

from char_rnn_dino.corpora import FIELD_NOTES, bundled
from char_rnn_dino.model import CHAR_RNN
from nn_core.cli.catalog import Entry
from nn_core.cli.dataset_commands import datasets_command

OWN = "Your own: --data with any text file, or - for standard input."


def entries() -> list[Entry]:
    """The bundled corpus, which --data names by default."""
    name = Path(FIELD_NOTES).stem
    return [Entry(name, name, "Field notes of a dig, written for this program.", bundled(FIELD_NOTES).is_file())]


datasets = datasets_command(CHAR_RNN, entries, OWN)
