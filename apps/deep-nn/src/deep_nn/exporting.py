"""The command `export`."""

from deep_nn.model import PROGRAM
from nn_core.lab.exporting import export_command

COMMANDS = {"export": export_command(PROGRAM)}
