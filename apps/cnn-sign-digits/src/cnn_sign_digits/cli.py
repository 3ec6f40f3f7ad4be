"""cnn-sign: train a convolutional network to read hand signs, use it, look inside it."""

import click

from cnn_sign_digits.data import FETCHED, catalogue
from cnn_sign_digits.making import make_data
from cnn_sign_digits.model import PROGRAM
from cnn_sign_digits.training import train
from cnn_sign_digits.using import evaluate, export, predict
from nn_core.lab.program import CONTEXT, Program
from nn_core.lab.sets import set_commands


@click.group(cls=Program, invoke_without_command=True, context_settings=CONTEXT)
@click.version_option(package_name=PROGRAM)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Hand signs read by a convolutional network in NumPy, every gradient written by hand.

    \b
    Example: cnn-sign predict photo.jpg
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (
    train,
    evaluate,
    predict,
    export,
    make_data,
    *set_commands(PROGRAM, catalogue, FETCHED),
):
    main.add_command(command)
