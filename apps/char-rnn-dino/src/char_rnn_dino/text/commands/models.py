"""List the presets of train.

Parameters are those for the bundled text. No network is shipped: train makes them.

\b
Example: char-rnn models
"""

from char_rnn_dino.corpora import read_text_file
from char_rnn_dino.model import CHAR_RNN
from char_rnn_dino.overview import cell_entries
from char_rnn_dino.settings import TextSettings
from char_rnn_dino.text.commands.train import DEFAULTS
from char_rnn_dino.vocabulary import build_vocabulary
from nn_core.cli.models_command import ModelEntry, models_command


def entries() -> list[ModelEntry]:
    """A preset per recurrent layer."""
    vocabulary = build_vocabulary(read_text_file(None).blocks())
    return cell_entries(CHAR_RNN, DEFAULTS, TextSettings, len(vocabulary))


models = models_command(entries)
