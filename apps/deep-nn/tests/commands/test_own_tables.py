"""Tables of one's own, from training to prediction."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import PROGRAM, invoke, json_of, refusal, succeed, trained

from deep_nn.model import load_model
from nn_core.exchange.safetensors import from_safetensors

RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(3, 150)).round(3)
YES = np.where(2 * A - B > 0, "yes", "no")
COLOR = np.where(C > 0, "red", np.where(C > -1, "green", "blue"))


def write(path: Path, header: str, *columns: Any) -> Path:
    rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def classes_of(*arguments: object) -> list[str]:
    return [found["class"] for found in json_of("predict", "--model", *arguments)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a, b, c -> label, and one with categories and missing values."""
    home = tmp_path_factory.mktemp("tables")
    write(home / "abc.csv", "a,b,c,label", A, B, C, YES)
    trained(home / "abc.h5", "--data", home / "abc.csv", "--epochs", 60)
    a = np.where(np.arange(150) % 9 == 0, "?", A.astype(str))
    write(home / "mixed.csv", "Id,a,color,b,label", range(1, 151), a, COLOR, B, YES)
    trained(home / "mixed.h5", "--data", home / "mixed.csv", "--missing", "mean", "--epochs", 60)
    return home


def test_columns_in_another_order_have_the_same_predictions(home: Path, tmp_path: Path) -> None:
    expected = classes_of(home / "abc.h5", home / "abc.csv")
    assert np.mean(np.array(expected) == YES) > 0.95
    assert classes_of(home / "abc.h5", write(tmp_path / "cba.csv", "c,b,a", C, B, A)) == expected
    more = write(tmp_path / "more.csv", "Id,a,b,c,p", range(150), A, B, C, C * 3)
    assert classes_of(home / "abc.h5", more) == expected
    result = succeed("predict", "--model", home / "abc.h5", more)
    assert f"Note: {more}: ignored: Id, p\n" in result.stderr
    less = write(tmp_path / "less.csv", "a,c", A, C)
    assert "has no column 'b' that the model was trained on" in refusal(
        "predict", "--model", home / "abc.h5", less, status=1
    )


def test_a_table_from_standard_input(home: Path) -> None:
    text = (home / "abc.csv").read_text("utf-8")
    result = invoke("predict", "--model", home / "abc.h5", "-", "--output", "-", input=text)
    assert result.exit_code == 0
    assert "Note: standard input: ignored: label" in result.stderr
    assert [line.split(",")[1] for line in result.stdout.splitlines()[1:]] == classes_of(
        home / "abc.h5", home / "abc.csv"
    )


def test_categories_and_missing_values(home: Path, tmp_path: Path) -> None:
    model = load_model(home / "mixed.h5")
    assert model.columns is not None
    assert set(model.columns.features[1].categories) == {"red", "green", "blue"}
    assert model.network.input_shape == (6,)
    assert json_of("evaluate", "--model", home / "mixed.h5", "--data", home / "mixed.csv")["accuracy"] > 0.9
    assert json_of("evaluate", "--model", home / "mixed.h5")["examples"] == 30
    other = write(tmp_path / "other.csv", "color,b,a", np.where(COLOR == "red", "pink", COLOR), B, A)
    count = int((COLOR == "red").sum())
    stderr = succeed("predict", "--model", home / "mixed.h5", other).stderr
    assert f"column 'color' has categories that are not in the training data, encoded as zeros: 'pink' ({count})" in (
        stderr
    )


def test_predictions_keep_the_numbers_of_their_rows(home: Path, tmp_path: Path) -> None:
    model = trained(tmp_path / "drop.h5", "--data", home / "mixed.csv", "--missing", "drop")
    found = json_of("predict", "--model", model, home / "mixed.csv")
    assert [row["row"] for row in found] == [n + 1 for n in range(150) if n % 9]


def test_a_run_is_resumed_and_begun_from_a_model(home: Path, tmp_path: Path) -> None:
    """From a model, categories and means are those of the model, though the table has others."""
    more = write(tmp_path / "more.csv", "color,label,b,a", np.where(COLOR == "red", "pink", COLOR), YES, B, A)
    path = tmp_path / "next.h5"
    result = succeed("train", "--from", home / "mixed.h5", "--data", more, "--epochs", 2, "--save", path)
    assert "'pink'" in result.stderr
    assert load_model(path).preprocessing == load_model(home / "mixed.h5").preprocessing
    assert load_model(path).columns == load_model(home / "mixed.h5").columns
    resumed = tmp_path / "resumed.h5"
    resumed.write_bytes((home / "mixed.h5").read_bytes())
    assert json_of("train", "--resume", resumed, "--epochs", 61)["epochs"] == 61
    assert "--missing" in refusal("train", "--resume", resumed, "--missing", "drop", status=2)


def test_the_test_file_is_matched_by_name(home: Path, tmp_path: Path) -> None:
    test = write(tmp_path / "test.csv", "label,b,color,extra,a", YES[:40], B[:40], COLOR[:40], C[:40], A[:40])
    arguments = ("--data", home / "mixed.csv", "--missing", "mean", "--epochs", 60)
    result = json_of("train", *arguments, "--test", test)
    assert result["examples"] == {"training": 150, "validation": 40}
    assert result["validation_accuracy"] > 0.9


def test_categories_cannot_be_exported_to_onnx(home: Path, tmp_path: Path) -> None:
    save = tmp_path / "mixed.onnx"
    line = refusal("export", "--model", home / "mixed.h5", "--save", save, status=1)
    assert line == "a model with categories or missing values cannot be exported to ONNX; use --save model.safetensors"
    assert not save.exists()
    succeed("export", "--model", home / "mixed.h5", "--save", tmp_path / "mixed.safetensors")
    vector = load_model(home / "mixed.h5").network.vector
    np.testing.assert_array_equal(from_safetensors(tmp_path / "mixed.safetensors").vector, vector)
    succeed("export", "--model", home / "mixed.h5", "--save", tmp_path / "small.h5")
    assert load_model(tmp_path / "small.h5").columns == load_model(home / "mixed.h5").columns


@pytest.mark.parametrize("option", [("--target", "2"), ("--missing", "mean"), ("--merge-case",)])
def test_options_of_tables_with_other_data(option: tuple[str, ...]) -> None:
    line = refusal("train", "--data", "moons", *option, status=2)
    assert line == f"{option[0]}: only for tables, such as .csv, not for moons"


def test_boundary_needs_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "color,a,label", COLOR, A, YES)
    model = trained(tmp_path / "m.h5", "--data", path)
    line = refusal("boundary", "--model", model, "--figure", tmp_path / "b.png", status=1)
    assert "boundary needs a network with two numeric inputs" in line


def test_the_help_of_target() -> None:
    words = PROGRAM.help_of("train")
    assert "--target NAME|NUMBER" in words
    assert "the one named label, class, target, species or y; otherwise the last" in words
