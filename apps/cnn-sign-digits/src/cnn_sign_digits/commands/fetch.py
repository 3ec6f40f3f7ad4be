"""Download a data set and verify its SHA-256.

\b
Example: cnn-sign fetch digits
"""

from cnn_sign_digits.datasets.catalog import CATALOG
from nn_core.cli.dataset_commands import fetch_command

fetch = fetch_command(CATALOG.remote)
