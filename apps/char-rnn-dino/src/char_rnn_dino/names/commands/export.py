"""Export a network without optimizer state and history.

\b
Example: dino-gen export --model names.h5 --save small.h5
"""

from char_rnn_dino.model import DINO_GEN
from nn_core.cli.export import export_command

export = export_command(DINO_GEN)
