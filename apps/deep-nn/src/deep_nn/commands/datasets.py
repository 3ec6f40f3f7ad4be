"""List the named data sets and their settings.

\b
Example: deep-nn datasets
"""

from deep_nn.datasets.catalog import CATALOG
from deep_nn.datasets.files import KNOWN
from nn_core.cli.dataset_commands import datasets_command

OWN = f"Your own: --data with a file or folder ({', '.join(KNOWN)}, etc.), or - for a table on standard input."
datasets = datasets_command(CATALOG.program, CATALOG.entries, OWN)
