"""The help of commands: options in groups with headings, and metavars that say what to type."""

import itertools
from collections.abc import Callable, Collection, Iterator
from typing import Any

import click

from nn_core.cli.metavar import metavar
from nn_core.cli.option_hints import unexpected_arguments

Decorator = Callable[[Any], Any]

HEADINGS = (
    "Search",
    "Data",
    "Tables",
    "Network",
    "Training",
    "Sampling",
    "Figure",
    "Output",
    "Execution",
    "Advanced",
    "General",
)
"""The headings of options in the order of the help; a command's own options stand before them."""

GENERAL = {"--config", "--max-memory", "--quiet", "--verbose", "--version", "--help"}
"""Options of every command, under the last heading."""

SHORT = 8
"""Up to this many options stand in one list, without headings."""

LARGEST_SHOWN = 100
"""Ranges whose upper end is larger than this say nothing that a reader needs."""

WIDEST_FIRST_COLUMN = 26


def grouped(heading: str, *options: Decorator) -> Decorator:
    """Several options as one decorator, listed under a heading of the help, in this order.

    Options that have a heading already keep it.
    """
    if heading not in HEADINGS:
        raise ValueError(f"unknown heading {heading!r}; choose from {', '.join(HEADINGS)}")

    def apply(command: Any) -> Any:
        before = {id(parameter) for parameter in _parameters(command)}
        for option in reversed(options):
            command = option(command)
        for parameter in _parameters(command):
            if id(parameter) not in before and heading_of(parameter) is None:
                parameter.heading = heading  # type: ignore[attr-defined]
        return command

    return apply


def heading_of(parameter: click.Parameter) -> str | None:
    """The heading that an option stands under; None if it has none."""
    if not GENERAL.isdisjoint(parameter.opts):
        return "General"
    return getattr(parameter, "heading", None)


def _parameters(command: Any) -> list[click.Parameter]:
    if isinstance(command, click.Command):
        return command.params
    return getattr(command, "__click_params__", [])


class NameOption(click.Option):
    """An option whose help lists the names known to its SpecType, in place of `{names}`.

    They are looked up when the help is shown, since plug-ins may add names.
    """

    def words(self) -> str:
        """The help, with the names."""
        return (self.help or "").format(names=", ".join(getattr(self.type, "names", ())))


class GroupedHelp(click.Command):
    """A command whose help shows its options under headings (see `grouped`) if there are more than a few.

    Unexpected arguments are refused with the option that they may belong to.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options by group; those of a group of commands are followed by its commands."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option) and not one.hidden]
        sections = dict(sections_of(options))
        rows = {heading: [record(one, ctx) for one in members] for heading, members in sections.items()}
        width = max(len(name) for name, _ in itertools.chain(*rows.values()) if len(name) <= WIDEST_FIRST_COLUMN)
        for heading, members in rows.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", words) for name, words in members], width)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; raises click.UsageError for an unexpected argument, with the option that it may belong to."""
        if ctx.allow_extra_args or ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        ctx.allow_extra_args = False
        if rest:
            raise click.UsageError(unexpected_arguments(ctx, rest), ctx)
        return rest


def sections_of(options: list[click.Option]) -> Iterator[tuple[str, list[click.Option]]]:
    """Headings and options of a help: one list of a few options, or groups of more than one option."""
    headings = [heading_of(one) for one in options]
    if sum(heading != "General" for heading in headings) <= SHORT:
        yield "Options", sorted(options, key=_rank)
        return
    own = [heading for heading in headings if heading is None]
    shown = [heading for heading in HEADINGS if headings.count(heading) > 1 or (heading == "General" or not own)]
    for title in ("Options", *shown):
        members = [one for one, heading in zip(options, headings, strict=True) if _place(heading, shown) == title]
        if members:
            yield title, sorted(members, key=_rank)


def _rank(option: click.Option) -> int:
    """The place of an option in a list: a command's own come first, then those of the headings in order."""
    heading = heading_of(option)
    return -1 if heading is None else HEADINGS.index(heading)


def _place(heading: str | None, shown: Collection[str]) -> str:
    return heading if heading is not None and heading in shown else "Options"


def record(option: click.Option, ctx: click.Context) -> tuple[str, str]:
    """An option as the help lists it: its names and metavar, and what it does."""
    short = [name for name in option.opts if not name.startswith("--")]
    names = ", ".join([*short, *(name for name in option.opts if name not in short)])
    if option.secondary_opts:
        names += f" / {', '.join(option.secondary_opts)}"
    if not option.is_flag and not option.count:
        names += f" {metavar(option, ctx)}"
    words = option.words() if isinstance(option, NameOption) else option.help or ""
    notes = "; ".join(_notes(option, ctx))
    return names, f"{words}  [{notes}]" if notes else words


def _notes(option: click.Option, ctx: click.Context) -> Iterator[str]:
    """What the help says in brackets: the variable of the environment, the default, the range."""
    extra = option.get_help_extra(ctx)
    if "envvars" in extra:
        yield f"env: {', '.join(extra['envvars'])}"
    if isinstance(option.show_default, str):
        yield f"default: {option.show_default}"
    elif "default" in extra:
        yield f"default: {extra['default']}"
    kind = option.type
    if isinstance(kind, click.IntRange) and kind.min is not None and kind.max is not None and kind.max <= LARGEST_SHOWN:
        yield f"{kind.min} to {kind.max}"
    if option.required:
        yield "required"
