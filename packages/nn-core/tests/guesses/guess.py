"""A first guess at the API, and its outcome."""

import contextlib
import io
from typing import Any, NamedTuple

import numpy as np

import nn_core


class Guess(NamedTuple):
    """A line that a user of another library might type.

    code     the line
    instead  the corrected line in the error message; None if the guess works
    runs     whether the corrected line can be run as it is
    """

    code: str
    instead: str | None = None
    runs: bool = True


def names() -> dict[str, Any]:
    """The namespace for a guess, created anew for each one."""
    rng = np.random.default_rng(0)
    known: dict[str, Any] = {name: getattr(nn_core, name) for name in nn_core.__all__}
    known |= {"np": np, "nn_core": nn_core, "checkpoint": nn_core.checkpoint}
    x, y = rng.normal(size=(32, 4)).astype(np.float32), np.arange(32) % 2
    images = rng.random((8, 8, 8, 3), np.float32)
    network = nn_core.Network([nn_core.Dense(8), nn_core.ReLU(), nn_core.Dense(2)], input_shape=(4,), seed=0)
    loss, recipe = "softmax-cross-entropy", nn_core.Recipe("softmax-cross-entropy", "adam", batch_size=8)
    known |= {"x": x, "y": y, "x_val": x[:8], "y_val": y[:8], "labels": y, "images": images}
    known |= {"network": network, "loss": loss, "recipe": recipe, "vector": network.vector.copy()}
    known |= {"model": nn_core.Model(network, loss), "layer": nn_core.Dense(8), "optimizer": nn_core.Adam()}
    known |= {"logits": network(x), "output": x[:, 0], "confusion": np.eye(2, dtype=np.int64)}
    known |= {"trainer": nn_core.Trainer(nn_core.Engine(network, threads=1), x, y, recipe, epochs=1, seed=0)}
    known |= {"history": nn_core.History({"epoch": [1.0], "training_loss": [0.5], "validation_loss": [0.6]})}
    return known


def outcome(guess: Guess) -> tuple[str, str]:
    """The outcome and the message: "works", "corrected" (a one-line error with corrected code) or "neither"."""
    try:
        run(guess.code)
    except Exception as error:  # noqa: BLE001
        message = str(error)
        helpful = isinstance(error, nn_core.errors.NNError | AttributeError | ImportError)
        if not helpful or "\n" in message or guess.instead is None or guess.instead not in message:
            return "neither", f"{type(error).__name__}: {message}"
        if guess.runs:
            run(guess.instead)
        return "corrected", message
    return ("works" if guess.instead is None else "neither"), ""


def run(code: str) -> None:
    """Run code in the namespace of `names`."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        exec(code, names())  # noqa: S102
