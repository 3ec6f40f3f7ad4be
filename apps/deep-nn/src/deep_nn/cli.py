"""deep-nn: train a fully connected network, use it, look inside it, compare ways to train it."""

import click

from deep_nn.comparing import COMPARISONS, comparison_command
from deep_nn.data import FETCHED, catalogue
from deep_nn.looking import boundary, check_gradients_command
from deep_nn.model import PROGRAM
from deep_nn.training import train
from deep_nn.using import evaluate, predict, summary
from nn_core.lab.program import CONTEXT, Program
from nn_core.lab.sets import set_commands


@click.group(cls=Program, invoke_without_command=True, context_settings=CONTEXT)
@click.version_option(package_name=PROGRAM)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Fully connected networks in NumPy, every gradient written by hand.

    \b
    Example: deep-nn compare-optimizers
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (
    train,
    evaluate,
    predict,
    summary,
    boundary,
    *map(comparison_command, COMPARISONS),
    check_gradients_command,
    *set_commands(PROGRAM, catalogue, FETCHED),
):
    main.add_command(command)
