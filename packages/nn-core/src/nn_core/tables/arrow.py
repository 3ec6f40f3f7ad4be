"""PyArrow's parser for the blocks of large files, if it is installed: the same values, on several cores."""

import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt

from nn_core.extras import import_extra
from nn_core.tables.cells import MISSING_NUMBER, in_cases

ARROW_BLOCKS = 8
"""Size of a block for its threads, in units of `blocks.BLOCK`."""

LARGE = 2**25
"""Bytes of a file from which importing PyArrow pays."""


class ArrowParser:
    """Parses blocks of one dialect.

    width  number of columns
    text   indices of the columns of text
    """

    def __init__(self, delimiter: str, width: int, text: list[int], *, decimal_comma: bool) -> None:
        arrow, self._csv = import_extra("pyarrow", "tables"), import_extra("pyarrow.csv", "tables")
        self._buffer = arrow.py_buffer
        names = [str(i) for i in range(width)]
        types = {
            name: arrow.dictionary(arrow.int32(), arrow.string()) if int(name) in text else arrow.float64()
            for name in names
        }
        self._read = self._csv.ReadOptions(column_names=names)
        self._parse = self._csv.ParseOptions(delimiter=delimiter)
        self._convert = self._csv.ConvertOptions(
            column_types=types,
            null_values=["NaN", *sorted(in_cases(MISSING_NUMBER))],
            decimal_point="," if decimal_comma else ".",
        )

    def parse(self, content: bytes) -> Any:
        """The columns of a block, missing numbers as nulls; None for one that is not plain."""
        try:
            return self._csv.read_csv(self._buffer(content), self._read, self._parse, self._convert)
        except ValueError:
            return None

    def coded(self, column: Any) -> tuple[npt.NDArray[np.int32], list[str]]:
        """Codes (N,) of a column of text, and the texts that they index."""
        held = column.combine_chunks()
        return held.indices.to_numpy(), held.dictionary.to_pylist()


def arrow_parser(size: int, delimiter: str, width: int, text: list[int], *, decimal_comma: bool) -> ArrowParser | None:
    """A parser for a file of this many bytes; None for a small one, or without PyArrow."""
    if size < LARGE or importlib.util.find_spec("pyarrow") is None:
        return None
    try:
        return ArrowParser(delimiter, width, text, decimal_comma=decimal_comma)
    except (ImportError, TypeError):
        return None  # of another version
