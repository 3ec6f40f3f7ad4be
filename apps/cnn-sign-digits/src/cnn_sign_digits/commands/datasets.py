"""The commands `datasets` and `fetch`."""

from cnn_sign_digits.data import FETCHED, catalogue
from cnn_sign_digits.model import PROGRAM
from nn_core.cli.dataset_commands import set_commands

COMMANDS = set_commands(PROGRAM, catalogue, FETCHED)
