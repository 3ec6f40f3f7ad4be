"""What the shell offers for a value: names, and files."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list["CompletionItem"]]


def complete_names(names: Iterable[str], *, files: bool = True) -> Completer:
    """Completes one of some names, or, where none begins with the text, the path of a file.

    names  read anew each time, since plug-ins may add some
    """

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        return found if found or not files else [CompletionItem(incomplete, type="file")]

    return complete
