"""A network of nn-core as a network of PyTorch, with the same weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import Sequential
from torch.nn import functional as F

from bench.modules import Match, translated
from nn_core import Network
from nn_core.arrays import Array
from nn_core.layers import Flatten


class Twin:
    """Layer by layer the same.

    channels_last  images lie in memory as nn-core has them
    time_first     sequences are (T, N), as PyTorch prefers them
    """

    def __init__(self, network: Network, *, channels_last: bool = False, time_first: bool = False) -> None:
        self.images = len(network.input_shape) == 3
        self.channels_last, self.time_first = channels_last, time_first
        self.matches: dict[str, Match] = {}
        modules = []
        for i, layer in enumerate(network.layers):
            x, y = network.shapes[i : i + 2]
            flattened = i > 0 and isinstance(network.layers[i - 1], Flatten)
            maps = network.shapes[i - 1] if flattened else None
            part = translated(layer, x, y, maps, time_first)
            modules += part.modules
            for match in part.matches:
                self.matches[f"{i}/{match.name}"] = match
                self._copy(match, network.params[f"{i}/{match.name}"])
        self.module = Sequential(*modules)
        if channels_last:
            self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def input(self, x: npt.NDArray[Any]) -> Tensor:
        """A batch of nn-core as this network takes it."""
        if self.images:
            order = torch.channels_last if self.channels_last else torch.contiguous_format
            return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=order)
        if x.dtype.kind in "iu":
            tensor = torch.from_numpy(x.astype(np.int64))
            return tensor.T.contiguous() if self.time_first else tensor
        return torch.from_numpy(x.copy())

    def targets(self, y: npt.NDArray[Any], loss: str) -> Tensor:
        """The targets of a batch as `loss_of` takes them."""
        if loss == "binary-cross-entropy":
            return torch.from_numpy(y.astype(np.float32)).reshape(-1, 1)
        labels = torch.from_numpy(y.astype(np.int64))
        return (labels.T if self.time_first else labels).reshape(-1)

    def loss(self, loss: str, x: Tensor, targets: Tensor) -> Tensor:
        """Of a batch, forward alone."""
        logits: Tensor = self.module(x)
        if loss == "binary-cross-entropy":
            return F.binary_cross_entropy_with_logits(logits, targets)
        return F.cross_entropy(logits.reshape(len(targets), -1), targets)

    def in_torch_order(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Named arrays of nn-core as PyTorch has them."""
        return {name: self.matches[name].reorder(array) for name, array in arrays.items()}

    def gradients(self) -> dict[str, Array]:
        """By the names of nn-core."""
        return {
            name: match.tensor.grad[match.first_row :].numpy().copy()
            for name, match in self.matches.items()
            if match.tensor.grad is not None
        }

    def _copy(self, match: Match, array: Array) -> None:
        ordered = np.ascontiguousarray(match.reorder(array))
        match.tensor.data[match.first_row :] = torch.from_numpy(ordered)
