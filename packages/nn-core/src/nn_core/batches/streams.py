"""Long texts: read in windows, with the state carried from one window to the next.

x (L, ...) and targets (L, ...) belong together place by place; for a text that foretells
itself they are text[:-1] and text[1:].
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.arrays import Array
from nn_core.errors import ShapeError
from nn_core.registry import require

LEAD = 100
"""Steps that a reader takes before it is judged, so that it knows what came before."""


class StreamBatches:
    """An endless stream of windows (x, y), each (N, T, ...), of a text cut into N streams.

    stream n is text[n S : (n + 1) S],  S = L // N;  window k holds steps k T to (k + 1) T of all

    So row n of a window goes on where row n of the window before it ended, and whoever carries
    the state across has read the whole stream; gradients go back to the window's first step
    and no further, which is backpropagation through time, truncated. An epoch is one reading;
    its last window may have fewer steps, and fewer than N places at the end of the text are
    left out.

    batch_size  N, the streams that are read side by side
    steps       T
    Raises ShapeError if x and y differ in length, SettingError for a text shorter than N.
    Source: Williams, Peng, An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories (1990).
    """

    carries_state = True

    def __init__(
        self, x: npt.NDArray[Any], y: npt.NDArray[Any], *, batch_size: int, steps: int
    ) -> None:
        if len(x) != len(y):
            raise ShapeError(f"a text of {len(x)}, but {len(y)} targets")
        require(batch_size >= 1, f"a text is read in at least one stream, not {batch_size}")
        require(steps >= 1, f"a window has at least one step, not {steps}")
        length = len(x) // batch_size
        require(length >= 1, f"a text of {len(x)} is too short for {batch_size} streams")
        self.batch_size, self.steps = batch_size, steps
        self.steps_per_epoch = -(-length // steps)
        self._x, self._y = (
            text[: batch_size * length].reshape(batch_size, length, *text.shape[1:])
            for text in (x, y)
        )
        self.position = 0

    def next(self) -> tuple[Array, npt.NDArray[Any]]:
        """The next window; after the last, the first."""
        if self.position == self.steps_per_epoch:
            self.position = 0
        start = self.position * self.steps
        self.position += 1
        return self._x[:, start : start + self.steps], self._y[:, start : start + self.steps]

    def mean(self, figures: Sequence[float]) -> float:
        """The mean over an epoch's places of what was measured window by window."""
        length = int(self._x.shape[1])
        last = length - self.steps * (self.steps_per_epoch - 1)
        weights = [*[self.steps] * (self.steps_per_epoch - 1), last]
        return math.fsum(a * b for a, b in zip(figures, weights, strict=True)) / length

    def state(self) -> dict[str, Any]:
        """Where the stream stands, as plain numbers."""
        return {"position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken. Raises ValueError for a position that there is not."""
        if not 0 <= state["position"] <= self.steps_per_epoch:
            raise ValueError(f"step {state['position']} of an epoch of {self.steps_per_epoch}")
        self.position = state["position"]


def windows(
    x: npt.NDArray[Any],
    y: npt.NDArray[np.integer[Any]],
    *,
    streams: int,
    steps: int,
    lead: int = LEAD,
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.integer[Any]]]]:
    """Windows (N, T) of a whole text, for judging: each target stands in exactly one of them.

    The text is cut into up to `streams` parts, read side by side. All but the first would
    begin in the midst of a sentence, so each sets out `lead` steps before its part; targets
    that are not a stream's own are -1. Short texts are cut less, so that the lead stays a
    small part of the work; one stream is the text as it stands.
    """
    if len(x) != len(y):
        raise ShapeError(f"a text of {len(x)}, but {len(y)} targets")
    N = max(1, min(streams, len(x) // (4 * max(1, lead))))
    length = -(-len(x) // N)
    begin = np.arange(N) * length
    first = np.maximum(begin - lead, 0)
    for start in range(0, int((begin - first).max()) + length, steps):
        stop = min(start + steps, int((begin - first).max()) + length)
        places = first[:, None] + np.arange(start, stop)
        own = (places >= begin[:, None]) & (places < np.minimum(begin + length, len(x))[:, None])
        places = np.minimum(places, len(x) - 1)
        yield x[places], np.where(own, y[places], -1)
