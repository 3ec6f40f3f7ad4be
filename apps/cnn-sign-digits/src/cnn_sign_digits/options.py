"""The options of cnn-sign that say what is learned, and by which network."""

import click

from cnn_sign_digits.data import MADE, parse_fold
from cnn_sign_digits.presets import PRESETS
from nn_core.batches.augmentation import augmentation
from nn_core.cli.options import INITIALIZER, Command, together
from nn_core.cli.param_types import FloatRange, SpecType
from nn_core.layers import ACTIVATIONS
from nn_core.registry import parse

PRESET, DATA = "classic", "synthetic"


def use_defaults(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Let the preset's settings for the data be the defaults of the other options."""
    stated = {"preset": PRESET, "data": DATA, **ctx.params, parameter.name or "": value}
    drawn = stated["data"].strip().partition(":")[0] in MADE
    ctx.default_map = PRESETS[stated["preset"]].defaults_for(drawn)
    return value


def photo_options(command: Command) -> Command:
    """Photos and network: the fields that `PhotoSettings` adds."""
    return together(
        click.option(
            "--preset",
            type=click.Choice(list(PRESETS)),
            default=PRESET,
            is_eager=True,
            callback=use_defaults,
            help="The network; with --data it sets the defaults of the options below.",
        ),
        click.option(
            "--data",
            default=DATA,
            is_eager=True,
            callback=use_defaults,
            metavar="NAME|PATH",
            help="synthetic (with settings, as in synthetic:count=2000), digits, a folder of class "
            "folders of photos, or an .h5 file or a folder of them.",
        ),
        click.option(
            "--test",
            default=None,
            metavar="NAME|PATH",
            help="What to validate on; without it the set's own test part is used, or a part is "
            "held back.",
        ),
        click.option(
            "--validation",
            type=FloatRange(above=0, below=1),
            default=0.2,
            help="The share to hold back: of the people where they are known, else of each class.",
        ),
        click.option(
            "--fold",
            type=SpecType(parse_fold, "K/N"),
            default=None,
            help="Divide the people into N parts, and hold the K-th back, as in 2/5.",
        ),
        click.option(
            "--group",
            default=None,
            metavar="REGEX|CSV",
            help="Who is on a photo, who must not stand on both sides of a split: the parentheses "
            r"of a pattern in its path, as in 'person(\d+)', or a table of file and group.",
        ),
        click.option(
            "--add",
            default="none",
            metavar="NAME|PATH",
            help="More photos to train on, never to judge by, as in synthetic:count=2000; or none.",
        ),
        click.option(
            "--walls",
            type=click.IntRange(0, 100),
            default=0,
            help="Cut the hands out of their photos, and show each before so many drawn walls too.",
        ),
        click.option(
            "--augment",
            type=SpecType(augmentation, "augmentation"),
            default="none",
            help="none, or standard with settings, as in standard:rotation=30,mirror=no: each "
            "photo is moved, turned and lit anew whenever it is seen.",
        ),
        click.option(
            "--activation",
            type=SpecType(lambda text: parse(text, ACTIVATIONS, "activation"), "activation"),
            default="relu",
            help="relu, leaky-relu, gelu, tanh or sigmoid.",
        ),
        click.option(
            "--initializer",
            type=INITIALIZER,
            default="he",
            help="he, xavier, lecun (each also as -uniform), orthogonal, normal:scale=0.01 or "
            "zeros.",
        ),
        click.option(
            "--keep-prob",
            type=FloatRange(above=0, most=1),
            default=1.0,
            help="What dropout keeps before the last layer.",
        ),
    )(command)
