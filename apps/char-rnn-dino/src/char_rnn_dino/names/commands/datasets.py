"""List the bundled data, and where your own goes.

\b
Example: dino-gen datasets
"""

from pathlib import Path

from char_rnn_dino.corpora import NAMES, bundled, read_names
from char_rnn_dino.model import DINO_GEN
from nn_core.cli.catalog import Entry
from nn_core.cli.dataset_commands import datasets_command

OWN = "Your own: --data with a list of names, one per line, or - for standard input."


def entries() -> list[Entry]:
    """The bundled corpus, which --data names by default."""
    name = Path(NAMES).stem
    return [Entry(name, name, f"{len(read_names(bundled(NAMES))):,} names of dinosaurs.", bundled(NAMES).is_file())]


datasets = datasets_command(DINO_GEN, entries, OWN)
