"""The column to predict: never the wrong one in silence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deep_nn.datasets.files import read
from deep_nn.datasets.table_options import TableOptions
from nn_core.cli.dataset import Part
from nn_core.errors import DataError, DataWarning

RNG = np.random.default_rng(0)
KINDS = RNG.integers(1, 4, 60)
REAL = RNG.normal(size=60).round(3)
PIXELS = RNG.integers(0, 256, (60, 4))


def table(tmp_path: Path, *columns: Any, header: str = "") -> Path:
    path = tmp_path / "t.csv"
    rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([header] * bool(header) + rows) + "\n", "utf-8")
    return path


def part_of(path: Path, **options: Any) -> Part[Any]:
    part = read(path, TableOptions(**options)).train
    assert part is not None
    return part


@pytest.mark.parametrize(
    ("columns", "header", "message"),
    [
        ((KINDS, *PIXELS.T), "", "column 1, the first, looks more like the label .* --target 5 or --target 1"),
        ((KINDS, *PIXELS.T), "digit,a,b,c,d", "column 'digit', the first, .* --target d or --target digit"),
        ((KINDS, REAL), "", "--target 2 or --target 1"),
        ((list("abc" * 20), REAL), "city,price", "--target price or --target city"),
        ((KINDS, REAL, np.zeros(60, int)), "", "column 1, the first, .*--target 3 or --target 1"),
        ((KINDS, RNG.integers(0, 9, 60)), "", "--target 2 or --target 1"),
        ((list("abc" * 20), list("xyyx" * 15)), "", "the label may be the first column or the last"),
        ((REAL, KINDS, REAL + 1), "", "label .* is not a class; --target NAME"),
        (
            (REAL, np.arange(60)),
            "",
            "column 2, the last, has 60 values in 60 rows, which is too many .*; --target NAME",
        ),
        ((REAL, [f"n{i}" for i in range(60)]), "", "60 distinct texts in 60 rows, .* --target NAME"),
        (
            (REAL[:20], RNG.permutation(200)[:20]),
            "",
            "column 2, the last, has 20 values in 20 rows, which is too many for a label; --target",
        ),
        ((REAL, [f"n{i}" for i in range(60)]), "u,class", "column 'class' has 60 distinct texts in 60 rows"),
    ],
)
def test_an_unlikely_label_is_refused(tmp_path: Path, columns: Any, header: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(table(tmp_path, *columns, header=header))


def test_fractions_in_the_last_column_are_predicted_as_numbers(tmp_path: Path) -> None:
    path = table(tmp_path, REAL, REAL**2, REAL + 1)
    with pytest.warns(DataWarning, match="column 3 is predicted as a number"):
        part = part_of(path)
    np.testing.assert_array_equal(part.y, REAL + 1)


def test_the_note_on_the_label_comes_before_an_error(tmp_path: Path) -> None:
    names = [f"name {i}" for i in range(60)]
    path = table(tmp_path, names, list("abc" * 20), RNG.integers(0, 2, 60), header="name,port,survived")
    with (
        pytest.warns(DataWarning, match="'survived', the last, is taken"),
        pytest.raises(DataError, match="--drop name"),
    ):
        part_of(path)


@pytest.mark.parametrize(
    ("columns", "header"),
    [((list("abc" * 20), list("xyyx" * 15)), "outlook,play"), ((KINDS, RNG.integers(0, 2, 60)), "pclass,survived")],
)
def test_two_that_look_like_labels_are_remarked_on(tmp_path: Path, columns: Any, header: str) -> None:
    path = table(tmp_path, *columns, header=header)
    first, last = header.split(",")
    with pytest.warns(DataWarning, match=f"column '{last}', the last, is taken as the label; --target {first} takes"):
        part_of(path)


@pytest.mark.parametrize(
    ("columns", "header", "others"),
    [
        ((REAL, KINDS, list("ab" * 30)), "fare,pclass,port", "pclass"),
        ((REAL, list("abc" * 20), list("xyyx" * 15)), "", "2"),
        ((REAL, list("abc" * 20), RNG.integers(0, 2, 60)), "fare,port,survived", "port"),
    ],
)
def test_any_column_that_looks_like_a_label_is_named(tmp_path: Path, columns: Any, header: str, others: str) -> None:
    with pytest.warns(DataWarning, match=f"the last, is taken as the label, not {others}; --target NAME"):
        part_of(table(tmp_path, *columns, header=header))


def test_label_first_or_last_is_the_same(tmp_path: Path) -> None:
    first = part_of(table(tmp_path, KINDS, *PIXELS.T, header="label,a,b,c,d"))
    last = part_of(table(tmp_path, *PIXELS.T, KINDS))
    chosen = part_of(table(tmp_path, KINDS, *PIXELS.T), target="1")
    for part in (first, chosen):
        np.testing.assert_array_equal(part.x, last.x)
        np.testing.assert_array_equal(part.y, last.y)
        assert part.names == last.names


def test_few_whole_numbers_are_classes_unless_told(tmp_path: Path) -> None:
    path = table(tmp_path, REAL, KINDS)
    assert part_of(path).names == ("1", "2", "3")
    assert part_of(path, task="regress").y.dtype == np.float64


def test_names_of_rows_are_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, [f"car {i}" for i in range(60)], REAL, list("xyyx" * 15), header="mpg,kind")
    with pytest.warns(DataWarning, match="'row names' is an identifier and is left out"):
        part = part_of(path)
    assert part.x[:, 0].tolist() == REAL.tolist()
