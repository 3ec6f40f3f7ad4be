"""Tables of advice by name."""

from collections.abc import Mapping
from typing import TypeVar

A = TypeVar("A")


def each(advice: Mapping[str, A]) -> dict[str, A]:
    """A table keyed by name, from one keyed by space-separated names."""
    return {name: entry for names, entry in advice.items() for name in names.split()}
