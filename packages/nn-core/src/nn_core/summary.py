"""The shape ledger: what each layer of a network puts out, learns and costs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from nn_core.arrays import Shape


class SummaryRow(NamedTuple):
    """One layer.

    output_shape   of one example
    parameters     how many numbers it learns, or keeps as running statistics
    bytes          the memory that these take
    multiply_adds  multiplications with their additions, one example forward
    """

    layer: str
    output_shape: Shape
    parameters: int
    bytes: int
    multiply_adds: int


class Summary(NamedTuple):
    """All layers in order; `str` of it is the table.

    fused   which of them are computed by one kernel, in words
    folded  which of them are part of the weights of another when the network is used, in words
    """

    input_shape: Shape
    rows: tuple[SummaryRow, ...]
    fused: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def bytes(self) -> int:
        return sum(row.bytes for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        return sum(row.multiply_adds for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain names and numbers, for JSON."""
        return {
            "input_shape": self.input_shape,
            "layers": [row._asdict() for row in self.rows],
            "parameters": self.parameters,
            "bytes": self.bytes,
            "multiply_adds": self.multiply_adds,
            "fused": self.fused,
            "folded": self.folded,
        }

    def __str__(self) -> str:
        lines = [("layer", "output", "parameters", "bytes", "multiply-adds")]
        lines.append(("input", _shape(self.input_shape), "", "", ""))
        lines += [
            (
                row.layer,
                _shape(row.output_shape),
                f"{row.parameters:,}",
                f"{row.bytes:,}",
                f"{row.multiply_adds:,}",
            )
            for row in self.rows
        ]
        total = ("total", "", f"{self.parameters:,}", f"{self.bytes:,}", f"{self.multiply_adds:,}")
        notes = [f"fused: {each}" for each in self.fused]
        notes += [f"to predict: {each}" for each in self.folded]
        return "\n".join([table([*lines, total]), *notes])


def table(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """Rows of text as columns: the first `left` of them to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _shape(shape: Shape) -> str:
    return " x ".join(map(str, shape))
