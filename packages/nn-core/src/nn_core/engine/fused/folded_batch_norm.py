"""BatchNorm folded into the previous layer, for prediction.

In prediction, mean and variance are constants. With g = gamma / sqrt(variance + epsilon), one
value per filter or unit f, and `...` for the axes of the window or the features,

    z = sum x W[..., f] + b[f]
    y = g[f] (z - mean[f]) + beta[f] = sum x (W[..., f] g[f]) + (b[f] - mean[f]) g[f] + beta[f]

which is the same layer with W' = W g and b' = (b - mean) g + beta.

Source: Jacob et al., Quantization and training of neural networks for efficient
integer-arithmetic-only inference (2018), sec. 3.2; Ioffe, Szegedy, Batch normalization (2015),
algorithm 2.
"""

import numpy as np

from nn_core.arrays import Arrays
from nn_core.engine.workspace import Workspace
from nn_core.layers.batch_norm import BatchNorm


def folded_parameters(norm: BatchNorm, params: Arrays, workspace: Workspace) -> Arrays:
    """W' and b', named "0/W" and "0/b", for layer 0 followed by the BatchNorm at 1."""

    def fold() -> Arrays:
        g = params["1/gamma"] / np.sqrt(params["1/running_variance"] + norm.epsilon)
        W, b = params["0/W"], params["0/b"]
        folded_W = workspace.array("folded W", W.shape, W.dtype)
        folded_b = workspace.array("folded b", b.shape, b.dtype)
        np.multiply(W, g, out=folded_W)
        np.subtract(b, params["1/running_mean"], out=folded_b)
        folded_b *= g
        folded_b += params["1/beta"]
        return {"0/W": folded_W, "0/b": folded_b}

    return workspace.derived("folded", fold)
