"""One forward and one backward pass that keeps what each layer computes, to look into a network."""

from typing import Any, NamedTuple

import numpy.typing as npt

from nn_core.arrays import Array, Arrays
from nn_core.errors import ShapeError
from nn_core.layers.base import Cache
from nn_core.layers.chain import below
from nn_core.layers.context import BatchPart, Context
from nn_core.losses import Loss
from nn_core.network import Network
from nn_core.reference import inverse


class Backpropagation(NamedTuple):
    """What each layer of a network computes for a batch, without noise such as dropout.

    loss       mean over the batch, L = total / count
    outputs    output of each layer (N, ...)
    d_outputs  gradient of the total, the sum of the losses of all examples, by each output: unless a
               layer mixes the examples of a batch, row n is the gradient of the loss of example n
    gradients  dL/d(parameter) of each parameter that is trained, by its path: "0/W"
    """

    loss: float
    outputs: list[Array]
    d_outputs: list[Array]
    gradients: Arrays


def backpropagate(network: Network, x: npt.NDArray[Any], y: npt.NDArray[Any], loss: Loss) -> Backpropagation:
    """Outputs and gradients of every layer for a batch x with targets y.

    With y_k = f_k(y_(k-1)), the gradient by y_(k-1) is J_k^T times that by y_k, from the last layer to
    the first. Unlike in training, layers such as dropout behave as in prediction.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), alg. 6.3 and 6.4.
    """
    x = network.validate_input(x)
    context = Context(training=False, part=BatchPart(lengths=network.lengths(x)))
    contexts = list(network.chain.contexts(network.params, context))
    states = network.initial_state(len(x))

    outputs: list[Array] = []
    caches: list[Cache] = []
    at: Array = x
    for index, child in enumerate(contexts):
        params = below(network.params, index)
        at, _, cache = network.layers[index].forward_with_state(at, states[index], params, child)
        outputs.append(at)
        caches.append(cache)

    total, d_output = loss.total(at, y)
    vector, grads = network.new_gradients()
    d_outputs: list[Array] = []
    d: Array | None = d_output
    for index in reversed(range(len(contexts))):
        if d is None:
            raise ShapeError(f"layer {index + 1}, {network.layers[index + 1]!r}, passes no gradient to its input")
        d_outputs.insert(0, d)
        params, own = below(network.params, index), below(grads, index)
        d, _ = network.layers[index].backward_with_state(d, (), caches[index], params, own, contexts[index])

    scale = inverse(loss.count(y))
    gradients = network.named(scale * network.finish_gradients(vector)[: network.trained_count])
    return Backpropagation(scale * total, outputs, d_outputs, gradients)
