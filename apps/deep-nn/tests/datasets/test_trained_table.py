"""Tables read like the one that a model was trained on."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deep_nn.datasets.columns import Columns, Feature
from deep_nn.datasets.table_options import TableOptions
from deep_nn.datasets.trained_table import TrainedTable
from nn_core.errors import DataError, DataWarning, NNError

NAMED = Columns(
    (
        Feature(2, "a"),
        Feature(3, "color", "category", categories=("red", "green")),
        Feature(4, "member", "boolean"),
        Feature(5, "since", "date", "%Y-%m-%d"),
    ),
    1,
    "label",
    5,
    header=True,
)
UNNAMED = Columns((Feature(1, None), Feature(3, None)), 2, None, 4, header=False)


def rows(columns: Columns, text: str, **options: Any) -> Any:
    table = TrainedTable(columns, TableOptions(**options))
    return table.rows(io.BytesIO(text.encode()), name="new.csv")


class TestRows:
    def test_columns_are_matched_by_name(self) -> None:
        text = "since,p,COLOR,Id,a,member\n1970-01-03,9,green,1,0.5,yes\n1970-01-02,9,red,2,1.5,no\n"
        with pytest.warns(DataWarning, match=r"new\.csv: ignored: p, Id$"):
            found = rows(NAMED, text)
        assert found.x.tolist() == [[0.5, 1, 1, 2], [1.5, 0, 0, 1]]
        assert found.numbers.tolist() == [1, 2]

    def test_the_label_is_ignored(self) -> None:
        with pytest.warns(DataWarning, match=r"ignored: label$"):
            found = rows(NAMED, "label,a,color,member,since\nx,1,red,1,1970-01-02\n")
        assert found.x.tolist() == [[1, 0, 1, 1]]

    def test_missing_columns_are_named(self) -> None:
        with pytest.raises(
            DataError, match=r"new\.csv has no columns 'a', 'since' that .*; its columns are color, member"
        ):
            rows(NAMED, "color,member\nred,yes\n")

    def test_unseen_categories_are_named_with_counts(self) -> None:
        text = "a,color,member,since\n" + "".join(
            f"1,{color},yes,1970-01-02\n" for color in ("blue", "red", "blue", "pink")
        )
        with pytest.warns(DataWarning, match=r"column 'color' has categories .*: 'blue' \(2\), 'pink' \(1\)$"):
            found = rows(NAMED, text)
        assert found.x[:, 1].tolist() == [-1, 0, -1, -1]

    def test_a_category_that_only_the_validation_set_had(self) -> None:
        table = TrainedTable(NAMED, seen=((), (1,), (), ()))
        with pytest.warns(DataWarning, match=r"'red' \(1\)$"):
            found = table.rows(io.BytesIO(b"a,color,member,since\n1,red,no,1970-01-02\n"), name="new.csv")
        assert found.x[0, 1] == -1

    def test_a_first_line_of_numbers_in_order_is_said_to_be_a_header(self) -> None:
        columns = Columns(tuple(Feature(i, None) for i in (1, 2, 3)), 4, None, 4, header=False)
        with pytest.warns(DataWarning, match="the first line is taken as the names .* not as a row: 0, 1, 2$"):
            found = rows(columns, "0,1,2\n-0.5,1.5,2.5\n")
        assert found.x.tolist() == [[-0.5, 1.5, 2.5]]

    def test_a_first_line_of_categories_is_not_taken_as_a_header(self) -> None:
        feature = Feature(1, None, "category", categories=("red", "blue"))
        columns = Columns(
            (feature, Feature(2, None, "category", categories=("big", "small"))), 3, None, 3, header=False
        )
        with pytest.raises(DataError, match=r"the first line \(red, big\) may be a row or the names"):
            rows(columns, "red,big\nblue,small\n")

    @pytest.mark.parametrize(
        ("form", "cell", "problem"),
        [
            ("", "45%", "has % signs; the model was trained on numbers without"),
            (".%", "0.45", "has no % signs; the model was trained on percentages"),
            (".%", "$0.45", "has no % signs; the model was trained on percentages"),
        ],
    )
    def test_percentages_and_plain_numbers_are_not_mixed_up(self, form: str, cell: str, problem: str) -> None:
        columns = Columns((Feature(1, "rate", form=form),), 2, "label", 2, header=True)
        with pytest.raises(DataError, match=problem):
            rows(columns, f"rate,other\n{cell},1\n")

    def test_percentages_are_read_as_in_training(self) -> None:
        columns = Columns((Feature(1, "rate", form=".%"),), 2, "label", 2, header=True)
        with pytest.warns(DataWarning, match="ignored: label"):
            assert rows(columns, "rate,label\n45%,1\n0%,1\n0,2\n").x.tolist() == [[45], [0], [0]]

    def test_without_a_header_by_position(self) -> None:
        with pytest.warns(DataWarning, match="no header; .* in the order of the training data: a, color"):
            found = rows(NAMED, "1,red,yes,1970-01-02\n2,green,no,1970-01-03\n")
        assert found.x.tolist() == [[1, 0, 1, 1], [2, 1, 0, 2]]

    @pytest.mark.parametrize(
        ("text", "expected"), [("1,9,3,8\n", [[1, 3]]), ("1,3,8\n", [[1, 3]]), ("1,3\n", [[1, 3]])]
    )
    def test_a_model_without_names_goes_by_position(self, text: str, expected: Any) -> None:
        assert rows(UNNAMED, text).x.tolist() == expected

    @pytest.mark.parametrize("header", [True, False])
    def test_columns_by_place_are_shown_if_others_stand_between_them(self, header: bool) -> None:
        names = ["a", "b"] if header else [None, None]
        columns = Columns((Feature(2, names[0]), Feature(3, names[1])), 4, names[0] and "k", 4, header=header)
        taken = "a, b" if header else "column 2, column 3"
        with pytest.warns(DataWarning, match=f"no header; columns 2, 3 are taken as {taken} of the training data"):
            assert rows(columns, "7,1,2\n").x.tolist() == [[1, 2]]

    def test_names_that_the_model_does_not_know_are_shown(self) -> None:
        with pytest.warns(DataWarning, match="no names of columns, so they are taken by place: p, q$"):
            assert rows(UNNAMED, "p,q\n1,3\n").x.tolist() == [[1, 3]]

    @pytest.mark.parametrize("text", ["1\n", "1,2,3,4,5\n"])
    def test_another_width_is_refused(self, text: str) -> None:
        width = text.count(",") + 1
        with pytest.raises(DataError, match=rf"trained on 2 columns; new\.csv has {width} \(line 1\)"):
            rows(UNNAMED, text)

    def test_missing_values(self) -> None:
        text = "1,2\n\n,4\n5,6\n"
        with pytest.raises(DataError, match=r"new\.csv, line 3, column 1: the value is missing; .*--missing mean"):
            rows(UNNAMED, text)
        np.testing.assert_array_equal(rows(UNNAMED, text, missing="mean").x, [[1, 2], [np.nan, 4], [5, 6]])
        with pytest.warns(DataWarning, match="rows with missing values left out: 1 of 3"):
            found = rows(UNNAMED, text, missing="drop")
        assert found.x.tolist() == [[1, 2], [5, 6]]
        assert found.numbers.tolist() == [1, 3]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("x,red,yes,1970-01-02", "line 2, column 1: 'x' is not a number"),
            ("1,red,maybe,1970-01-02", "line 2, column 3: 'maybe' is not yes or no"),
            ("1,red,2,1970-01-02", "column 'member' holds 2; the model was trained on booleans there"),
            ("1,red,yes,2.1.1970", "line 2, column 4: '2.1.1970' is not a date like 2024-01-31"),
            ("1,red,yes,7", "column 'since' holds numbers; the model was trained on dates there"),
        ],
    )
    def test_cells_of_another_kind(self, text: str, message: str) -> None:
        with pytest.raises(DataError, match=message):
            rows(NAMED, f"a,color,member,since\n{text}\n")

    def test_case_is_merged_as_in_training(self) -> None:
        text = "a,color,member,since\n1, RED,yes,1970-01-02\n"
        assert rows(NAMED, text, merge_case=True).x[0, 1] == 0

    def test_numbers_that_were_categories(self) -> None:
        columns = Columns((Feature(1, "n", "category", categories=("0", "1", "3+")),), 2, "k", 2, header=True)
        with pytest.warns(DataWarning, match=r"'2' \(1\)"):
            assert rows(columns, "n\n1\n0.0\n2\n").x[:, 0].tolist() == [1, 0, -1]

    @pytest.mark.parametrize("header", [True, False])
    def test_none_alone_is_a_category_as_it_was_beside_others(self, header: bool) -> None:
        garage = Feature(1, "garage" if header else None, "category", categories=("None", "attached"))
        columns = Columns((garage,), 2, "k" if header else None, 2, header=header)
        text = "garage\n" * header + "None\nNone\n"
        assert rows(columns, text, missing="mean").x[:, 0].tolist() == [0, 0]

    def test_separators_that_the_training_data_lacked_are_shown(self) -> None:
        columns = Columns((Feature(1, "p"),), 2, "k", 2, header=True)
        with pytest.warns(DataWarning, match="column 'p': '1,500' is read as 1500$"):
            assert rows(columns, 'p\n"1,500"\n2.5\n').x.tolist() == [[1500], [2.5]]


class TestPart:
    def part(self, tmp_path: Path, text: str, **options: Any) -> Any:
        path = tmp_path / "new.csv"
        path.write_text(text, "utf-8")
        return TrainedTable(UNNAMED, TableOptions(**options), ("yes", "no")).part(path)

    def test_the_label_is_at_its_place(self, tmp_path: Path) -> None:
        part = self.part(tmp_path, "1,yes,3,8\n2,no,4,8\n")
        assert part.x.tolist() == [[1, 3], [2, 4]]
        assert part.matched(("yes", "no"), "model").y.tolist() == [0, 1]

    def test_case_is_merged_with_that_of_the_model(self, tmp_path: Path) -> None:
        part = self.part(tmp_path, "1,YES,3,8\n2,No,4,8\n3,yes ,1,1\n", merge_case=True)
        assert part.matched(("yes", "no"), "model").y.tolist() == [0, 1, 0]

    def test_none_alone_is_a_class_as_it_was_beside_others(self, tmp_path: Path) -> None:
        (tmp_path / "new.csv").write_text("1,None,3,8\n2,None,4,8\n", "utf-8")
        part = TrainedTable(UNNAMED, classes=("None", "apnea")).part(tmp_path / "new.csv")
        assert part.names == ("None",)

    def test_numbers_as_labels_are_places_of_the_classes(self, tmp_path: Path) -> None:
        with pytest.warns(DataWarning, match=r"column 2 holds numbers, taken as .* in order: 0 as 'yes', 1 as 'no'$"):
            part = self.part(tmp_path, "1,1,3,8\n2,0,4,8\n")
        assert part.matched(("yes", "no"), "model").y.tolist() == [1, 0]

    def test_rows_without_a_label(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="line 2: the label is missing"):
            self.part(tmp_path, "1,yes,3,8\n2,,4,8\n")
        assert self.part(tmp_path, "1,yes,3,8\n2,,4,8\n", missing="mean").x.tolist() == [[1, 3]]

    def test_no_label_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"new\.csv has no label, which the model predicts"):
            self.part(tmp_path, "1,3,8\n")


class TestColumns:
    def test_they_survive_json(self) -> None:
        for columns in (NAMED, UNNAMED):
            assert Columns.from_dict(json.loads(json.dumps(columns.to_dict()))) == columns

    @pytest.mark.parametrize(
        "change",
        [
            {"target": 2},
            {"target": 9},
            {"width": 3},
            {"header": False},
            {"features": []},
            {"features": 3},
            {"name": 5},
            {"features": [{"number": 2, "name": "a", "kind": "odd", "form": "", "categories": []}]},
            {"extra": 1},
        ],
    )
    def test_invalid_fields_are_refused(self, change: dict[str, Any]) -> None:
        fields = json.loads(json.dumps(NAMED.to_dict())) | change
        with pytest.raises(NNError, match="columns"):
            Columns.from_dict(fields)
