"""What stands for a value in a help or a message."""

import re

import click


def metavar(parameter: click.Parameter, ctx: click.Context) -> str:
    """What to type as a value: N for an integer, FILE for a path, or the choices."""
    if parameter.metavar is not None:
        return parameter.metavar
    if isinstance(parameter.type, type(click.INT)):
        return "N"
    if isinstance(parameter.type, click.Path):
        return "FILE" if parameter.type.file_okay else "FOLDER"
    name = parameter.type.name
    return name if re.search("[A-Z]", name) else parameter.make_metavar(ctx)
