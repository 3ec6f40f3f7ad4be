"""The ONNX export of dino-gen and char-rnn: one generation step, with states as inputs and outputs."""

import numpy as np

from char_rnn_dino.model import Model
from nn_core.cli.export import OnnxGraph
from nn_core.engine.engine import Engine
from nn_core.layers.base import state_arrays

CHECKED_SEQUENCES, CHECKED_STEPS = 4, 12


def onnx_graph(model: Model, program: str) -> OnnxGraph:
    """Tokens (N, T) and states to logits (N, T, V) and the next states, in float32.

    The check starts in the middle of random sequences, so that the states are not zero.
    """
    predictor = Engine(model.network).frozen()
    tokens = np.random.default_rng(0).integers(len(model.vocabulary), size=(CHECKED_SEQUENCES, 2 * CHECKED_STEPS))
    first, second = np.split(tokens, 2, axis=1)
    _, state = predictor.predict(first)
    logits, left = predictor.predict(second, state)
    return OnnxGraph(
        {
            "outputs": ("logits",),
            "states": True,
            "metadata": {"program": program, "vocabulary": model.vocabulary.to_dict()},
            "name": program,
            "dtype": "float32",
        },
        {"input": second} | {f"state/{path}": values.astype(np.float32) for path, values in state_arrays(state)},
        {"logits": logits} | {f"next_state/{path}": values for path, values in state_arrays(left)},
        f"{CHECKED_SEQUENCES} sequences of {CHECKED_STEPS} tokens",
    )
