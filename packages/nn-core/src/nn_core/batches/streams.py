"""Long texts in BPTT chunks, with the state carried from one chunk to the next.

x (L, ...) and targets (L, ...) correspond position by position; for a language model, they are
text[:-1] and text[1:].
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.batches.minibatches import Batch, OwnRows, check_examples
from nn_core.losses import IGNORE_INDEX
from nn_core.registry import require

BURN_IN = 100
"""Steps to warm up the recurrent state before evaluating a part of a text."""


class StreamBatches:
    """Chunks (x, y, None), each (N, T, ...), of a text divided into N parallel streams.

    stream n is text[n S : (n + 1) S],  S = L // N;  chunk k holds steps k T to (k + 1) T of all

    So row n of a chunk continues row n of the previous chunk, and carrying the state across chunks
    processes the whole stream. Gradients stop at the first step of a chunk: truncated
    backpropagation through time. An epoch is one pass over the text; its last chunk may have fewer
    steps, and up to N - 1 positions at the end of the text are dropped.

    batch_size   N, the number of parallel streams
    bptt_length  T, the number of steps per chunk
    Raises ShapeError if x and y differ in length, DataError if x or y is not a numeric array,
    SettingError for a text shorter than N.
    Source: Williams, Peng, An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories (1990).
    """

    carries_state = True

    def __init__(self, x: npt.NDArray[Any], y: npt.NDArray[Any], *, batch_size: int, bptt_length: int) -> None:
        check_examples(x, y)
        require(batch_size >= 1, f"batch_size must be at least 1, not {batch_size}")
        require(bptt_length >= 1, f"bptt_length must be at least 1, not {bptt_length}")
        length = len(x) // batch_size
        require(length >= 1, f"a text of length {len(x)} is too short for {batch_size} streams")
        self.batch_size, self.bptt_length = batch_size, bptt_length
        self.steps_per_epoch = -(-length // bptt_length)
        self._x, self._y = (text[: batch_size * length].reshape(batch_size, length, *text.shape[1:]) for text in (x, y))

    def batch(self, seed: tuple[int, int], own: OwnRows | None = None) -> Batch:
        """The chunk of a step, which depends only on the step number. See `Batches`."""
        chunk = self._chunk(seed)
        return self._x[:, chunk], self._y[:, chunk], None

    def targets(self, seed: tuple[int, int]) -> tuple[npt.NDArray[Any], None]:
        """See `Batches`."""
        return self._y[:, self._chunk(seed)], None

    def _chunk(self, seed: tuple[int, int]) -> slice:
        start = (seed[1] - 1) % self.steps_per_epoch * self.bptt_length
        return slice(start, start + self.bptt_length)


def bptt_chunks(
    x: npt.NDArray[Any], y: npt.NDArray[np.integer[Any]], *, streams: int, bptt_length: int, burn_in: int = BURN_IN
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.signedinteger[Any]]]]:
    """Chunks (N, T) of a whole text, for evaluation: each target is in exactly one chunk.

    The text is divided into up to `streams` parallel parts. All but the first would start in the
    middle of a sentence, so each starts `burn_in` steps early; the labels of burn-in steps are -1.
    There are fewer parts if the burn-in would exceed a quarter of a part; with one part, there is
    no burn-in.
    """
    check_examples(x, y)
    if y.dtype.kind == "u":  # which has no -1
        y = y.astype(np.int64)
    N = max(1, min(streams, len(x) // (4 * max(1, burn_in))))
    length = -(-len(x) // N)
    begin = np.arange(N) * length
    first = np.maximum(begin - burn_in, 0)
    steps = int((begin - first).max()) + length
    for start in range(0, steps, bptt_length):
        positions = first[:, None] + np.arange(start, min(start + bptt_length, steps))
        stop = np.minimum(begin + length, len(x))[:, None]
        own = (positions >= begin[:, None]) & (positions < stop)
        positions = np.minimum(positions, len(x) - 1)
        yield x[positions], np.where(own, y[positions], IGNORE_INDEX)
