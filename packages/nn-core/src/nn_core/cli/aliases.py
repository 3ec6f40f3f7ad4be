"""Other spellings of options, which work and are in no help text."""

from collections.abc import Sequence
from typing import Any

import click


class AliasedOption(click.Option):
    """An option with other spellings.

    aliases  the spellings, e.g. ("--prime",)
    """

    def __init__(self, *arguments: Any, aliases: Sequence[str], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.aliases = tuple(aliases)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        super().add_to_parser(parser, ctx)
        parser.add_option(obj=self, opts=[*self.aliases], dest=self.name, action="store", nargs=self.nargs)


class HiddenArgument(click.Argument):
    """An argument that is another spelling of an option.

    option  name of the option's parameter, which takes the value
    """

    def __init__(self, *arguments: Any, option: str, **settings: Any) -> None:
        settings |= {"required": False, "expose_value": False, "is_eager": True}
        super().__init__(*arguments, **settings)
        self.option = option

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        return []

    def handle_parse_result(self, ctx: click.Context, opts: Any, args: list[str]) -> tuple[Any, list[str]]:
        value = opts.pop(self.name, None)
        if isinstance(value, str):
            if self.option in opts:
                raise click.UsageError(f"--{self.option} and {value!r} are two spellings of the same; omit one", ctx)
            opts[self.option] = value
        return super().handle_parse_result(ctx, opts, args)
