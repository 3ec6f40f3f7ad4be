"""The command `export` of dino-gen."""

from char_rnn_dino.model import DINO_GEN
from nn_core.cli.export import export_command

COMMANDS = {"export": export_command(DINO_GEN)}
