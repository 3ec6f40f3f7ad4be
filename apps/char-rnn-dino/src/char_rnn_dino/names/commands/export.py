"""Export a network without its training state.

\b
Example: dino-gen export --model names.h5 --save small.h5
"""

from char_rnn_dino.model import DINO_GEN
from nn_core.cli.export import export_command

export = export_command(DINO_GEN)
