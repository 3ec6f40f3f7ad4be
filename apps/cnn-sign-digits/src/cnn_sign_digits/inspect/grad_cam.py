"""Where in a photo the evidence for a class lies: Grad-CAM."""

from typing import cast

import numpy as np

from cnn_sign_digits.anatomy import answers, convolutions
from nn_core.arrays import Array, Shape
from nn_core.errors import DataError
from nn_core.layers import Layer
from nn_core.network import Network


def grad_cam(network: Network, x: Array, label: int) -> Array:
    """Where the evidence for a class lies in a photo: (h, w), from 0 to 1 at the most.

    A[i, j, k], (h, w, K), are the maps of the last convolution (`last_maps`), and y the logit
    of the class, before softmax. How much y grows with map k, wherever in it, is

    alpha[k] = 1/(h w) sum_i sum_j dy/dA[i, j, k]

    and the evidence at a place is what the maps have there, each as much as it counts:

    L[i, j] = max(0, sum_k alpha[k] A[i, j, k])

    What speaks against the class is left out, and L is divided by its largest number; it stays
    all zeros if nothing speaks for the class. dy/dA is what the backward pass of the layers
    above hands down, when they begin with 1 for the class and 0 for the others.

    The mean over all places loses nothing where the layers above treat them alike, as a global
    average does. Where they do not, as after Flatten, it is a summary, and the map coarser.

    x  one photo, (1, H, W, C), as the network takes it
    Raises DataError for a network without convolutions.
    Source: Selvaraju et al., Grad-CAM: visual explanations from deep networks via
    gradient-based localization (2017), sec. 3, equations 1 and 2.
    """
    maps, d_maps = evidence(network, x, label)
    alpha = d_maps.mean(axis=(0, 1))
    heat: Array = np.maximum(maps @ alpha, 0)
    largest = heat.max()
    return heat / largest if largest > 0 else heat


def evidence(network: Network, x: Array, label: int) -> tuple[Array, Array]:
    """The last maps A of a photo, and dy/dA of the logit y of a class: (h, w, K) each.

    The network is used, not trained: no noise, running statistics, gradients left as they are.
    """
    last = last_maps(network)
    contexts = network.contexts(needs_d_x=True)
    outputs, caches = answers(network, x, contexts)
    d = np.zeros_like(outputs[-1])
    d[0, label] = 1
    gradients = network.views_of(np.empty_like(network.gradients))  # the weights' are not wanted
    for i in range(len(network.layers) - 1, last, -1):
        views = network.parameter_views[i], gradients[i]
        d = cast(Array, network.layers[i].backward(d, caches[i], *views, contexts[i]))
    return outputs[last][0], d[0]


def last_maps(network: Network) -> int:
    """The layer whose maps are explained: the last that keeps the shape of the last convolution.

    That is the activation after it, and comes before a pool: no later maps mean more, and of
    those that mean as much they are the finest.
    """
    found = convolutions(network)
    if not found:
        raise DataError("the network has no convolution, and so no maps to explain it by")
    last = found[-1]
    shape = network.shapes[last + 1]
    while network.shapes[last + 2 : last + 3] == [shape]:
        last += 1
    return last


def layers_of_maps(network: Network) -> tuple[Layer, ...]:
    """The last convolution and what follows it up to the maps that are explained."""
    return network.layers[convolutions(network)[-1] : last_maps(network) + 1]


def centre(heat: Array, size: Shape) -> tuple[float, float] | None:
    """The centre of gravity of a map (h, w), in pixels down and across a photo of this size.

    0 is the photo's edge, not the middle of its first pixel. None for a map of zeros.
    """
    total = heat.sum()
    if total == 0:
        return None
    middles = [
        (np.arange(n) + 0.5) * pixels / n for n, pixels in zip(heat.shape, size, strict=True)
    ]
    down, across = heat.sum(axis=1) @ middles[0], heat.sum(axis=0) @ middles[1]
    return float(down / total), float(across / total)
