"""List the named data sets and their settings.

\b
Example: cnn-sign datasets
"""

from cnn_sign_digits import PROGRAM
from cnn_sign_digits.datasets.catalog import CATALOG
from nn_core.cli.dataset_commands import datasets_command

OWN = (
    "Your own: --data with a folder that has one subfolder of photos per class, a file of photos"
    " (.h5, .npz, .mat, .csv, idx) or a folder of such files; - for a table of pixels on standard input."
)
datasets = datasets_command(PROGRAM, CATALOG.entries, OWN)
