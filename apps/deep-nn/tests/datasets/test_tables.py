"""CSV files: columns, labels, and one line per error."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deep_nn.datasets.files import read
from deep_nn.datasets.tables import read_rows
from nn_core.cli.dataset import Part
from nn_core.errors import NNError


def csv_file(tmp_path: Path, text: str | bytes, name: str = "points.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def message_of(path: Path, reader: Callable[[Path], object] = read) -> str:
    with pytest.raises(NNError) as caught:
        reader(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def train_part(path: Path) -> Part[Any]:
    """The training set of a file that must have one."""
    part = read(path).train
    assert part is not None
    return part


class TestCsv:
    def test_columns_and_names(self, tmp_path: Path) -> None:
        part = train_part(csv_file(tmp_path, "1,2.5,cat\n\n-3,4e2,dog\r\n5, 6 , cat \n"))
        np.testing.assert_array_equal(part.x, [[1, 2.5], [-3, 400], [5, 6]])
        assert part.x.dtype == np.float64
        assert part.names == ("cat", "dog")
        assert part.y.tolist() == [0, 1, 0]

    @pytest.mark.parametrize("header", ["", "\ufeff", "width,height,kind\n", "\ufeffwidth,,kind\n"])
    def test_a_header_is_recognized(self, tmp_path: Path, header: str) -> None:
        part = train_part(csv_file(tmp_path, header + "1,2,a\n3,4,b\n"))
        np.testing.assert_array_equal(part.x, [[1, 2], [3, 4]])

    def test_integer_labels_are_in_numeric_order(self, tmp_path: Path) -> None:
        part = train_part(csv_file(tmp_path, "1,10\n2,3.0\n3,20\n4,3\n"))
        assert part.names == ("3", "10", "20")
        assert part.y.tolist() == [1, 0, 2, 0]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is empty"),
            ("\n \n,,\n", "is empty: it has only blank lines"),
            ("a,b,kind\n", "has a header but no rows"),
            ("1,2,a\n3,x,b\n", "line 2, column 2: 'x' is not a number"),
            ("1,x,a\n3,4,b\n", "line 1, column 2: 'x' is not a number"),
            ("u,v,k\n\n1,2,a\nx,2,b\n", "line 4, column 1: 'x' is not a number"),
            ("1,,a\n", "line 1, column 2: '' is not a number"),
            (",,a\n1,2,b\n", "line 1, column 1: '' is not a number"),
            ("1,1_000,a\n", "line 1, column 2: '1_000' is not a number"),
            ("1,2,a\n3,nan,b\n", "line 2, column 2: 'nan' is not finite"),
            ("1,2,a\n-inf,3,b\n", "line 2, column 1: '-inf' is not finite"),
            ("1,2,a\n1e999,3,b\n", "line 2, column 1: '1e999' is not finite"),
            ("1,2,a\n3,4\n", "line 2: 2 columns, but the first row has 3"),
            ("1,2,a\n3,4,5,b\n", "line 2: 4 columns, but the first row has 3"),
            ("1,2,a\n3,4,\n", "line 2, column 3: the label is missing"),
            ("1,2,0.5\n", "line 1, column 3: label '0.5' is not a class"),
            ("1,2,a\n1,2,nan\n", "line 2, column 3: label 'nan' is not a class"),
            ("1,2," + "a" * 101, "line 1, column 3: label 'aaa"),
            ("1;2;a\n3;4;b\n", "line 1: only one column"),
            (b"1,2,\xff\xfe\n", "is not a CSV file in UTF-8"),
            ('1,2,"a\n', "is not a CSV file in UTF-8"),
            ("1," + "x" * 200_000 + ",a\n", "is not a CSV file in UTF-8"),
            ("1," + "x" * 1000 + ",a\n", "is not a number"),
        ],
    )
    def test_one_line_per_error(self, tmp_path: Path, text: str | bytes, message: str) -> None:
        found = message_of(csv_file(tmp_path, text))
        assert message in found
        assert len(found) < len(str(tmp_path)) + 250

    def test_rows_to_predict_may_have_labels(self, tmp_path: Path) -> None:
        with_labels = csv_file(tmp_path, "u,v,kind\n1,2,0.5\n3,4,\n")
        without = csv_file(tmp_path, "1,2\n3,4\n", "without.csv")
        for path in (with_labels, without):
            np.testing.assert_array_equal(read_rows(path, 2), [[1, 2], [3, 4]])
        single = csv_file(tmp_path, "u\n1\n2\n", "single.csv")
        np.testing.assert_array_equal(read_rows(single, 1), [[1], [2]])

    def test_rows_to_predict_must_have_the_columns_of_the_model(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, "1,2,3\n")
        for columns in (1, 4):
            found = message_of(path, functools.partial(read_rows, columns=columns))
            assert found.startswith(f"the model was trained on {columns} column")
            assert found.endswith("points.csv has 3 (line 1)")
