"""Grad-CAM: the image regions that support a class."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from cnn_sign_digits.inspect.layer_info import convolutions
from nn_core.arrays import Array
from nn_core.errors import DataError
from nn_core.layers import Context, Layer
from nn_core.network import Network


def grad_cam(network: Network, x: npt.NDArray[Any], label: int) -> Array:
    """The evidence for a class at each position of a photo: (h, w), its maximum 1.

    A[i, j, k], (h, w, K), are the feature maps of the last convolution (`target_layer`), and y is
    the logit of the class, before softmax. How strongly y depends on map k, averaged over its
    positions, is

    alpha[k] = 1/(h w) sum_i sum_j dy/dA[i, j, k]

    and the evidence at a position is the sum of the feature maps there, weighted by alpha:

    L[i, j] = max(0, sum_k alpha[k] A[i, j, k])

    Evidence against the class is discarded, and L is divided by its maximum; it is all zeros if
    there is no evidence for the class. dy/dA is the backward pass through the layers above, from
    a gradient of 1 for the logit of the class and 0 for the others.

    Averaging over the positions is exact if the layers above treat all positions alike, as a global
    average does. Otherwise, as with Flatten, it is an approximation and the result is coarser.

    x  one photo, (1, H, W, C), as network input
    Raises DataError for a network without convolutions.
    Source: Selvaraju et al., Grad-CAM: visual explanations from deep networks via
    gradient-based localization (2017), sec. 3, equations 1 and 2.
    """
    maps, d_maps = maps_and_gradient(network, x, label)
    alpha = d_maps.mean(axis=(0, 1))
    heat_map: Array = np.maximum(maps @ alpha, 0)
    largest = heat_map.max()
    return heat_map / largest if largest > 0 else heat_map


def maps_and_gradient(network: Network, x: npt.NDArray[Any], label: int) -> tuple[Array, Array]:
    """The feature maps A of a photo, and dy/dA of the logit y of a class: (h, w, K) each.

    As in prediction: no noise, running statistics.
    """
    target, context = target_layer(network), Context(training=False)
    maps: Array = network.activations(x)[target]
    above = [network[i] for i in range(target + 1, len(network))]
    y, caches = maps, []
    for bound in above:
        y, cache = bound.layer.forward(y, bound.params, context)
        caches.append(cache)
    d = np.zeros_like(y)
    d[0, label] = 1
    for bound, cache in zip(reversed(above), reversed(caches), strict=True):
        unused = {name: np.empty_like(W) for name, W in bound.params.items()}
        d = cast(Array, bound.layer.backward(d, cache, bound.params, unused, context))
    return maps[0], d[0]


def target_layer(network: Network) -> int:
    """Index of the layer whose feature maps are explained.

    The last layer after the last convolution that keeps its shape: the activation, before any
    pooling. These are the most abstract maps, at the finest resolution.
    """
    found = convolutions(network)
    if not found:
        raise DataError("the network has no convolution; Grad-CAM needs one")
    last = found[-1]
    shape = network.shapes[last + 1]
    while network.shapes[last + 2 : last + 3] == [shape]:
        last += 1
    return last


def target_block(network: Network) -> tuple[Layer, ...]:
    """The last convolution and the layers after it, up to the target layer."""
    return network.layers[convolutions(network)[-1] : target_layer(network) + 1]


def center_of_mass(heat_map: Array, size: tuple[int, ...]) -> tuple[float, float] | None:
    """Row and column of the center of mass of a map (h, w), in pixels of a photo of size `size`.

    0 is the edge of the photo, not the center of its first pixel. None for a map of zeros.
    """
    total = heat_map.sum()
    if total == 0:
        return None
    centers = [(np.arange(n) + 0.5) * pixels / n for n, pixels in zip(heat_map.shape, size, strict=True)]
    row, column = heat_map.sum(axis=1) @ centers[0], heat_map.sum(axis=0) @ centers[1]
    return float(row / total), float(column / total)
