"""The outline of a chain: a row per layer, with nested layers indented."""

import math
from collections.abc import Collection, Iterator
from typing import NamedTuple

from nn_core.arrays import Shape
from nn_core.html import html_table, indented
from nn_core.layers.base import Layer
from nn_core.layers.chain import Nested


class OutlineRow(NamedTuple):
    """One layer.

    depth         nesting depth, 0 for the layers of the network
    output_shape  for one example
    parameters    number of parameters, including running statistics
    """

    depth: int
    layer: str
    output_shape: Shape
    parameters: int


def outline(chain: Nested, input_shape: Shape, tied: Collection[str] = (), *, path: str = "") -> Iterator[OutlineRow]:
    """A row per layer of a chain, each followed by the layers inside it.

    tied  paths of tied parameters, which are not counted
    path  path of the chain in the network: "" or "2/1/"
    """
    for index, (layer, shape) in enumerate(zip(chain.children, chain.child_shapes(input_shape), strict=True)):
        inside = f"{path}{index}/"
        sizes = {f"{inside}{name}": math.prod(each.shape) for name, each in layer.parameters(shape).items()}
        count = sum(size for name, size in sizes.items() if name not in tied)
        yield OutlineRow(path.count("/"), title(layer), layer.output_shape(shape), count)
        if isinstance(layer, Nested):
            yield from outline(layer, shape, tied, path=inside)


def outline_html(chain: Nested, input_shape: Shape, tied: Collection[str], total: int) -> str:
    """The outline as a table for notebooks, with the total number of parameters."""
    rows = [
        (indented(row.layer, row.depth), shape_text(row.output_shape), f"{row.parameters:,}")
        for row in outline(chain, input_shape, tied)
    ]
    head = [("layer", "output", "parameters"), ("input", shape_text(input_shape), "")]
    return html_table([*head, *rows, ("total", "", f"{total:,}")])


def title(layer: Layer) -> str:
    """A layer in one line; a nested layer without its children."""
    if isinstance(layer, Nested):
        merge = getattr(layer, "merge", None)
        text = type(layer).__name__ + (f", {merge}" if merge else "")
    else:
        text = repr(layer)
    return text if layer.trainable else f"{text}, frozen"


def shape_text(shape: Shape) -> str:
    """A shape as text: T x 8, where T is a variable number of steps."""
    return " x ".join("T" if size is None else str(size) for size in shape)
