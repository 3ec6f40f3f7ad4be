"""Real-valued targets in every command."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from command_line import invoke, json_of, refusal, succeed, trained

from deep_nn.datasets.generated import GENERATED, moons
from deep_nn.model import load_model
from deep_nn.target_scale import TargetScale, fit_target
from nn_core.cli.dataset import Dataset
from nn_core.errors import DataError
from nn_core.testing import assert_same_run, save_unchecked, write_hdf5


def prices(points: int = 200, shift: float = 0.0, *, rng: np.random.Generator) -> Dataset[Any]:
    """Prices about 250,000 that two columns determine, up to noise of 10,000."""
    x = rng.uniform(-2, 2, (points, 2))
    y = 250_000 + 80_000 * np.sin(x[:, 0]) + 50_000 * x[:, 1] + 10_000 * rng.standard_normal(points)
    return Dataset("prices", x, y + shift, ())


@pytest.fixture(scope="module", autouse=True)
def _generated() -> Any:
    GENERATED["prices"] = prices  # type: ignore[index]
    yield
    del GENERATED["prices"]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def model(_generated: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("regression") / "prices.h5"
    return trained(path, "--data", "prices", "--hidden", "8", "--epochs", 60, "--learning-rate", 0.03)


def test_the_error_is_in_the_units_of_the_target(model: Path) -> None:
    found = json_of("evaluate", "--model", model)
    assert 8_000 < found["root_mean_squared_error"] < 30_000
    assert found["mean_absolute_error"] < found["root_mean_squared_error"]
    assert found["r2"] > 0.9
    assert found["baseline_root_mean_squared_error"] > 50_000
    assert found["baseline_r2"] == pytest.approx(0, abs=0.2)
    assert (found["examples"], found["data"]) == (40, "prices, held out")
    target = load_model(model).target
    assert target is not None
    # On standardized targets, the loss is the squared error in standard deviations.
    assert found["loss"] == pytest.approx((found["root_mean_squared_error"] / target.std) ** 2)


def test_the_result_of_train_is_that_of_evaluate(model: Path, tmp_path: Path) -> None:
    options = ("--data", "prices", "--hidden", "4", "--epochs", 2, "--save", tmp_path / "m.h5")
    result = json_of("train", *options, "--log", tmp_path / "log.jsonl")
    logged = json.loads((tmp_path / "log.jsonl").read_text("utf-8").splitlines()[-1])
    for part in ("training", "validation"):
        name = f"{part}_root_mean_squared_error"
        assert logged[name] == pytest.approx(result[name], rel=1e-6)
    found = json_of("evaluate", "--model", tmp_path / "m.h5")
    for name in ("loss", "root_mean_squared_error", "mean_absolute_error", "r2", "baseline_r2"):
        assert result[f"validation_{name}"] == pytest.approx(found[name], rel=1e-6)
    assert result["target"] == found["target"]
    assert "validation_accuracy" not in result
    assert load_model(tmp_path / "m.h5").network.output_shape == (1,)


def test_the_predictions_are_the_standardized_outputs_in_units(model: Path) -> None:
    loaded = load_model(model)
    x = np.array([[0.0, 0.0], [1.0, -1.0]])
    assert loaded.target is not None
    expected = loaded.target.mean + loaded.target.std * loaded.logits(x, "x")[:, 0].astype(np.float64)
    np.testing.assert_array_equal(loaded.values(x, "x"), expected)
    assert abs(expected[0] - 250_000) < 30_000


def test_predictions_in_units(model: Path, tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("0.5,0.5\n-1,2\n", "utf-8")
    values = load_model(model).values(np.array([[0.5, 0.5], [-1.0, 2.0]]), "x").tolist()
    found = json_of("predict", "--model", model, data)
    assert found == [{"file": str(data), "row": row, "value": value} for row, value in enumerate(values, start=1)]
    text = succeed("predict", "--model", model, data).stdout.splitlines()
    assert text[0].split() == [str(data), "row", "1", f"{values[0]:,.6g}"]
    succeed("predict", "--model", model, data, "--output", tmp_path / "p.csv")
    lines = (tmp_path / "p.csv").read_text("utf-8").splitlines()
    assert lines == ["row,prediction", *(f"{row},{value:.9g}" for row, value in enumerate(values, start=1))]
    line = refusal("predict", "--model", model, data, "--proba", status=2)
    assert line.startswith("--proba is for classes; the model predicts a number")


def test_the_report(model: Path) -> None:
    lines = succeed("train", "--data", "prices", "--hidden", "4", "--epochs", 30).stdout.splitlines()
    assert lines[0] == "prices; validation: 0.2 of the examples held out"
    assert lines[1] == "2-4-1 network, 17 parameters"
    assert lines[3].startswith("target: target (mean 2")
    assert lines[4].split() == ["examples", "loss", "RMSE", "MAE", "R2"]
    assert [line.split()[0] for line in lines[5:8]] == ["training", "validation", "always"]
    lines = succeed("evaluate", "--model", model).stdout.splitlines()
    assert lines[0] == "prices, held out, target: target"
    assert [line.split()[0] for line in lines[2:]] == ["model", "always"]


def test_a_network_no_better_than_the_mean_is_named() -> None:
    zeros = ("--initializer", "zeros", "--hidden", "4", "--epochs", 1, "--learning-rate", 1e-12)
    report = succeed("train", "--data", "prices", *zeros).stdout
    assert "is no better than always predicting the mean (" in report


def test_figures_have_units(model: Path, tmp_path: Path) -> None:
    succeed("evaluate", "--model", model, "--figure", tmp_path / "p.svg")
    drawn = (tmp_path / "p.svg").read_text("utf-8")
    for text in ("true target", "predicted target", "predicted = true", "RMSE"):
        assert text in drawn
    curves = ("--epochs", 2, "--figure", tmp_path / "c.svg")
    succeed("train", "--data", "prices", *curves)
    drawn = (tmp_path / "c.svg").read_text("utf-8")
    assert "root mean squared error (units of target)" in drawn
    assert "mean squared error (standardized target)" in drawn


def test_onnx_gives_the_value_in_its_units(model: Path, tmp_path: Path) -> None:
    save = tmp_path / "prices.onnx"
    result = json_of("export", "--model", model, "--save", save)
    assert result["outputs"] == [{"name": "output", "type": "float64", "shape": ["N", 1]}]
    x = np.array([[0.5, 0.5], [-1.0, 2.0]])
    session = onnxruntime.InferenceSession(save)
    (found,) = session.run(["output"], {"input": x})
    np.testing.assert_allclose(found[:, 0], load_model(model).values(x, "x"), rtol=1e-6)
    assert session.get_modelmeta().custom_metadata_map["target"] == "target"


def test_a_run_resumes_with_the_same_bits(tmp_path: Path) -> None:
    options = ("--data", "prices", "--hidden", "4")
    whole = trained(tmp_path / "whole.h5", *options, "--epochs", 4)
    part = trained(tmp_path / "part.h5", *options, "--epochs", 2)
    succeed("train", "--resume", part, "--epochs", 4)
    assert_same_run(whole, part)


def test_a_new_run_from_a_model_keeps_its_target(model: Path, tmp_path: Path) -> None:
    new = ("--data", "prices:points=90,shift=5000", "--epochs", 1, "--save", tmp_path / "m.h5")
    result = invoke("train", "--from", model, *new)
    assert result.exit_code == 0, result.stderr
    assert load_model(tmp_path / "m.h5").target == load_model(model).target


def test_folds_and_comparisons(tmp_path: Path) -> None:
    options = ("--data", "prices:points=60", "--hidden", "4", "--epochs", 2)
    folds = json_of("train", *options, "--cross-validate", 3)["folds"]
    assert all(fold["root_mean_squared_error"] > 0 for fold in folds)
    figure = ("--figure", tmp_path / "f.svg", "--seeds", 1)
    report = succeed("compare-l2", "0", *options, *figure).stdout
    assert "validation loss" in report.splitlines()[0]
    assert "nats" not in (tmp_path / "f.svg").read_text("utf-8")


def test_what_is_for_classes_is_refused(model: Path, tmp_path: Path) -> None:
    line = refusal("boundary", "--model", model, "--figure", tmp_path / "b.png", status=1)
    assert "predicts a number" in line
    assert "moons: class names, but the model predicts numbers" in refusal(
        "evaluate", "--model", model, "--data", "moons", status=1
    )
    weighted = ("--class-weight", "balanced")
    line = refusal("train", "--data", "prices", *weighted, status=2)
    assert line == "--class-weight is for classes; the target is a number"
    classes = trained(tmp_path / "moons.h5")
    assert "real-valued targets, but the model has classes" in refusal(
        "evaluate", "--model", classes, "--data", "prices", status=1
    )


def test_the_summary_shows_the_target(model: Path) -> None:
    assert json_of("summary", "--model", model)["target"]["name"] == "target"
    assert "\ntarget: target (mean 2" in succeed("summary", "--model", model).stdout


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([5.0] * 10, "all 10 targets are 5; there is nothing to predict"),
        ([1.0] * 9 + [np.nan], "target nan at example "),
        ([1e308, -1e308] * 5, "the target cannot be standardized: mean 0, standard deviation inf"),
    ],
)
def test_targets_that_are_refused(monkeypatch: pytest.MonkeyPatch, y: list[float], message: str) -> None:
    def given(*, rng: np.random.Generator) -> Dataset[Any]:
        return Dataset("given", moons(len(y), rng=rng).x, np.array(y), ())

    monkeypatch.setitem(GENERATED, "given", given)  # type: ignore[arg-type]
    line = refusal("train", "--data", "given", "--validation", 0, status=1)
    assert line.startswith("given: ")
    assert message in line


def houses(path: Path, values: Any) -> Path:
    """A table of 100 houses with a numeric and a category column, and a column to predict."""
    rng = np.random.default_rng(0)
    area, place = rng.uniform(40, 200, 100), rng.choice(["north", "south"], 100)
    rows = zip(area.tolist(), place.tolist(), values(area, place).tolist(), strict=True)
    lines = ["area,place,price", *(f"{a:.1f},{p},{y}" for a, p, y in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def in_dollars(area: Any, place: Any) -> Any:
    return (100 * np.round(15 * area + 500 * (place == "north"))).astype(int)


class TestFiles:
    def test_whole_dollars_in_a_table_are_numbers(self, tmp_path: Path) -> None:
        data = houses(tmp_path / "houses.csv", in_dollars)
        save = ("--save", tmp_path / "m.h5")
        result = invoke("train", "--data", data, "--epochs", 100, "--learning-rate", 0.03, *save)
        assert result.exit_code == 0, result.stderr
        assert f"Note: {data}: column 'price' is predicted as a number" in result.stderr
        assert "\ntarget: price (mean 2" in result.stdout
        found = json_of("evaluate", "--model", tmp_path / "m.h5", "--data", data)
        assert found["r2"] > 0.9
        assert found["target"]["name"] == "price"
        (tmp_path / "new.csv").write_text("place,area\nnorth,100\nsouth,100\n", "utf-8")
        north, south = json_of("predict", "--model", tmp_path / "m.h5", tmp_path / "new.csv")
        assert 0 < north["value"] - south["value"] < 120_000

    def test_fractions_are_numbers(self, tmp_path: Path) -> None:
        data = houses(tmp_path / "rates.csv", lambda area, place: np.round(area / 300, 2))
        result = invoke("train", "--data", data, "--epochs", 1, "--json")
        assert json.loads(result.stdout)["target"]["name"] == "price"

    @pytest.mark.parametrize("suffix", [".npz", ".h5"])
    def test_arrays(self, tmp_path: Path, suffix: str) -> None:
        x = np.random.default_rng(0).normal(size=(80, 2))
        path, save = tmp_path / f"arrays{suffix}", ("--save", tmp_path / "m.h5")
        if suffix == ".npz":
            np.savez(path, x=x, y=x[:, :1])
        else:
            write_hdf5(path, train_set_x=x, train_set_y=x[:, 0])
        result = invoke("train", "--data", path, "--epochs", 40, "--learning-rate", 0.03, *save)
        assert result.exit_code == 0, result.stderr
        assert f"Note: {path}: y holds fractions; predicting a number" in result.stderr
        assert json_of("evaluate", "--model", tmp_path / "m.h5", "--data", path)["r2"] > 0.9
        assert "label 0.1" in refusal("train", "--data", path, "--task", "classify", status=1)

    def test_few_whole_numbers_are_numbers_on_request(self, tmp_path: Path) -> None:
        x = np.arange(60.0)[:, None]
        np.savez(tmp_path / "stars.npz", x=x, y=1 + np.arange(60) // 12)
        data = ("--data", tmp_path / "stars.npz", "--epochs", 1)
        assert "target" not in json_of("train", *data, "--task", "classify")
        assert json_of("train", *data, "--task", "regress")["target"]["name"] == "target"
        line = refusal("train", "--task", "regress", status=2)
        assert line == "--task regress: moons has classes, not numbers"


@pytest.mark.parametrize(
    "target",
    [
        [],
        3,
        {},
        {"name": "a", "mean": 0.0, "std": 0.0},
        {"name": "a", "mean": None, "std": 1.0},
        {"name": 1, "mean": 0.0},
    ],
)
def test_a_damaged_target_is_one_line(model: Path, tmp_path: Path, target: object) -> None:
    loaded = load_model(model).checkpoint
    path = tmp_path / "m.h5"
    save_unchecked(path, loaded.network, program="deep-nn", details={**loaded.details, "target": target})
    assert f"{path}" in refusal("evaluate", "--model", path, "--data", "prices", status=1)


def test_large_and_small_targets_keep_their_digits() -> None:
    for mean, std in ((1.7e9, 1.0), (1e-12, 1e-14), (-3e30, 1e28)):
        y = mean + std * np.array([-1.0, 0.0, 1.0])
        scale = fit_target(Dataset("y", np.zeros((3, 1)), y, ()))
        standardized = scale.standardize(y, "y")
        np.testing.assert_allclose(standardized, np.sqrt([1.5, 0, 1.5]) * [-1, 1, 1], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(scale.restore(standardized[:, None].astype(np.float32)), y, rtol=1e-7)
    with pytest.raises(DataError, match="a target is too far from the training data"):
        TargetScale("y", 0.0, 1e-300).standardize(np.array([1e300]), "y")
