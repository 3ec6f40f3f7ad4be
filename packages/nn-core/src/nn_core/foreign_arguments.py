"""Arguments of Keras, PyTorch and scikit-learn, and what to write here instead.

ARGUMENTS: class, or base class -> argument -> advice, which is one of
  "=name"    our name for it: the message shows the call with that name
  a text     with {call} for the call without the argument, {value} and {cls}
  a function of the class's name, the other arguments, those with names, and the value

POSITIONS: class -> a function of the class's name and the arguments, for too many without a name.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from nn_core.source_code import call, shown

Advice: TypeAlias = str | Callable[[str, tuple[Any, ...], Mapping[str, Any], Any], str]

_LAYER_OF = {
    "relu": "ReLU()",
    "tanh": "Tanh()",
    "sigmoid": "Sigmoid()",
    "gelu": "GELU()",
    "leaky_relu": "LeakyReLU()",
    "leaky-relu": "LeakyReLU()",
    "leakyrelu": "LeakyReLU()",
}


def _activation(title: str, args: tuple[Any, ...], rest: Mapping[str, Any], value: Any) -> str:
    line = call(title, args, rest)
    name = str(getattr(value, "__name__", value) or "linear").lower()
    if name in {"softmax", "linear", "identity", "log_softmax"}:
        loss = "" if name in {"linear", "identity"} else "; the loss softmax-cross-entropy applies softmax"
        return f"write {line}{loss}"
    return f"add the layer after it: {line}, {_LAYER_OF.get(name, 'ReLU()')}"


_INPUT = "the network takes the shape: Network([{call}, ...], input_shape={value})"
_FOLLOWS = "the number of inputs follows from the layer before: {call}"
_NAME = "layers have no names, their position is their path: {call}"

_ANY_LAYER: dict[str, Advice] = {
    "activation": _activation,
    "input_shape": _INPUT,
    "input_dim": _INPUT,
    "batch_input_shape": "the network takes the shape of one example: Network([{call}, ...], input_shape=...)",
    "in_features": _FOLLOWS,
    "in_channels": _FOLLOWS,
    "input_size": _FOLLOWS,
    "num_features": _FOLLOWS,
    "normalized_shape": _FOLLOWS,
    "name": _NAME,
    "dtype": "the network has the dtype: Network([{call}, ...], input_shape=..., dtype={value})",
    "device": "everything runs on the CPU: {call}",
    "seed": "the network draws all weights: Network([{call}, ...], input_shape=..., seed={value})",
    "kernel_initializer": "=initializer",
    "weight_init": "=initializer",
    "init": "=initializer",
    "bias_initializer": "biases start at zero: {call}",
    "use_bias": "every {cls} has a bias: {call}",
    "bias": "every {cls} has a bias: {call}",
    "kernel_regularizer": "L2 is set once, for all weights: {call}, and Model(network, loss, l2=0.001)",
    "bias_regularizer": "biases are not regularized: {call}",
    "requires_grad": "=trainable",
    "inplace": "the engine works in place by itself: {call}",
}

ARGUMENTS: dict[str, dict[str, Advice]] = {"Layer": _ANY_LAYER}

Position: TypeAlias = Callable[[str, tuple[Any, ...], Mapping[str, Any]], str]


def _dense(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    if not isinstance(args[1], int):
        return f"name what follows units: {call(title, args[:1], {'initializer': args[1], **kwargs})}"
    line = call(title, args[1:2], kwargs)
    return f"{title} takes the number of outputs only, {line}; the number of inputs follows from the layer before"


def _layers(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    return f"{title} takes a list of layers: {title}([{', '.join(map(shown, args))}])"


POSITIONS: dict[str, Position] = {"Dense": _dense, "Chain": _layers, "Residual": _layers}
