"""Values and calls as code, for messages."""

from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 60
"""Longest value that is shown; of a longer one, the name of the argument stands in its place."""

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
"""A value to show for an argument that is missing."""


def call(title: str, args: Iterable[Any], kwargs: Mapping[str, Any], names: Iterable[str] = ()) -> str:
    """The code of a call.

    names  of the arguments by position, shown for long values
    """
    known = [*names]
    known += ["..."] * len(tuple(args))
    given = [shown(value, name) for value, name in zip(args, known, strict=False)]
    return f"{title}({', '.join([*given, *(f'{name}={shown(value, name)}' for name, value in kwargs.items())])})"


def shown(value: object, name: str = "...") -> str:
    """A value as code; an array, or a long one, is its name."""
    if isinstance(value, type) or callable(getattr(value, "__get__", None)):
        return str(getattr(value, "__name__", name))
    if getattr(value, "ndim", 0):
        return name  # an array
    text = repr(value)
    return text if len(text) <= LONGEST and not text.startswith("<") and "\n" not in text else name
