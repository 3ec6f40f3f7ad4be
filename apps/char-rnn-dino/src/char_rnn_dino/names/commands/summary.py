"""Show a network's layers and training settings.

\b
Example: dino-gen summary
"""

from functools import partial

from char_rnn_dino.model import DINO_GEN
from char_rnn_dino.overview import overview
from char_rnn_dino.settings import NameSettings
from nn_core.cli.summary_command import summary_command

summary = summary_command(partial(overview, program=DINO_GEN, settings_type=NameSettings), required=False)
