"""Values and calls as source code, for messages."""

from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 60
"""Longest value to show; the name of the argument replaces a longer one."""

EXAMPLES = {
    "dimensions": "32",
    "epochs": "10",
    "filters": "8",
    "input_shape": "(4,)",
    "kernel_size": "3",
    "loss": "'softmax-cross-entropy'",
    "optimizer": "'adam'",
    "patience": "5",
    "pool_size": "2",
    "rate": "0.2",
    "units": "8",
    "vocabulary_size": "1000",
}
"""Example values of required arguments."""


def call(title: str, args: Iterable[Any], kwargs: Mapping[str, Any], names: Iterable[str] = ()) -> str:
    """A call as code.

    names  of the positional arguments, which replace long values
    """
    known = [*names]
    known += ["..."] * len(tuple(args))
    given = [as_code(value, name) for value, name in zip(args, known, strict=False)]
    return f"{title}({', '.join([*given, *(f'{name}={as_code(value, name)}' for name, value in kwargs.items())])})"


def as_code(value: object, name: str = "...") -> str:
    """A value as code; its name if it is an array or too long."""
    if isinstance(value, type) or callable(getattr(value, "__get__", None)):
        return str(getattr(value, "__name__", name))
    if getattr(value, "ndim", 0):
        return name  # an array
    text = repr(value)
    return text if len(text) <= LONGEST and not text.startswith("<") and "\n" not in text else name
