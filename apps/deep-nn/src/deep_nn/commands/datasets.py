"""List the named data sets and their settings.

\b
Example: deep-nn datasets
"""

from deep_nn.datasets.catalog import CATALOG
from nn_core.cli.dataset_commands import datasets_command

datasets = datasets_command(CATALOG.program, CATALOG.entries)
