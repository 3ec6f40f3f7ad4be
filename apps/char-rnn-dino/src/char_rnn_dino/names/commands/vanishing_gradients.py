"""Plot how gradients vanish or explode through time.

The gradient of the last step's loss is followed back in time. A plain RNN multiplies it by about the
same factor at each step, so that it vanishes or explodes, by the size of the recurrent weights
(--scales). The gates of a GRU and an LSTM keep it as far as they are open (--gate-biases). With --model,
trained networks read the longest names of their training data.

Where the gradient explodes, a single training step would be far too large: this is why gradients are
clipped (--clipping).

\b
Example: dino-gen vanishing-gradients --cell rnn --cell lstm --steps 30
"""

from functools import partial

import numpy as np

from char_rnn_dino.gradient_norms import BATCH_SIZE
from char_rnn_dino.model import DINO_GEN, SHIPPED, Model, load_model
from char_rnn_dino.tokens import END
from char_rnn_dino.training_data import names_of
from char_rnn_dino.vanishing_gradients import vanishing_gradients_command
from nn_core.arrays import Labels
from nn_core.cli.param_types import ShippedModel


def longest_names(model: Model, data: str | None, steps: int, rng: np.random.Generator) -> tuple[str, Labels]:
    """The source and the first letters of the longest names, as many of each: (N, K + 1) with K <= steps."""
    names = names_of(model, data)
    longest = sorted(names.all, key=len, reverse=True)[:BATCH_SIZE]
    shortest = min(steps, len(longest[-1]))
    end = model.vocabulary.ids[END]
    rows = [[end, *model.vocabulary.encode(name[:shortest], names.source)] for name in longest]
    return names.source, np.array(rows, np.int64)


vanishing_gradients = vanishing_gradients_command(
    "dinosaurs", partial(load_model, program=DINO_GEN), longest_names, ShippedModel(SHIPPED)
)
