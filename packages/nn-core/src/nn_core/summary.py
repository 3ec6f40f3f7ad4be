"""Model summary: the output shape, parameters and cost of each layer."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from nn_core.arrays import Shape
from nn_core.html import html_table
from nn_core.layers.chain import below
from nn_core.layers.outline import shape_text
from nn_core.network import Network


class SummaryRow(NamedTuple):
    """One layer.

    output_shape  for one example
    parameters    number of parameters, including running statistics
    bytes         memory of the parameters
    macs          multiply-accumulates of a forward pass of one example; of one step for sequences
    """

    layer: str
    output_shape: Shape
    parameters: int
    bytes: int
    macs: int


class Summary(NamedTuple):
    """All layers in order; its `str` is a table.

    notes  lines below the table, such as what an engine fuses
    """

    input_shape: Shape
    rows: tuple[SummaryRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def bytes(self) -> int:
        return sum(row.bytes for row in self.rows)

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain names and numbers, for JSON."""
        return {
            "input_shape": self.input_shape,
            "layers": [row._asdict() for row in self.rows],
            "parameters": self.parameters,
            "bytes": self.bytes,
            "macs": self.macs,
            "notes": self.notes,
        }

    def cells(self) -> list[tuple[str, ...]]:
        """The texts of the table, row by row."""
        lines: list[tuple[str, ...]] = [("layer", "output", "parameters", "bytes", "MACs")]
        lines.append(("input", shape_text(self.input_shape), "", "", ""))
        lines += [
            (row.layer, shape_text(row.output_shape), f"{row.parameters:,}", f"{row.bytes:,}", f"{row.macs:,}")
            for row in self.rows
        ]
        return [*lines, ("total", "", f"{self.parameters:,}", f"{self.bytes:,}", f"{self.macs:,}")]

    def __str__(self) -> str:
        return "\n".join([table(self.cells()), *self.notes])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        return html_table(self.cells(), notes=self.notes)


def summarize(network: Network, notes: Iterable[str] = ()) -> Summary:
    """The summary of a network. A tied parameter counts only for its owner."""
    rows = []
    own = {name: shape for name, shape in network.declared.items() if name not in network.tied}
    for index, layer in enumerate(network.layers):
        count = sum(math.prod(each.shape) for each in below(own, index).values())
        name = repr(layer) if layer.trainable else f"{layer!r}, frozen"
        rows.append(
            SummaryRow(
                name,
                network.shapes[index + 1],
                count,
                count * network.dtype.itemsize,
                layer.macs(network.shapes[index]),
            )
        )
    return Summary(network.input_shape, tuple(rows), tuple(notes))


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
