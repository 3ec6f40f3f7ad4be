"""Download a data set and verify its SHA-256.

\b
Example: deep-nn fetch cats
"""

from deep_nn.datasets.catalog import CATALOG
from nn_core.cli.dataset_commands import fetch_command

fetch = fetch_command(CATALOG.remote)
