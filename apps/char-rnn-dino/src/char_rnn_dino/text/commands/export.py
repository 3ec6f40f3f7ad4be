"""The command `export` of char-rnn."""

from char_rnn_dino.model import CHAR_RNN
from nn_core.cli.export import export_command

COMMANDS = {"export": export_command(CHAR_RNN)}
