"""Advice for arguments of other libraries, computed from the call.

Advice for one argument is one of
  "=name"     our name for it: the message shows the call with that name
  a string    with the placeholders {call} (the call without the argument), {value} and {cls}
  a function  of the call without the argument, and the value

Advice for too many positional arguments is a function of the class's name and the arguments; it
returns None for the default message.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from nn_core.source_code import as_code, call

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


def add_argument(argument: str) -> Callable[[str, Any], str]:
    """Advice to pass another argument in the call."""
    return lambda line, value: f"use {_extended(line, argument.format(value=as_code(value)))}"


def activation(line: str, value: Any) -> str:
    """For activation="relu"."""
    name = str(getattr(value, "__name__", value) or "linear").lower()
    if name in {"linear", "identity"}:
        return f"use {line}"
    if "softmax" in name:
        return f"use {line}: the loss softmax-cross-entropy applies softmax"
    return f"add the activation as a layer: {line}, {_LAYER_OF.get(name, 'ReLU()')}"


def initializer(line: str, value: Any) -> str:
    """For kernel_initializer="he_normal"."""
    name = str(getattr(value, "__name__", value)).lower()
    ours = next((each for each in ("orthogonal", "zeros", "lecun", "xavier", "glorot", "he") if each in name), "he")
    return f"use {_extended(line, f'initializer={ours!r}')}"


def return_sequences(line: str, value: Any) -> str:
    return f"all steps are returned by default: {line}" if value else f"add LastStep() after it: {line}, LastStep()"


def num_layers(line: str, value: Any) -> str:
    count = value if isinstance(value, int) and 1 <= value <= 4 else 2
    return f"stack the layers: {', '.join([line] * count)}"


def keep_prob(line: str, value: Any) -> str:
    rate = f"{1 - value:g}" if isinstance(value, int | float) else "0.2"
    return f"use Dropout({rate}): the rate is the fraction dropped"


def betas(line: str, value: Any) -> str:
    beta1, beta2 = value if isinstance(value, tuple | list) and len(value) == 2 else (0.9, 0.999)
    return f"use {_extended(line, f'beta1={beta1}, beta2={beta2}')}"


def momentum(line: str, value: Any) -> str:
    """For momentum=0.9 of an optimizer without momentum."""
    if not value:
        return f"use {line}"
    if line.startswith("GradientDescent"):
        return f"use {_extended(line.replace('GradientDescent', 'Momentum'), f'beta={as_code(value)}')}"
    return f"use {line}, or Momentum(0.1, beta={as_code(value)})"


def weight_decay(line: str, value: Any) -> str:
    """For weight_decay of an optimizer: AdamW instead of Adam, L2 for the others."""
    if line.startswith("Adam("):
        return f"use {_extended(line.replace('Adam', 'AdamW'), f'weight_decay={as_code(value)}')}"
    return f"set L2 in Model: Model(network, loss, {line}, l2={as_code(value)})"


def outputs_only(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """For Dense(10, 5), with the number of inputs first."""
    if str(args[1]).lower() in _LAYER_OF:
        return f"add the activation as a layer: {call(title, args[:1], kwargs)}, {_LAYER_OF[str(args[1]).lower()]}"
    if not isinstance(args[1], int):
        return None
    line = call(title, args[1:2], {name: value for name, value in kwargs.items() if name == "initializer"})
    return f"{title} takes only the number of outputs, {line}; the number of inputs is inferred"


def filters_and_size(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """For Conv2D(3, 16, 5), with the input channels first; not for Conv2D(16, 5, 2), with strides last."""
    if not isinstance(args[0], int) or not isinstance(args[1], int) or args[0] >= args[1]:
        return None
    line = call(title, args[1:3], kwargs)
    return f"{title} takes filters and kernel size, {line}; the number of input channels is inferred"


def no_inputs(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """For BatchNorm(32)."""
    return f"the number of inputs is inferred: {call(title, (), kwargs)}"


def list_of_layers(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """For Network(Dense(8), ReLU())."""
    if isinstance(args[0], list | tuple):
        return None
    shape = {"input_shape": (4,)} if title == "Network" else {}
    line = call(title, [list(args)], shape | dict(kwargs), ["[...]"])
    return f"{title} takes a list of layers: {line}"


def named_activation(title: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """For Activation("relu")."""
    if title != "Activation":
        return None
    return f"use the activation's own class: {_LAYER_OF.get(str(args[0]).lower(), 'ReLU()')}"


def _extended(line: str, argument: str) -> str:
    """The call with one more argument."""
    return f"{line[:-1]}{'' if line.endswith('()') else ', '}{argument})"
