"""Plot how gradients vanish or explode through time.

The gradient of the last step's loss is followed back in time. A plain RNN multiplies it by about the
same factor at each step, so that it vanishes or explodes, by the size of the recurrent weights
(--scales). The gates of a GRU and an LSTM keep it as far as they are open (--gate-biases). With --model,
trained networks read passages of their training text.

Where the gradient explodes, a single training step would be far too large: this is why gradients are
clipped (--clipping).

\b
Example: char-rnn vanishing-gradients --model rnn.h5 --model gru.h5 --model lstm.h5
"""

from functools import partial

import numpy as np

from char_rnn_dino.model import CHAR_RNN, Model, load_model
from char_rnn_dino.training_data import text_of
from char_rnn_dino.vanishing_gradients import vanishing_gradients_command
from nn_core.arrays import Labels
from nn_core.cli.param_types import MODEL
from nn_core.errors import DataError

PASSAGES = 64
"""Number of passages read at a time."""


def passages(model: Model, data: str | None, steps: int, rng: np.random.Generator) -> tuple[str, Labels]:
    """The source and passages of a text from random positions: (N, K + 1) with K <= steps."""
    source, (training, _), _ = text_of(model, data)
    steps = min(steps, len(training) - 1)
    starts = rng.integers(len(training) - steps, size=PASSAGES)
    text = training[starts[:, None] + np.arange(steps + 1)].astype(np.int64)
    if text.min() < 0:
        raise DataError(f"{source} has characters that are not in the model's vocabulary")
    return source, text


vanishing_gradients = vanishing_gradients_command("fieldnotes", partial(load_model, program=CHAR_RNN), passages, MODEL)
