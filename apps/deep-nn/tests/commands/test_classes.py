"""What `train` and `evaluate` say of classes, and `--class-weight`."""

import math
from pathlib import Path

import numpy as np
import pytest
from command_line import SIDES, json_of, refusal, succeed, trained, write_csv

from deep_nn.model import load_model
from nn_core.testing import assert_same_run


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """970 rows "ok" and 30 "fraud", whose clusters overlap."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(970, 2)), rng.normal(size=(30, 2)) + 1.5])
    labels = ["ok"] * 970 + ["fraud"] * 30
    path = tmp_path_factory.mktemp("payments") / "payments.csv"
    rows = [f"{a:.4f},{b:.4f},{label}" for (a, b), label in zip(x.tolist(), labels, strict=True)]
    path.write_text("\n".join(["a,b,label", *rows]) + "\n", "utf-8")
    return path


TRAIN = ("train", "--hidden", "8", "--epochs", 20, "--validation", "0.5")


def test_classes_are_listed_with_their_counts(payments: Path) -> None:
    result = json_of(*TRAIN, "--data", payments)
    fraud, ok = result["classes"]["fraud"], result["classes"]["ok"]
    assert (fraud["training"], fraud["validation"], ok["training"], ok["validation"]) == (15, 15, 485, 485)
    assert (result["baseline_class"], result["positive_class"]) == ("ok", "fraud")
    assert result["training_baseline_accuracy"] == result["validation_baseline_accuracy"] == 0.97
    lines = succeed(*TRAIN, "--data", payments).stdout.splitlines()
    assert lines[3].split("  ")[-1].strip() == "always 'ok'"
    assert next(line.split() for line in lines if line.startswith("fraud"))[:3] == ["fraud", "15", "15"]


def test_a_network_no_better_than_the_majority_class_is_named(payments: Path) -> None:
    zeros = ("--initializer", "zeros", "--epochs", 1)
    report = succeed(*TRAIN, *zeros, "--data", payments).stdout
    assert "Note: accuracy 97.00% is no better than always 'ok' (97.00%)" in report
    assert "Note" not in succeed("train", "--epochs", 20).stdout


def test_balanced_weights_find_more_of_the_rare_class(payments: Path, tmp_path: Path) -> None:
    plain = json_of(*TRAIN, "--data", payments)
    save = ("--save", tmp_path / "m.h5")
    balanced = json_of(*TRAIN, "--data", payments, "--class-weight", "balanced", *save)
    recalls = [result["classes"]["fraud"]["recall"] for result in (plain, balanced)]
    assert recalls[0] < 0.5 < recalls[1]
    assert load_model(tmp_path / "m.h5").settings.class_weight == "balanced"
    found = json_of("evaluate", "--model", tmp_path / "m.h5")
    assert found["classes"]["fraud"]["recall"] == recalls[1]
    assert found["average_precision"] == balanced["validation_average_precision"]


def test_balanced_is_the_same_as_weights_by_name(payments: Path, tmp_path: Path) -> None:
    runs = {}
    for name, weight in {"balanced": "balanced", "named": f"fraud={500 / 30!r}, ok={500 / 970!r}"}.items():
        path = tmp_path / f"{name}.h5"
        succeed(*TRAIN, "--data", payments, "--class-weight", weight, "--dtype", "float64", "--save", path)
        runs[name] = load_model(path).network.vector
    np.testing.assert_allclose(runs["balanced"], runs["named"], rtol=1e-9)


def test_a_weighted_run_resumes_with_the_same_bits(payments: Path, tmp_path: Path) -> None:
    options = ("--data", payments, "--hidden", "4", "--class-weight", "fraud=5")
    whole = trained(tmp_path / "whole.h5", *options, "--epochs", 4)
    part = trained(tmp_path / "part.h5", *options, "--epochs", 2)
    succeed("train", "--resume", part, "--epochs", 4)
    assert_same_run(whole, part)
    line = refusal("train", "--resume", part, "--class-weight", "balanced", status=2)
    assert "--class-weight is fraud=5 in the run to resume" in line


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("froud=2", "no class is named 'froud'; the classes are '0', '1'"),
        ("1=-2", "class weights are balanced, or NAME=NUMBER,... such as fraud=10, not '1=-2'"),
        ("even", "class weights are balanced, or NAME=NUMBER"),
        ("1=2,1=3", "class '1' has two weights"),
        ("0=0,1=0", "class_weight is zero for all classes"),
    ],
)
def test_weights_that_are_refused(tmp_path: Path, weight: str, message: str) -> None:
    data = write_csv(tmp_path / "sides.csv", SIDES)
    assert message in refusal("train", "--data", data, "--class-weight", weight, status=2)


def test_comparisons_take_class_weights(payments: Path, tmp_path: Path) -> None:
    options = ("--data", payments, "--class-weight", "balanced", "--epochs", 2, "--seeds", 1)
    figure = ("--figure", tmp_path / "f.png")
    (trial,) = json_of("compare-l2", "0", *options, *figure)["trials"]
    # Before the first step, both classes weigh the same: the loss is near ln 2 whatever the counts.
    assert trial["final_loss"] < 1 < 3 * math.log(2)
