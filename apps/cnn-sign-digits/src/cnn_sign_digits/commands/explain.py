"""The commands that look inside a network: `shapes`, `filters`, `feature-maps`, `explain`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from cnn_sign_digits.anatomy import answers, brief, convolutions, pick, stages
from cnn_sign_digits.dataset import SIZE
from cnn_sign_digits.model import INPUT_SHAPE, load_model
from cnn_sign_digits.presets import PRESETS
from cnn_sign_digits.saliency import centre, grad_cam, layers_of_maps
from cnn_sign_digits.shapes import shapes_of, shapes_table
from cnn_sign_digits.using import LIKELIEST, model_argument, model_option, read_photo
from nn_core.cli.app import echo_json, info, json_option
from nn_core.cli.param_types import FIGURE, MODEL, require_distinct
from nn_core.layers import ReLU
from nn_core.network import Network
from nn_core.registry import nearest
from nn_core.storage.files import printable

CLASSES = 10
"""Of a preset that nobody has trained."""


@click.command()
@model_argument
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default=None,
    help="A network as train would begin with it, for ten classes; classic without MODEL.",
)
@json_option
@click.pass_context
def shapes(ctx: click.Context, model_path: Path | None, preset: str | None, as_json: bool) -> None:
    """List the shapes that pass through each layer, forward and backward, and what they cost.

    MODEL is a checkpoint of train; without it, a preset is listed, which needs no weights.

    \b
    Example: cnn-sign shapes --preset classic
    """
    if model_path is not None and preset is not None:
        raise click.UsageError("MODEL and --preset both name a network", ctx)
    if model_path is not None:
        name, network = printable(model_path), load_model(model_path).network
    else:
        preset = preset or "classic"
        chosen = PRESETS[preset]
        keep_prob = chosen.defaults["keep_prob"]
        layers = chosen.build(CLASSES, ReLU(), "he", keep_prob)
        name, network = f"{preset} network", Network(layers, input_shape=INPUT_SHAPE)
    found = {"network": name} | shapes_of(network)
    if as_json:
        echo_json(found)
        return
    click.echo(f"{name}, for N photos: the numbers it keeps, multiply-adds of one photo forward")
    click.echo(shapes_table(found))
    click.echo("- is a gradient that nobody needs: no layer before has anything to learn")


@click.command()
@model_argument
@click.option(
    "--layer", type=click.IntRange(min=1), default=1, metavar="K", help="The K-th convolution."
)
@click.option("--figure", type=FIGURE, default="filters.png", help="Where to draw them.")
def filters(model_path: Path | None, layer: int, figure: Path) -> None:
    """Draw the kernels that a convolution has learned.

    Those of the first are drawn in colour, since they meet red, green and blue; of a deeper one,
    a row for each filter and a picture for each map that it reads.

    \b
    Example: cnn-sign filters digits.h5 --figure filters.png
    """
    from cnn_sign_digits.sheets import draw_colour_kernels, draw_kernels

    require_distinct({"--figure": figure}, MODEL=model_path)
    network = load_model(model_path).network
    i = pick(convolutions(network), layer, "convolution")
    W = network.parameter_views[i]["W"]
    draw = draw_colour_kernels if layer == 1 and W.shape[2] == 3 else draw_kernels
    draw(W, figure, title=f"convolution {layer}, {brief(network.layers[i])}")
    info(f"wrote {figure}")


@click.command("feature-maps")
@click.argument("image", metavar="IMAGE", type=MODEL)
@model_option
@click.option(
    "--layer",
    type=click.IntRange(min=1),
    default=None,
    metavar="K",
    help="Only the K-th activation or pool, and all its maps.",
)
@click.option("--figure", type=FIGURE, default="feature-maps.png", help="Where to draw them.")
def feature_maps(image: Path, model_path: Path | None, layer: int | None, figure: Path) -> None:
    """Draw what each layer makes of a photo: the maps after each activation and pool.

    \b
    Example: cnn-sign feature-maps photo.jpg --model digits.h5 --figure feature-maps.png
    """
    from cnn_sign_digits.sheets import draw_maps

    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path})
    network = load_model(model_path).network
    photo = read_photo(image)
    there = stages(network)
    numbers = range(1, len(there) + 1) if there and layer is None else [layer or 1]
    chosen = [(k, pick(there, k, "layer of maps")) for k in numbers]
    outputs, _ = answers(network, photo)
    rows = [(f"{k} {brief(network.layers[i])}", outputs[i][0]) for k, i in chosen]
    draw_maps(photo[0], rows, figure, title=f"{printable(image.name)}, as the network gets it")
    info(f"wrote {figure}")


@click.command()
@click.argument("image", metavar="IMAGE", type=MODEL)
@model_option
@click.option(
    "--class",
    "named",
    metavar="NAME",
    help="The class to look for evidence of; by default the likeliest.",
)
@click.option("--figure", type=FIGURE, default="explain.png", help="Where to draw it.")
@json_option
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    image: Path,
    model_path: Path | None,
    named: str | None,
    figure: Path,
    as_json: bool,
) -> None:
    """Show where in a photo the evidence for a class lies, by Grad-CAM.

    The maps of the last convolution are added up, each as much as it raises the class.

    \b
    Example: cnn-sign explain photo.jpg --model digits.h5 --figure explain.png
    """
    from cnn_sign_digits.explaining import draw_explanation

    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path})
    model = load_model(model_path)
    if named is not None and named not in model.classes:
        raise click.UsageError(f"no class {named!r}; {nearest(named, model.classes)}", ctx)
    photo = read_photo(image)
    p = model.probabilities(photo)[0]
    order = np.argsort(-p, kind="stable")
    label = int(order[0]) if named is None else model.classes.index(named)
    heat = grad_cam(model.network, photo, label)
    where = centre(heat, photo.shape[1:3])
    top = order[:LIKELIEST]
    result: dict[str, Any] = {
        "file": str(image),
        "class": model.classes[order[0]],
        "probability": float(p[order[0]]),
        "top": [{"class": model.classes[i], "probability": float(p[i])} for i in top],
        "explained": {"class": model.classes[label], "probability": float(p[label])},
        "centre": None if where is None else {"row": where[0], "column": where[1]},
        "layers": [brief(layer) for layer in layers_of_maps(model.network)],
        "heat": heat.tolist(),
    }
    draw_explanation(
        photo[0], heat, result, figure, title=f"{printable(image.name)}: {_method(result)}"
    )
    if as_json:
        echo_json(result)
    else:
        click.echo(_told(result))
    info(f"wrote {figure}")


def _told(result: dict[str, Any]) -> str:
    """What `explain` found, for people."""
    explained, where = result["explained"], result["centre"]
    name = explained["class"]
    lines = [f"{result['file']}: {result['class']}, {result['probability']:.1%}"]
    if name != result["class"]:
        lines.append(f"asked about {name}, {explained['probability']:.1%}")
    if where is None:
        lines.append(f"nothing that it saw speaks for {name}")
    else:
        lines.append(
            f"what speaks for {name} centres at row {where['row']:.0f}, "
            f"column {where['column']:.0f} of {SIZE}"
        )
    return "\n".join([*lines, _method(result)])


def _method(result: dict[str, Any]) -> str:
    heat = result["heat"]
    after = " > ".join(result["layers"])
    return f"Grad-CAM on the {len(heat)} x {len(heat[0])} maps after {after}"


COMMANDS = {
    "shapes": shapes,
    "filters": filters,
    "feature-maps": feature_maps,
    "explain": explain,
}
