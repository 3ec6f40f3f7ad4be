"""Dropout: random zeros that keep units from co-adapting."""

from dataclasses import KW_ONLY, dataclass

from nn_core.arrays import Array, Arrays
from nn_core.layers.base import Cache, Layer
from nn_core.layers.context import Context
from nn_core.registry import require


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, set each element to zero with probability `rate`.

    mask = (u >= rate) / (1 - rate),   u uniform in [0, 1)
    y = x * mask,   d_x = d_y * mask

    Kept elements are divided by 1 - rate ("inverted" dropout), so that E[y] = x and no scaling is
    needed in prediction, where the layer is the identity.

    Neighboring pixels of a feature map are nearly equal, so dropping single pixels hides little:
    with `spatial`, the mask is (N, 1, ..., 1, C), and a channel is dropped or kept as a whole.

    rate     probability of zero, in [0, 1)
    spatial  whether to drop whole channels, independently for each example
    Source: Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting (2014); spatial: Tompson et al., Efficient object localization using
    convolutional networks (2015), sec. 3.2.
    """

    rate: float
    _: KW_ONLY
    spatial: bool = False

    def __post_init__(self) -> None:
        require(0 <= self.rate < 1, f"the dropout rate must be in [0, 1), not {self.rate}; Dropout(0.5) drops half")

    def forward(self, x: Array, params: Arrays, context: Context) -> tuple[Array, Cache]:
        if not context.training or self.rate == 0:
            return x, None
        shape = x.shape
        if self.spatial:
            shape = (len(x), *(1 for _ in x.shape[1:-1]), *x.shape[1:][-1:])
        u = context.uniform(shape, x.dtype)
        mask = (u >= self.rate).astype(x.dtype) / (1.0 - self.rate)
        return x * mask, mask

    def backward(self, d_y: Array, cache: Cache, params: Arrays, grads: Arrays, context: Context) -> Array | None:
        return d_y if cache is None else d_y * cache
