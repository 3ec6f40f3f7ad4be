"""`nn_core.generate.sample`, written with PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.modules import Outputs
from bench.twin import Twin
from nn_core import Network
from nn_core.arrays import Labels

Draws = Callable[[int], Tensor]


def uniform(count: int) -> Tensor:
    """PyTorch's own random numbers."""
    return torch.rand(count, dtype=torch.float64)


class TorchNames:
    """Names from an embedding, a recurrent layer and a dense layer.

    stop         the word that begins a name and ends it
    max_length   of a name
    """

    def __init__(self, network: Network, stop: int, max_length: int) -> None:
        modules: Any = Twin(network).module.eval()
        self.embedding, outputs, self.dense = modules
        if not isinstance(outputs, Outputs):
            raise TypeError(f"{outputs} is not recurrent")
        self.recurrent: Any = outputs.recurrent
        self.stop, self.max_length = stop, max_length

    @torch.inference_mode()
    def names(self, count: int, together: int, draws: Draws = uniform) -> list[Labels]:
        """So many, `together` of them side by side; those that have ended drop out."""
        texts: list[Labels] = []
        for start in range(0, count, together):
            texts += self._part(min(together, count - start), draws)
        return texts

    def _part(self, count: int, draws: Draws) -> list[Labels]:
        written = torch.full((count, self.max_length + 1), -1)
        alive = torch.arange(count)
        words = torch.full((count,), self.stop)
        state: Any = None
        for length in range(self.max_length):
            features, state = self.recurrent(self.embedding(words)[:, None], state)
            p = torch.softmax(self.dense(features[:, 0]), dim=1)
            ends = p.cumsum(1, dtype=torch.float64)
            at = draws(len(p)) * ends[:, -1]
            words = torch.searchsorted(ends, at[:, None], right=True)[:, 0]
            words.clamp_(max=p.shape[1] - 1)
            written[alive, length] = words
            going = words != self.stop
            if not going.all():
                alive, words = alive[going], words[going]
                state = tuple(part[:, going] for part in state) if isinstance(state, tuple) else state[:, going]
            if len(alive) == 0:
                break
        rows = written.numpy()
        ended = ((rows == -1) | (rows == self.stop)).argmax(axis=1)
        return [np.array(row[:length]) for row, length in zip(rows, ended, strict=True)]
