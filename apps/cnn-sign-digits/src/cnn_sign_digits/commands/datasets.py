"""List the named data sets and their settings.

\b
Example: cnn-sign datasets
"""

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.datasets.catalog import CATALOG
from nn_core.cli.dataset_commands import datasets_command

datasets = datasets_command(PROGRAM, CATALOG.entries)
