"""List the named data sets and their settings.

\b
Example: deep-nn datasets
"""

from deep_nn.datasets.catalog import CATALOG
from deep_nn.model import PROGRAM
from nn_core.cli.dataset_commands import datasets_command

datasets = datasets_command(PROGRAM, CATALOG.entries)
