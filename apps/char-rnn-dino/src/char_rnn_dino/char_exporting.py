"""The command `export` of char-rnn."""

from char_rnn_dino.model import CHAR_RNN
from nn_core.lab.exporting import export_command

COMMANDS = {"export": export_command(CHAR_RNN)}
