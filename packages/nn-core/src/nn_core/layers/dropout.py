"""Noise that keeps units from relying on one another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.layers.layer import Cache, Context, Layer
from nn_core.registry import require


@dataclass(frozen=True)
class Dropout(Layer):
    """While training, each number is kept with probability p and else set to zero.

    mask ~ Bernoulli(p) / p,    y = x * mask,    d_x = d_y * mask

    What is kept is divided by p ("inverted" dropout), so that E[y] = x and nothing has to be
    scaled when the network is used, where the layer does nothing at all.

    Neighbouring pixels of a map say nearly the same, so dropping one of them hides nothing:
    with `whole_maps` the mask is (N, 1, ..., 1, C), and a map goes or stays as a whole.

    keep_probability  p, in (0, 1]
    whole_maps        one draw for all numbers of a channel, in each example
    Raises SettingError if it trains without a generator.
    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting (2014); whole maps: Tompson et al., Efficient object localization using
    convolutional networks (2015), sec. 3.2.
    """

    keep_probability: float
    whole_maps: bool = False

    draws: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require(
            0 < self.keep_probability <= 1,
            f"a keep probability lies in (0, 1], not {self.keep_probability}",
        )

    def forward(
        self, x: Array, params: Mapping[str, Array], context: Context
    ) -> tuple[Array, Cache]:
        if not context.training or self.keep_probability == 1:
            return x, ()
        if context.rng is None:
            raise SettingError("Dropout needs a random generator while training")
        shape = x.shape
        if self.whole_maps:
            shape = (len(x), *(1 for _ in x.shape[1:-1]), *x.shape[1:][-1:])
        mask = context.scratch("mask", shape)
        context.rng.random(out=mask, dtype=mask.dtype)
        np.less(mask, self.keep_probability, out=mask)
        mask *= 1.0 / self.keep_probability
        return np.multiply(x, mask, out=context.scratch("y", x.shape)), (mask,)

    def backward(
        self,
        d_y: Array,
        cache: Cache,
        params: Mapping[str, Array],
        grads: Mapping[str, Array],
        context: Context,
    ) -> Array | None:
        if not cache:
            return d_y
        (mask,) = cache
        d_x: Array = np.multiply(d_y, mask, out=context.scratch("d_x", d_y.shape))
        return d_x
