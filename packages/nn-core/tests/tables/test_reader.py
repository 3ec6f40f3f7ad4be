"""Tables of every dialect, and one line per error."""

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn_core.errors import DataError, DataWarning
from nn_core.tables import arrow, blocks, builder, reader
from nn_core.tables.builder import Builder
from nn_core.tables.reader import read_table
from nn_core.tables.table import Table


def read(text: str | bytes) -> Table:
    return read_table(io.BytesIO(text if isinstance(text, bytes) else text.encode()), name="t.csv")


def cells(table: Table) -> list[list[Any]]:
    """The columns as lists of numbers and texts."""
    return [
        column.numbers.tolist() if column.numbers is not None else [column.texts[code] for code in column.codes]
        for column in table.columns
    ]


ROWS = [[1.0, 3.5, -5.0], [2.5, 400.0, 6.0], ["cat", "dög", "cat"]]


@pytest.mark.parametrize(
    "data",
    [
        "1,2.5,cat\n3.5,4e2,dög\n-5,6,cat\n",
        "1,2.5,cat\n\n3.5, 4e2 ,dög \r\n-5,6,cat",
        "1;2,5;cat\n3,5;4e2;dög\n-5;6;cat\n",
        "1\t2,5\tcat\n3,5\t4e2\tdög\n-5\t6\tcat\n",
        "1|2.5|cat|\n3.5|4e2|dög|\n-5|6|cat|\n",
        "1,2.5,cat,\n3.5,4e2,dög,\n-5,6,cat,\n",
        '1,"2.5","cat"\n3.5,4e2,dög\n-5,6,"cat"\n',
        "\ufeff1,2.5,cat\n3.5,4e2,dög\n-5,6,cat\n",
        "1,2.5,cat\n3.5,4e2,dög\n-5,6,cat\n".encode("utf-16"),
        "1,2.5,cat\n3.5,4e2,dög\n-5,6,cat\n".encode("utf-16-le"),
        "1,2.5,cat\n3.5,4e2,dög\n-5,6,cat\n".encode("utf-32"),
        "1 2.5 cat\n3.5   4e2 dög\n -5\t6  cat \n",
        "sep=;\n1;2,5;cat\n3,5;4e2;dög\n-5;6;cat\n",
        "1,2.5,cat\r3.5,4e2,dög\r-5,6,cat\r",
    ],
)
def test_every_dialect_has_the_same_cells(data: str | bytes) -> None:
    table = read(data)
    assert cells(table) == ROWS
    assert table.names is None
    assert len(table) == 3


def test_bytes_that_are_not_utf_8_are_read_with_a_remark() -> None:
    with pytest.warns(DataWarning, match=r"t\.csv: not UTF-8; read as Windows-1252"):
        table = read("1,dög\n2,cat €\n".encode("cp1252"))
    assert cells(table)[1] == ["dög", "cat €"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("u,v\n1,2\n", ("u", "v")),
        ("u,\n1,2\n", ("u", "column 2")),
        ("\n u , v,\n1,2,\n", ("u", "v")),
        ("u,v\n1,2,\n", ("u", "v")),
        ("u,v,\n1,2\n", ("u", "v")),
        ("0,1,label\n5,6,7\n", ("0", "1", "label")),
        ("Na,Mg\n1,2\n", ("Na", "Mg")),
        ("size,kind\nbig,a\nsmall,b\n", ("size", "kind")),
        ("class,size\nbig,big\n", ("class", "size")),
        ('"first\nline",v\n1,2\n', ("first\nline", "v")),
        ("0,1,2\n.5,2,1\n", ("0", "1", "2")),
        ("2019,2020,label\n5,6,7\n", ("2019", "2020", "label")),
        ("2019,2020,kind\n" + "5,6,a\n7,8,b\n" * 3, ("2019", "2020", "kind")),
        ("0,1,kind,size\n" + "5,6,a,3\n7,8,b,4\n" * 3, ("0", "1", "kind", "size")),
        ("2018,2020,kind\n" + "5,6,a\n7,8,b\n" * 3, None),
        ("0,1,a\n" + "5,6,a\n7,8,b\n" * 3, None),
        ("0,1,ann\n5,6,bob\n7,8,cem\n", None),
        ("0,1,ann\n", None),
        ("# a,b\n1,2\n", ("a", "b")),
        ("0,1,2\n5,2,1\n", None),
        ("1,2\n3,4\n", None),
        ("?,?\n3,4\n", None),
        ("big,a\nsmall,b\nbig,b\n", None),
        ("1,x\n2,y\n", None),
    ],
)
def test_a_header_is_recognized(text: str, names: tuple[str, ...] | None) -> None:
    assert read(text).names == names


def test_accents_are_composed() -> None:
    table = read("gro\u0308\u00dfe,n\nKo\u0308ln,1\nK\u00f6ln,2\n")
    assert table.names == ("gr\u00f6\u00dfe", "n")
    assert table.columns[0].texts == ("K\u00f6ln",)


def test_names_that_occur_twice_are_numbered() -> None:
    with pytest.warns(DataWarning, match=r"duplicate column names; the later ones are called 'a\.1', 'a\.2'"):
        assert read("a,b,a,a\n1,2,3,4\n").names == ("a", "b", "a.1", "a.2")


def test_missing_cells_are_nan() -> None:
    table = read("a,b\n1,x\n,y\n?,\nNA,x\nN/A,x\nnan,x\nnull,x\n-,x\n")
    numbers = table.columns[0].numbers
    assert numbers is not None
    assert np.isnan(numbers).tolist() == [False] + [True] * 7
    assert set(table.columns[1].texts) == {"x", "y", "nan"}


def test_lines_of_rows() -> None:
    table = read('a,b\n\n1,x\n2,"two\nlines"\n\n3,y\n')
    assert [table.line_of(row) for row in range(3)] == [3, 4, 7]
    assert cells(table)[1] == ["x", "two\nlines", "y"]
    assert table.place(2, table.columns[1]) == "t.csv, line 7, column 2"


def test_many_blocks_are_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    kinds = rng.choice(["red", "a long name of a color", "green"], 300)
    lines = [f"{a!r},{b!r},{kind},{c!r},{d!r}" for (a, b, c, d), kind in zip(x.tolist(), kinds, strict=True)]
    lines[120] = lines[120].replace(kinds[120], '"two\nlines"')
    lines[200] = f"\n{lines[200]}"
    text = "\n".join(lines)
    whole = cells(read(text))
    monkeypatch.setattr(blocks, "BLOCK", 500)
    table = read(text)
    assert cells(table) == whole
    assert cells(table)[2][119:122] == [kinds[119], "two\nlines", kinds[121]]
    np.testing.assert_array_equal(table.matrix([0, 1, 3, 4]), x)
    np.testing.assert_array_equal(table.matrix([4, 0]), x[:, [3, 0]])
    written = text.split("\n")
    for row in (0, 119, 121, 150, 200, 299):
        assert written[table.line_of(row) - 1] == lines[row].strip()


def test_text_and_decimal_commas_that_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 100)
    table = read("1;2\n" * 300 + "1;x\n")
    assert cells(table)[1][:2] == ["2", "2"]
    assert table.columns[1].texts == ("2", "x")
    assert cells(read("1;2\n" * 300 + "1,5;3\n"))[0][-2:] == [1.0, 1.5]


def test_a_view_where_the_columns_are_neighbors() -> None:
    table = read("1,a,2,3\n4,b,5,6\n")
    assert np.shares_memory(table.matrix([0, 2, 3]), table.numbers)
    assert table.matrix([0, 2, 3]).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "t.csv is empty"),
        ("\n \n,,\n", "is empty: it has only blank lines"),
        ("a,b,kind\n", "has a header but no rows"),
        ("a,kind\n1,x\n\na,kind\n2,y\n", "line 4: the header again; remove it"),
        ("1,2,a\n3,4\n", "line 2: 2 columns, but the first row has 3"),
        ("a,b,c\n1,2,a\n3,4,5,b\n", "line 3: 4 columns, but the header has 3"),
        ("1,2,a\n-inf,3,b\n", "line 2, column 1: '-inf' is not finite"),
        ("1,2,a\n1e999,3,b\n", "line 2, column 1: '1e999' is not finite"),
        ('1,2,"a\n', "line 1: not a row of a table: a quotation mark is not closed"),
        (b"PK\x03\x04...", "is an Excel workbook or a zip archive, not text; save the sheet as CSV"),
        ("\n<!DOCTYPE html>", "is a web page, not a table in text, such as CSV"),
        ('[{"a": 1}]', "is JSON, not a table in text"),
        (b"\x00\x01\x02\x00\x03\x00\x00", "is not a table in text: it holds zero bytes"),
    ],
)
def test_one_line_per_error(data: str | bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "none.csv", name="none.csv")


def test_missing_cells_do_not_slow_numbers_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain blocks with missing cells are read by NumPy's parser, to the same values as by the csv module."""
    rows = ["1,?,x", ",2,NA", "NaN,,", ",,y", "-,3,", "?,?,z", "5,N/A,x"]
    text = "\n".join(rows) + "\n"
    by_csv = read(text.replace("x", '"x\n"').replace("z", '"z"'))
    monkeypatch.setattr(Builder, "_add_any", None)
    table = read(text)
    for column, other in zip(table.columns[:2], by_csv.columns[:2], strict=True):
        np.testing.assert_array_equal(column.numbers, other.numbers)
    assert [table.columns[2].texts[code] for code in table.columns[2].codes] == [
        "x",
        "nan",
        "nan",
        "y",
        "nan",
        "z",
        "x",
    ]


@pytest.mark.parametrize("text", ["1,2\n,\n3,4\n", "1,2,\n,,\n3,4,\n"])
def test_rows_of_delimiters_are_blank(text: str) -> None:
    assert cells(read(text)) == [[1, 3], [2, 4]]


def test_numbers_in_half_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("label,a,b\nx,1,255\ny,0.5,\n")
    table = read_table(path, name="a.csv", dtype=np.float32)
    assert table.numbers.dtype == np.float32
    np.testing.assert_array_equal(table.matrix([1, 2]), np.array([[1, 255], [0.5, np.nan]], np.float32))


def test_comments_before_the_table() -> None:
    with pytest.warns(DataWarning, match="skipped 2 lines of comments"):
        table = read("# made by me\n# in 2020\na,b\n1,2\n")
    assert table.names == ("a", "b")
    assert table.line_of(0) == 4


def test_lines_of_rows_between_blank_lines() -> None:
    table = read("1,x\n\n2,y\n\n\n3,x\n")
    assert [table.line_of(row) for row in range(3)] == [1, 3, 6]


def test_a_quoted_cell_is_never_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 4)
    assert cells(read('1,"two\nlong\nlines"\n2,x\n')) == [[1, 2], ["two\nlong\nlines", "x"]]


def test_commas_of_text_stay_beside_decimal_commas() -> None:
    assert cells(read("1,5;Bonn, DE\n2,5;Rome\n")) == [[1.5, 2.5], ["Bonn, DE", "Rome"]]


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,x,2.5\n\n3,,4e2\nNA,y,-5\n,x ,?\n",
        'a,b,c\n1,"x, y",2\n3,"two\nlines",4\n',
        "a;b;c\n1,5;x, y;2\n3;z;4,25\n",
        "a,b\n1,2\n,\n3,4\n",
        "a,b\n1,2\n3,x\n",
        "a,b\n 1, 2 \n0.1,1e-310\n123456789012345678,0.30000000000000004\n",
        "\ufeff1,2,x\n3,4,y\n",
        "a,b\n" + "1,x\n" * 20_000 + "2,y\r\n3,z\r4,\u00e9\n5,x",
    ],
)
def test_pyarrow_reads_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    plain = read(text)
    monkeypatch.setattr(arrow, "LARGE", 0)
    found = read(text)
    assert found.names == plain.names
    assert [found.line_of(row) for row in range(len(found))] == [plain.line_of(row) for row in range(len(plain))]
    for column, other in zip(found.columns, plain.columns, strict=True):
        if other.numbers is None:
            assert [column.texts[c] for c in column.codes] == [other.texts[c] for c in other.codes]
        else:
            np.testing.assert_array_equal(column.numbers, other.numbers)


def test_bytes_that_are_not_utf_8_come_late_for_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(arrow, "LARGE", 0)
    with pytest.warns(DataWarning, match="Windows-1252"):
        table = read(b"a,b\n" + b"1,x\n" * 20_000 + b"2,\xe9\n")
    assert table.columns[1].texts == ("x", "\u00e9")


@pytest.mark.parametrize(
    "text", ['"u","kind"\n"a 1",2.5,"x"\n"a 2",3.5,"y"\n', '"u" "kind"\n"1" 2.5 "x"\n"2" 3.5 "y"\n']
)
def test_names_of_rows_have_no_header_in_r(text: str) -> None:
    table = read_table(io.BytesIO(text.encode()), name="t.csv")
    assert table.names == ("row names", "u", "kind")
    assert table.matrix([1])[:, 0].tolist() == [2.5, 3.5]


def peak_of(text: str) -> int:
    """The most memory that Python and NumPy took to read a table, in bytes."""
    tracemalloc.start()
    read(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_one_long_cell_does_not_widen_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "MAX_PARSED", 2**20)
    rows = "x,y,0\nz,w,1\n" * 2000
    text = "a,b,label\n" + rows + "q" * 1000 + ",b,1\n"
    assert peak_of(text) < peak_of("a,b,label\n" + rows) + 2**22
    assert cells(read(text))[0][-1] == "q" * 1000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1" * 5000, "t.csv, line 1: not a row of a table: it is longer than 1,000 characters"),
        ('a,b\n1,2\n3,"4\n' + "5,6\n" * 2000, "t.csv, line 3: not a row of a table: a quotation mark is not closed"),
    ],
)
def test_a_row_without_end(text: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_ROW", 1000)
    monkeypatch.setattr(blocks, "BLOCK", 1000)
    with pytest.raises(DataError) as caught:
        read(text)
    assert str(caught.value).startswith(message)


def test_more_columns_than_a_table_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn_core.tables.dialect.MAX_COLUMNS", 3)
    assert len(read("1,2,3\n4,5,6\n").columns) == 3
    with pytest.raises(DataError, match=r"t\.csv has 4 columns; the limit is 3"):
        read("1,2,3,4\n4,5,6,7\n")


def test_the_form_of_long_lines_is_recognized_by_the_first_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SAMPLE_CHARACTERS", 10)
    table = read("width,height\n" + "1.5,2\n" * 100)
    assert (table.names, len(table)) == (("width", "height"), 100)
    assert cells(read("1,2\n3,4\n5,x\n"))[1] == ["2", "4", "x"]


def test_texts_take_no_more_than_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn_core.memory.memory_limit", lambda: 10_000)
    read("".join(f"{i % 10},a{i % 10}\n" for i in range(100)))
    with pytest.raises(DataError, match=r"t\.csv with its texts needs 15 kB of memory"):
        read("".join(f"{i % 10},a{i}\n" for i in range(100)))
