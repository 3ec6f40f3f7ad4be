"""The recurrent layers by their name on the command line."""

from types import MappingProxyType

from nn_core.layers.gru import GRU
from nn_core.layers.lstm import LSTM
from nn_core.layers.recurrent import Recurrent
from nn_core.layers.simple_rnn import SimpleRNN

CELLS: MappingProxyType[str, type[Recurrent]] = MappingProxyType({"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM})
"""All recurrent layers by name."""
