"""Advice on arguments of other libraries, computed from the call.

An advice on one argument is one of
  "=name"     our name for it: the message shows the call with that name
  a text      with {call} for the call without the argument, {value} and {cls}
  a function  of the call without the argument, and the value

An advice on too many arguments without a name is a function of the class's name and the arguments;
None stands for the usual message.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from nn_core.source_code import call, shown

A = TypeVar("A")

Advice: TypeAlias = str | Callable[[str, Any], str]
AdviceOnPositions: TypeAlias = Callable[[str, tuple[Any, ...], Mapping[str, Any]], str | None]

_LAYER_OF = {
    "relu": "ReLU()",
    "tanh": "Tanh()",
    "sigmoid": "Sigmoid()",
    "gelu": "GELU()",
    "leaky_relu": "LeakyReLU()",
    "leaky-relu": "LeakyReLU()",
    "leakyrelu": "LeakyReLU()",
}


def each(advice: Mapping[str, A]) -> dict[str, A]:
    """Name -> advice, from several names, separated by spaces -> advice."""
    return {name: entry for names, entry in advice.items() for name in names.split()}


def also(argument: str) -> Callable[[str, Any], str]:
    """Advice to add an argument to the call."""
    return lambda line, value: f"write {_extended(line, argument.format(value=shown(value)))}"


def activation(line: str, value: Any) -> str:
    """Of activation="relu"."""
    name = str(getattr(value, "__name__", value) or "linear").lower()
    if name in {"linear", "identity"}:
        return f"write {line}"
    if "softmax" in name:
        return f"write {line}: the loss softmax-cross-entropy applies softmax"
    return f"add the layer after it: {line}, {_LAYER_OF.get(name, 'ReLU()')}"


def return_sequences(line: str, value: Any) -> str:
    return f"every step is returned: {line}" if value else f"add the layer after it: {line}, LastStep()"


def num_layers(line: str, value: Any) -> str:
    count = value if isinstance(value, int) and 1 <= value <= 4 else 2
    return f"write them one after the other: {', '.join([line] * count)}"


def keep_prob(line: str, value: Any) -> str:
    rate = f"{1 - value:g}" if isinstance(value, int | float) else "0.2"
    return f"write Dropout({rate}): the rate is the share that is dropped"


def betas(line: str, value: Any) -> str:
    beta1, beta2 = value if isinstance(value, tuple | list) and len(value) == 2 else (0.9, 0.999)
    return f"write {_extended(line, f'beta1={beta1}, beta2={beta2}')}"


def momentum(line: str, value: Any) -> str:
    """Of GradientDescent(momentum=0.9), and of other optimizers that have none."""
    if not value:
        return f"write {line}"
    if line.startswith("GradientDescent"):
        return f"write {_extended(line.replace('GradientDescent', 'Momentum'), f'beta={shown(value)}')}"
    return f"write {line}, or Momentum(0.1, beta={shown(value)})"


def weight_decay(line: str, value: Any) -> str:
    """Of an optimizer: decoupled for Adam, L2 for the others."""
    if line.startswith("Adam("):
        return f"write {_extended(line.replace('Adam', 'AdamW'), f'weight_decay={shown(value)}')}"
    return f"L2 belongs to the model: Model(network, loss, {line}, l2={shown(value)})"


def outputs_only(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Of Dense(10, 5), with the number of inputs first."""
    if str(args[1]).lower() in _LAYER_OF:
        return (
            f"an activation is a layer of its own: {call(title, args[:1], kwargs)}, {_LAYER_OF[str(args[1]).lower()]}"
        )
    if not isinstance(args[1], int):
        return None
    line = call(title, args[1:2], kwargs)
    return f"{title} takes the number of outputs only, {line}; the number of inputs follows from the layer before"


def filters_and_size(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Of Conv2D(3, 16, 5), with the number of channels first; not of Conv2D(16, 5, 2), with the strides last."""
    if not isinstance(args[0], int) or not isinstance(args[1], int) or args[0] >= args[1]:
        return None
    line = call(title, args[1:3], kwargs)
    return f"{title} takes filters and kernel size, {line}; the channels follow from the layer before"


def no_inputs(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Of BatchNorm(32)."""
    return f"the number of inputs follows from the layer before: {call(title, (), kwargs)}"


def list_of_layers(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Of Network(Dense(8), ReLU())."""
    if isinstance(args[0], list | tuple):
        return None
    shape = {"input_shape": (4,)} if title == "Network" else {}
    line = call(title, [list(args)], shape | dict(kwargs), ["[...]"])
    return f"{title} takes a list of layers: {line}"


def named_activation(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """Of Activation("relu")."""
    if title != "Activation":
        return None
    return f"an activation is a layer of its own: {_LAYER_OF.get(str(args[0]).lower(), 'ReLU()')}"


def _extended(line: str, argument: str) -> str:
    """A call with a further argument."""
    return f"{line[:-1]}{'' if line.endswith('()') else ', '}{argument})"
