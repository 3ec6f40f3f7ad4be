"""Export a network without its training state.

\b
Example: cnn-sign export --model digits.h5 --save small.h5
"""

from cnn_sign_digits import PROGRAM
from nn_core.cli.export import export_command

export = export_command(PROGRAM)
