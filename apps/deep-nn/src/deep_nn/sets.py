"""The commands `datasets` and `fetch`."""

from deep_nn.data import FETCHED, catalogue
from deep_nn.model import PROGRAM
from nn_core.cli.dataset_commands import set_commands

COMMANDS = set_commands(PROGRAM, catalogue, FETCHED)
