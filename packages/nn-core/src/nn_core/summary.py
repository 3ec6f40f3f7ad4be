"""Model summary: the output shape, parameters and cost of each layer."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from nn_core.arrays import Shape
from nn_core.html import html_table, indented
from nn_core.layers.base import Parameter
from nn_core.layers.chain import Nested, below
from nn_core.layers.outline import shape_text, title
from nn_core.network import Network, require_network


class SummaryRow(NamedTuple):
    """One layer.

    output_shape  for one example
    parameters    number of parameters, including running statistics
    bytes         memory of the parameters
    macs          multiply-accumulates of a forward pass of one example; of one step for sequences
    depth         nesting depth, 0 for the layers of the network
    """

    layer: str
    output_shape: Shape
    parameters: int
    bytes: int
    macs: int
    depth: int = 0


class Summary(NamedTuple):
    """All layers in order, each followed by the layers inside it; its `str` is a table.

    notes  lines below the table, such as what an engine fuses
    """

    input_shape: Shape
    rows: tuple[SummaryRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def _outer(self) -> list[SummaryRow]:
        """The rows of depth 0, which include the layers inside them."""
        return [row for row in self.rows if row.depth == 0]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self._outer)

    @property
    def bytes(self) -> int:
        return sum(row.bytes for row in self._outer)

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self._outer)

    def to_dict(self) -> dict[str, Any]:
        """Plain names and numbers, for JSON."""
        return {
            "input_shape": self.input_shape,
            "layers": [{k: v for k, v in row._asdict().items() if k != "depth"} for row in self._outer],
            "parameters": self.parameters,
            "bytes": self.bytes,
            "macs": self.macs,
            "notes": self.notes,
        }

    def cells(self) -> list[tuple[str, ...]]:
        """The cells of the table, by row."""
        lines: list[tuple[str, ...]] = [("layer", "output", "parameters", "bytes", "MACs")]
        lines.append(("input", shape_text(self.input_shape), "", "", ""))
        for row in self.rows:
            figures = (f"{figure:,}" for figure in (row.parameters, row.bytes, row.macs))
            lines.append((indented(row.layer, row.depth), shape_text(row.output_shape), *figures))
        return [*lines, ("total", "", f"{self.parameters:,}", f"{self.bytes:,}", f"{self.macs:,}")]

    def __str__(self) -> str:
        return "\n".join([table(self.cells()).replace("\N{NO-BREAK SPACE}", " "), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        return html_table(self.cells(), notes=self.notes)


def summarize(network: Network, notes: Iterable[str] = ()) -> Summary:
    """The summary of a network. A tied parameter counts only for its owner."""
    require_network(network, "summarize")
    own = {name: shape for name, shape in network.declared.items() if name not in network.tied}
    rows = _rows(network.chain, network.input_shape, own, network.dtype.itemsize, 0)
    return Summary(network.input_shape, tuple(rows), tuple(notes))


def _rows(
    parent: Nested, input_shape: Shape, declared: Mapping[str, Parameter], itemsize: int, depth: int
) -> Iterator[SummaryRow]:
    """A row per child of a layer, each followed by the layers inside it."""
    for index, (layer, shape) in enumerate(zip(parent.children, parent.child_shapes(input_shape), strict=True)):
        own = below(declared, index)
        count = sum(math.prod(each.shape) for each in own.values())
        yield SummaryRow(title(layer), layer.output_shape(shape), count, count * itemsize, layer.macs(shape), depth)
        if isinstance(layer, Nested):
            yield from _rows(layer, shape, own, itemsize, depth + 1)


def table(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """Rows of text as aligned columns: the first `left` columns left-aligned, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
