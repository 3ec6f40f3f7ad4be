"""Export a network without its training state.

\b
Example: char-rnn export --model notes.h5 --save small.h5
"""

from char_rnn_dino.model import CHAR_RNN
from nn_core.cli.export import export_command

export = export_command(CHAR_RNN)
