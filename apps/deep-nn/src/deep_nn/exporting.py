"""The command `export`."""

from deep_nn.model import PROGRAM
from nn_core.cli.export import export_command

COMMANDS = {"export": export_command(PROGRAM)}
