"""Tables to train on: columns, labels, remarks, and one line per error."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deep_nn.datasets.columns import Columns
from deep_nn.datasets.files import read
from deep_nn.datasets.table_options import TableOptions
from nn_core.cli.dataset import Part
from nn_core.errors import DataWarning, NNError

NO_OPTIONS = TableOptions()


def csv_file(tmp_path: Path, text: str | bytes, name: str = "points.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def message_of(path: Path, options: TableOptions = NO_OPTIONS) -> str:
    with pytest.raises(NNError) as caught:
        read(path, options)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def part_of(path: Path, **options: Any) -> Part[Any]:
    """The training set of a table."""
    part = read(path, TableOptions(**options)).train
    assert part is not None
    return part


def columns_of(part: Part[Any]) -> Columns:
    assert isinstance(part.schema, Columns)
    return part.schema


def lines(*columns: Any, header: str = "") -> str:
    """Columns as the text of a table."""
    rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([header] * bool(header) + rows) + "\n"


class TestColumnsAndLabels:
    def test_columns_and_names(self, tmp_path: Path) -> None:
        part = part_of(csv_file(tmp_path, "1,2.5,cat\n\n-3,4e2,dog\r\n5, 6 , cat \n"))
        np.testing.assert_array_equal(part.x, [[1, 2.5], [-3, 400], [5, 6]])
        assert part.x.dtype == np.float64
        assert part.names == ("cat", "dog")
        assert part.y.tolist() == [0, 1, 0]
        columns = columns_of(part)
        assert [feature.number for feature in columns.features] == [1, 2]
        assert (columns.target, columns.name, columns.width, columns.header) == (3, None, 3, False)

    def test_integer_labels_are_in_numeric_order(self, tmp_path: Path) -> None:
        part = part_of(csv_file(tmp_path, "1,10\n2,3.0\n3,20\n4,3\n"))
        assert part.names == ("3", "10", "20")
        assert part.y.tolist() == [1, 0, 2, 0]

    def test_integers_among_names(self, tmp_path: Path) -> None:
        part = part_of(csv_file(tmp_path, "1,1.0\n2,x\n3,1\n"))
        assert part.names == ("1", "x")
        assert part.y.tolist() == [0, 1, 0]

    @pytest.mark.parametrize("header", ["label", "Class", "TARGET", "species", "y"])
    def test_a_known_name_is_the_label_wherever_it_stands(self, tmp_path: Path, header: str) -> None:
        part = part_of(csv_file(tmp_path, f"{header},b,c\n0,2.5,3\n1,5.5,6\n0,8.5,9\n"))
        assert part.y.tolist() == [0, 1, 0]
        np.testing.assert_array_equal(part.x, [[2.5, 3], [5.5, 6], [8.5, 9]])

    def test_y_beside_x_is_a_coordinate(self, tmp_path: Path) -> None:
        assert columns_of(part_of(csv_file(tmp_path, "x,y,kind\n1.5,2.5,a\n2.5,1.5,b\n"))).name == "kind"

    @pytest.mark.parametrize("target", ["kind", "KIND", "2"])
    def test_the_target_by_name_or_number(self, tmp_path: Path, target: str) -> None:
        part = part_of(csv_file(tmp_path, "u,kind,v\n1,a,2.5\n3,b,4.5\n"), target=target)
        assert part.names == ("a", "b")
        np.testing.assert_array_equal(part.x, [[1, 2.5], [3, 4.5]])

    @pytest.mark.parametrize(
        ("options", "names"),
        [
            ({"drop": "u"}, ["v", "w,x"]),
            ({"drop": '1,"w,x"'}, ["v"]),
            ({"columns": "v, u"}, ["u", "v"]),
            ({"columns": "u,v,kind", "drop": "2"}, ["u"]),
        ],
    )
    def test_columns_are_chosen(self, tmp_path: Path, options: dict[str, str], names: list[str]) -> None:
        part = part_of(csv_file(tmp_path, 'u,v,"w,x",kind\n1,2,3,a\n4,5,6,b\n'), **options)
        assert [feature.name for feature in columns_of(part).features] == names
        assert part.x.shape == (2, len(names))

    def test_numbers_to_predict(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, "area,price\n50,0.37\n60,0.5\n70,0.64\n")
        with pytest.warns(DataWarning, match=r"points\.csv: column 'price' is predicted as a number"):
            part = part_of(path)
        assert part.names is None
        assert part.y.tolist() == [0.37, 0.5, 0.64]
        assert columns_of(part).regress
        assert part_of(csv_file(tmp_path, "1,10\n2,20\n"), task="regress").y.tolist() == [10.0, 20.0]
        path = csv_file(tmp_path, 'area,price\n50,"$1,200"\n60,$900\n')
        assert part_of(path, task="regress").y.tolist() == [1200.0, 900.0]

    def test_whole_dollars_are_not_classes(self, tmp_path: Path) -> None:
        path = csv_file(
            tmp_path, lines(np.arange(300) * 0.5, [1000 + 7 * (i % 200) for i in range(300)], header="age,price")
        )
        with pytest.warns(DataWarning, match="predicted as a number: it has 200 distinct values"):
            assert part_of(path, columns="age").names is None
        assert len(part_of(path, columns="age", task="classify").names or ()) == 200

    def test_many_numbered_classes(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, lines(np.arange(300) * 0.5, np.arange(300) % 150))
        assert len(part_of(path).names or ()) == 150


class TestKinds:
    def test_text_is_codes_of_categories(self, tmp_path: Path) -> None:
        part = part_of(csv_file(tmp_path, "size,k\nbig,a\nsmall,b\nbig,b\n,a\n"), missing="mean", target="k")
        assert columns_of(part).features[0].categories == ("big", "small")
        np.testing.assert_array_equal(part.x, [[0], [1], [0], [np.nan]])

    def test_booleans(self, tmp_path: Path) -> None:
        part = part_of(csv_file(tmp_path, "u,m,k\n1,true,a\n2,False,b\n3,yes,b\n"))
        assert part.x[:, 1].tolist() == [1, 0, 1]
        assert columns_of(part).features[1].kind == "boolean"

    def test_dates_are_days(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, "since,k\n1970-01-02,a\n1970-02-01,b\n")
        with pytest.warns(DataWarning, match=r"column 'since' holds dates, read as days since 1970-01-01"):
            part = part_of(path, target="k")
        assert part.x.tolist() == [[1], [31]]

    def test_numbers_with_signs(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, 'pay,k\n"$1,200",a\n900,b\n')
        with pytest.warns(DataWarning, match=r"column 'pay': '\$1,200' is read as 1200"):
            assert part_of(path, target="k").x.tolist() == [[1200], [900]]

    def test_percentages_without_a_sign_are_named(self, tmp_path: Path) -> None:
        assert "points.csv, line 3, column 1: '0.5' has no % sign, but '45%' has one" in message_of(
            csv_file(tmp_path, "rate,label\n45%,a\n0.5,b\n")
        )

    def test_a_quoted_decimal_comma(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, 'pay,k\n"1,5",a\n"2,25",b\n')
        with pytest.warns(DataWarning, match="'1,5' is read as 1.5"):
            assert part_of(path, target="k").x.tolist() == [[1.5], [2.25]]

    def test_few_numbers_and_a_text_are_categories(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, lines(np.arange(50) * 0.5, ["0", "1", "2", "3+", "1"] * 10, ["a", "b"] * 25))
        with pytest.warns(DataWarning, match=r"column 2 holds numbers and text \('3\+'\), read as categories"):
            assert columns_of(part_of(path, target="3")).features[1].categories == ("0", "1", "2", "3+")

    def test_columns_with_too_many_categories_are_named_at_once(self, tmp_path: Path) -> None:
        names = [f"name {i}" for i in range(30)]
        path = csv_file(
            tmp_path, lines(names, np.arange(30) * 0.5, names[::-1], ["a", "b"] * 15, header="name,u,other,k")
        )
        found = message_of(path, TableOptions(target="k"))
        assert "name (30 distinct texts, such as 'name 0'), other (30 distinct texts" in found
        assert "--drop name,other leaves them out" in found
        assert columns_of(part_of(path, target="k", drop="name,other")).features[0].name == "u"


class TestMissing:
    TEXT = "a,b,k\n1,?,x\n,2,y\n3,4,\n5,6,y\n"

    def test_they_are_counted_and_refused(self, tmp_path: Path) -> None:
        found = message_of(csv_file(tmp_path, "a,b,k\n1,?,x\nNA,2,y\nnull,3,y\n"))
        assert "2 in column 'a' (from line 3), 1 in column 'b' (line 2)" in found
        assert "--missing mean" in found
        assert "--missing drop" in found
        assert "line 4: the label is missing" in message_of(csv_file(tmp_path, self.TEXT))

    def test_rows_are_dropped(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, self.TEXT)
        with pytest.warns(DataWarning, match="rows with missing values left out: 3 of 4"):
            part = part_of(path, missing="drop")
        assert part.x.tolist() == [[5, 6]]
        assert part.y.tolist() == [1]
        assert "every row" in message_of(csv_file(tmp_path, "1,?,a\n?,2,b\n"), TableOptions(missing="drop"))

    def test_rows_without_a_label_are_never_filled(self, tmp_path: Path) -> None:
        with pytest.warns(DataWarning, match="rows with missing labels left out: 1 of 4"):
            part = part_of(csv_file(tmp_path, self.TEXT), missing="mean")
        np.testing.assert_array_equal(part.x, [[1, np.nan], [np.nan, 2], [5, 6]])

    def test_an_empty_column_is_left_out(self, tmp_path: Path) -> None:
        with pytest.warns(DataWarning, match="column 'b' is empty and is left out"):
            assert part_of(csv_file(tmp_path, "a,b,k\n1,,x\n2,,y\n")).x.tolist() == [[1], [2]]


class TestCase:
    TEXT = "u,k\n1,yes\n2,Yes \n3,no\n4,yes\n5,YES\n"

    def test_alike_names_are_remarked_on(self, tmp_path: Path) -> None:
        with pytest.warns(DataWarning, match=r"'k' has yes, Yes and YES; --merge-case makes them one class"):
            assert len(part_of(csv_file(tmp_path, self.TEXT)).names or ()) == 4

    def test_they_are_merged(self, tmp_path: Path) -> None:
        part = part_of(csv_file(tmp_path, self.TEXT), merge_case=True)
        assert part.names == ("no", "yes")
        assert part.y.tolist() == [1, 1, 0, 1, 1]

    def test_of_categories(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, "c,u,k\nred,1,a\nRed,2,b\nblue,3,b\n")
        with pytest.warns(DataWarning, match="'c' has 'red' and 'Red'"):
            part_of(path, target="k")
        assert part_of(path, target="k", merge_case=True).x[:, 0].tolist() == [0, 0, 1]


class TestRemarks:
    U = np.random.default_rng(0).normal(size=20)
    K = np.array(list("ab" * 10))

    @pytest.mark.parametrize(
        ("column", "words"),
        [
            (np.arange(7, 27), "column 't' is a row number; --drop t leaves it out"),
            (np.full(20, 3), "column 't' is constant"),
            (U, "column 't' is a copy of column 'u'; --drop t leaves it out"),
            (np.where(K == "a", 5, 8), "column 't' leaks the label; --drop t leaves it out"),
            (np.where(K == "a", "left", "right"), "column 't' leaks the label"),
        ],
    )
    def test_useless_columns_and_leaks(self, tmp_path: Path, column: Any, words: str) -> None:
        path = csv_file(tmp_path, lines(self.U, column, self.K, header="u,t,k"))
        with pytest.warns(DataWarning, match=rf"points\.csv: {words}"):
            assert part_of(path, target="k").x.shape == (20, 2)

    @pytest.mark.parametrize("name", ["Id", "", "PassengerId"])
    def test_row_numbers_are_left_out(self, tmp_path: Path, name: str) -> None:
        path = csv_file(tmp_path, lines(range(20), self.U, self.K, header=f"{name},u,k"))
        with pytest.warns(DataWarning, match="is a row number and is left out; --columns keeps it"):
            assert part_of(path).x.shape == (20, 1)
        with pytest.warns(DataWarning, match="is a row number; --drop"):
            assert part_of(path, columns="1,u").x.shape == (20, 2)

    @pytest.mark.parametrize("name", ["Id", "", "CustomerID", "user_id"])
    def test_identifiers_in_any_order_are_left_out(self, tmp_path: Path, name: str) -> None:
        path = csv_file(tmp_path, lines([*range(40, 50), *range(7, 17)], self.U, self.K, header=f"{name},u,k"))
        with pytest.warns(DataWarning, match="is an identifier and is left out; --columns keeps it"):
            assert part_of(path).x.tolist() == self.U[:, None].tolist()
        assert part_of(path, columns="1,u").x.shape == (20, 2)

    @pytest.mark.parametrize("name", ["PAID", "grid", "amount"])
    def test_different_amounts_are_not_identifiers(self, tmp_path: Path, name: str) -> None:
        path = csv_file(tmp_path, lines([*range(40, 50), *range(7, 17)], self.U, self.K, header=f"{name},u,k"))
        assert part_of(path).x.shape == (20, 2)

    def test_an_empty_column_at_the_end_is_no_label(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, lines(self.U, self.K, [""] * 20, header="u,k,Unnamed: 2"))
        with pytest.warns(DataWarning, match="column 'Unnamed: 2' is empty"):
            assert columns_of(part_of(path)).name == "k"

    def test_the_column_after_an_identifier_may_be_the_label(self, tmp_path: Path) -> None:
        path = csv_file(tmp_path, lines(range(20), self.K, self.U, header="id,diagnosis,mean u"))
        message = message_of(path)
        assert "column 'diagnosis', the first, looks more like the label" in message
        assert message.endswith('name the label: --target "mean u" or --target diagnosis')

    def test_nothing_to_remark_on(self, tmp_path: Path) -> None:
        three = np.array(list("abc" * 6 + "ab"))
        two = np.where(three == "a", 5.0, 8.5)
        assert part_of(csv_file(tmp_path, lines(self.U, two, three))).x.shape == (20, 2)
        assert part_of(csv_file(tmp_path, lines(self.U, self.U**2, self.K))).x.shape == (20, 2)


def test_points_are_thousands_beside_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = ["706;2.432,47;0,492;a", "87.429;620,98;-1,500;b", "706;620,98;0,492;b", "87.429;1,5;-1,500;a"]
    path.write_text("\n".join(["sales;costs;trend;target", *rows * 20]) + "\n", "utf-8")
    with pytest.warns(DataWarning, match="'87.429' is read as 87429|'2.432,47' is read as 2432.47"):
        part = read(path).train
    assert part is not None
    assert part.x[:2].tolist() == [[706, 2432.47, 0.492], [87429, 620.98, -1.5]]


def test_a_target_typed_with_combining_accents(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "gr\u00f6\u00dfe,n\na,1\nb,2\n")
    assert columns_of(part_of(path, target="gro\u0308\u00dfe")).target == 1


def test_none_is_a_class_beside_others(tmp_path: Path) -> None:
    part = part_of(csv_file(tmp_path, "hours,disorder\n7.5,None\n5,Apnea\n7,None\n", "sleep.csv"))
    assert part.names == ("Apnea", "None")
    assert part.y.tolist() == [1, 0, 1]


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is empty"),
            ("\n \n,,\n", "is empty: it has only blank lines"),
            ("a,b,kind\n", "has a header but no rows"),
            ("1,2,a\n3,x,b\n", "line 2, column 2: 'x' is not a number"),
            ("1,x,a\n3,4,b\n", "line 1, column 2: 'x' is not a number"),
            ("u,v,k\n\n1,2,a\nx,2,b\n", "line 4, column 1: 'x' is not a number"),
            ("1,,a\n3,4,b\n", "1 in column 2 (line 1)"),
            (",,a\n1,2,b\n", "1 in column 1 (line 1), 1 in column 2 (line 1)"),
            ("1,1_000,a\n3,4,b\n", "line 1, column 2: '1_000' is not a number"),
            ("1,2,a\n1e999,3,b\n", "line 2, column 1: '1e999' is not finite"),
            ("1,2,a\n3,4\n", "line 2: 2 columns, but the first row has 3"),
            ("1,2,a\n3,4,\n", "line 2: the label is missing"),
            ("1,2,a\n1,2,0.5\n", "line 2, column 3: label '0.5' is not a class"),
            ("1,2," + "a" * 101, "line 1, column 3: label 'aaa"),
            ("1\n2\n", "only one column"),
            ("1," + "x" * 200_000 + ",a\n", "line 1: not a row of a table"),
            ("1," + "x" * 1000 + ",a\n2,3,b\n", "is not a number"),
            ("when,k\n01/02/2024,a\n03/04/2024,b\n", "'01/02/2024' may be day/month or month/day"),
        ],
    )
    def test_one_line_per_error(self, tmp_path: Path, text: str, message: str) -> None:
        options = TableOptions(target="k") if text.startswith("when") else NO_OPTIONS
        found = message_of(csv_file(tmp_path, text), options)
        assert message in found
        assert len(found) < len(str(tmp_path)) + 250

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"target": "kin"}, "has no column 'kin' (--target); did you mean 'kind'?"),
            ({"target": "4"}, "has no column '4' (--target); choose from kind, u, v"),
            ({"drop": "w"}, "has no column 'w' (--drop)"),
            ({"columns": "u,,v"}, "--columns 'u,,v' has an empty item"),
            ({"columns": "u,\nv"}, "has a line break, which needs quotation marks"),
            ({"target": "kind", "drop": "kind"}, "--drop leaves out column 'kind', the one to predict"),
            ({"drop": "u,v"}, "only one column"),
            ({"columns": "kind"}, "no column is left to predict column 'kind' from"),
            ({"task": "regress"}, "column 'kind' is text, such as 'a'"),
            ({"target": "v", "task": "classify"}, "line 2, column 2: label 2.5 is not a class; --task regress"),
        ],
    )
    def test_options_that_do_not_fit(self, tmp_path: Path, options: dict[str, str], message: str) -> None:
        path = csv_file(tmp_path, "u,v,kind\n1,2.5,a\n3,4.5,b\n")
        with pytest.raises(NNError) as caught:
            read(path, TableOptions(**options))
        assert message in str(caught.value)
