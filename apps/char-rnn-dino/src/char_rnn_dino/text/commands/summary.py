"""Show a network's layers and training settings.

\b
Example: char-rnn summary --model notes.h5
"""

from functools import partial

from char_rnn_dino.model import CHAR_RNN
from char_rnn_dino.overview import overview
from char_rnn_dino.settings import TextSettings
from nn_core.cli.summary_command import summary_command

summary = summary_command(partial(overview, program=CHAR_RNN, settings_type=TextSettings), required=True)
