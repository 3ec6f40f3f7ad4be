"""Dense and BatchNorm as one Dense, for prediction."""

from collections.abc import Sequence
from typing import ClassVar, cast

from nn_core.arrays import Array, Arrays, Shape
from nn_core.engine.fused.base import Fused
from nn_core.engine.fused.dense import DenseActivation
from nn_core.engine.fused.folded_batch_norm import folded_parameters
from nn_core.engine.workspace import Workspace
from nn_core.layers.base import Cache, Layer
from nn_core.layers.batch_norm import BatchNorm
from nn_core.layers.context import Context
from nn_core.layers.dense import Dense


class FoldedDense(Fused):
    """y = x @ W' + b', with W' and b' as derived in `folded_batch_norm`."""

    mode: ClassVar[str] = "inference"

    @classmethod
    def accepts(cls, layers: Sequence[Layer], input_shape: Shape) -> bool:
        return isinstance(layers[0], Dense) and isinstance(layers[1], BatchNorm)

    def forward_fused(self, x: Array, params: Arrays, context: Context, workspace: Workspace) -> tuple[Array, Cache]:
        folded = folded_parameters(cast(BatchNorm, self.layers[1]), params, workspace)
        return DenseActivation(self.layers[:1]).forward_fused(x, folded, context, workspace)
