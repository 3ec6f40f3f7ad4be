"""Export a network without its training state.

\b
Example: deep-nn export --model model.h5 --save small.h5
"""

from deep_nn.model import PROGRAM
from nn_core.cli.export import export_command

export = export_command(PROGRAM)
