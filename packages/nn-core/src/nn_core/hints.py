"""Errors that show the line that works, for arguments and names guessed from other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class HelpfulErrors:
    """Base class that refuses wrong arguments, and unknown attributes, with the line that works."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return super().__new__(cls)
