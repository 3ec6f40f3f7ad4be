"""Values and calls as code, for messages."""

from collections.abc import Iterable, Mapping
from typing import Any


def call(title: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    """The code of a call."""
    return f"{title}({', '.join([*map(shown, args), *(f'{name}={shown(value)}' for name, value in kwargs.items())])})"


def shown(value: object) -> str:
    """A value in code; "..." for a long one."""
    if isinstance(value, type):
        return value.__name__
    text = repr(value)
    return text if len(text) <= 60 and not text.startswith("<") and "\n" not in text else "..."
