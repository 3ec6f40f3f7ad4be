"""Export a network to HDF5, ONNX or safetensors.

The suffix of --save selects the format. A checkpoint (.h5) is written without training state. An ONNX
file takes tokens and states, and returns logits and the next states; it includes the vocabulary. A
safetensors file has the weights, with the architecture in a .json file.

\b
Example: char-rnn export --model notes.h5 --save notes.onnx
"""

from functools import partial

from char_rnn_dino.model import CHAR_RNN, load_model
from char_rnn_dino.onnx_graph import onnx_graph
from nn_core.cli.export import export_command

export = export_command(CHAR_RNN, partial(load_model, program=CHAR_RNN), partial(onnx_graph, program=CHAR_RNN))
