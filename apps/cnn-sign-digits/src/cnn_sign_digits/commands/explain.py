"""The command `explain`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from cnn_sign_digits.inspect.grad_cam import center_of_mass, grad_cam, target_block
from cnn_sign_digits.inspect.layer_info import short_name
from cnn_sign_digits.model import load_model, read_photo
from nn_core.cli.figure_options import figure_options
from nn_core.cli.options import model_option
from nn_core.cli.param_types import MODEL, require_distinct
from nn_core.cli.terminal import echo, echo_json, info, json_option
from nn_core.printable import shortened
from nn_core.registry import nearest
from nn_core.storage.files import printable

if TYPE_CHECKING:
    from nn_core.plots import FigureFile

TOP = 3
"""Number of top classes shown."""


@click.command()
@click.argument("image", metavar="IMAGE", type=MODEL)
@model_option(required=False)
@click.option("--class", "class_name", metavar="NAME", help="Class to explain.  [default: the predicted class]")
@figure_options("the photo and its heat map", default="explain.png")
@json_option
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    image: Path,
    model_path: Path | None,
    class_name: str | None,
    figure: "FigureFile",
    as_json: bool,
) -> None:
    """Explain a prediction with Grad-CAM.

    Plots a heat map of the evidence for a class: the sum of the feature maps of the last
    convolution, each weighted by its average effect on the class score.

    \b
    Example: cnn-sign explain photo.jpg --figure explain.png
    """
    from cnn_sign_digits.inspect.grad_cam_plot import plot_grad_cam

    require_distinct({"--figure": figure}, IMAGE=image, **{"--model": model_path})
    model = load_model(model_path)
    if class_name is not None and class_name not in model.classes:
        raise click.UsageError(f"no class {class_name!r}; {nearest(class_name, model.classes)}", ctx)
    photo = read_photo(image)
    p = model.assess(photo).probabilities[0]
    order = np.argsort(-p, kind="stable")
    label = int(order[0]) if class_name is None else model.classes.index(class_name)
    heat_map = grad_cam(model.network, photo, label)
    center = center_of_mass(heat_map, photo.shape[1:3])
    result: dict[str, Any] = {
        "file": str(image),
        "class": model.classes[order[0]],
        "probability": float(p[order[0]]),
        "top": [{"class": model.classes[i], "probability": float(p[i])} for i in order[:TOP]],
        "explained": {"class": model.classes[label], "probability": float(p[label])},
        "center": None if center is None else {"row": center[0], "column": center[1]},
        "layers": [short_name(layer) for layer in target_block(model.network)],
        "heat_map": heat_map.tolist(),
    }
    h, w = heat_map.shape
    method = f"Grad-CAM of the {h} x {w} feature maps after {' > '.join(result['layers'])}"
    title = f"Evidence for class {shortened(model.classes[label])} in {printable(image.name)}"
    plot_grad_cam(photo[0], heat_map, result, figure, title=title, note=method)
    if as_json:
        echo_json(result)
    else:
        echo(f"{_report(result, photo.shape[1:3])}\n{method}")
    info(f"wrote {figure}")


def _report(result: dict[str, Any], size: tuple[int, ...]) -> str:
    explained, center = result["explained"], result["center"]
    name = explained["class"]
    lines = [f"{result['file']}: {result['class']}, {result['probability']:.1%}"]
    if name != result["class"]:
        lines.append(f"explained class: {name}, {explained['probability']:.1%}")
    if center is None:
        lines.append(f"no evidence for {name}")
    else:
        lines.append(
            f"evidence for {name} is centered at row {center['row']:.0f}, "
            f"column {center['column']:.0f} of {size[0]} x {size[1]} pixels"
        )
    return "\n".join(lines)
