"""Mean and spread over folds, by hand; what cross-validation prints, refuses and keeps."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import click
import pytest
from toy_runs import STEPS_PER_EPOCH, before_update, build, press_ctrl_c, settings_of

from nn_core.cli.cross_validation import CrossValidation, cross_validate
from nn_core.cli.settings import Settings
from nn_core.errors import DivergenceError
from nn_core.training.trainer import Trainer

BY_HAND = CrossValidation(
    "moons",
    "2-16-1 network",
    (
        {"loss": 0.1, "accuracy": 0.9, "roc_auc": 1.0, "baseline_accuracy": 0.5},
        {"loss": 0.2, "accuracy": 0.8, "roc_auc": math.nan, "baseline_accuracy": 0.5},
        {"loss": 0.6, "accuracy": 1.0, "roc_auc": 0.5, "baseline_accuracy": 0.8},
    ),
)


def test_the_report_has_a_line_per_fold_and_their_mean_and_standard_deviation() -> None:
    """Loss: mean 0.3, deviations -0.2, -0.1, 0.3: sqrt(0.14 / 2) = 0.2646."""
    assert BY_HAND.report().splitlines() == [
        "moons: 3-fold cross-validation, 2-16-1 network",
        "fold              loss         accuracy  ROC AUC",
        "1/3                0.1           90.00%        1",
        "2/3                0.2           80.00%        -",
        "3/3                0.6          100.00%      0.5",
        "mean ± std  0.3 ± 0.26  90.00% ± 10.00%        -",
        "accuracy of the majority-class baseline: 60.00%",
    ]


def test_the_json_has_all_metrics() -> None:
    found = BY_HAND.to_dict()
    assert found["folds"][2] == {"fold": "3/3", **BY_HAND.scores[2]}
    assert found["mean"]["loss"] == pytest.approx(0.3)
    assert found["standard_deviation"]["loss"] == pytest.approx(math.sqrt(0.07))
    assert math.isnan(found["mean"]["roc_auc"])
    assert found["mean"].keys() == found["standard_deviation"].keys() == BY_HAND.scores[0].keys()


@dataclass
class FoldSetup:
    trainer: Trainer
    source: str = "toy"
    network: str = "3-6-1 network"
    fingerprint: str = ""

    def details(self) -> dict[str, Any]:
        return {}

    def result(self) -> dict[str, Any]:
        return {"loss": self.trainer.state.history.columns["validation_loss"][-1]}

    def scores(self, result: Any) -> Any:
        return result

    def report(self, result: Any) -> str:
        raise AssertionError("the folds have no reports of their own")


def set_up(change: Callable[[Trainer, str | None], None] = lambda trainer, fold: None) -> Any:
    def of_fold(settings: Settings) -> FoldSetup:
        trainer = build(replace(settings, seed=int(str(settings.fold)[0])))
        change(trainer, settings.fold)
        return FoldSetup(trainer)

    return of_fold


def test_each_fold_is_the_run_that_it_is_alone() -> None:
    found = cross_validate(settings_of(), 3, set_up(), "toy")
    alone = [build(settings_of(seed=seed)) for seed in (1, 2, 3)]
    expected = [trainer.run().columns["validation_loss"][-1] for trainer in alone]
    assert found.column("loss") == expected


def test_progress_names_the_fold(capsys: pytest.CaptureFixture[str]) -> None:
    cross_validate(settings_of(epochs=1), 2, set_up(), "toy")
    starts = [line.split("  ")[0] for line in capsys.readouterr().err.splitlines()]
    assert starts == ["fold 1/2, epoch 1/1", "fold 2/2, epoch 1/1"]


def test_ctrl_c_in_the_middle_names_step_and_fold() -> None:
    def interrupt(trainer: Trainer, fold: str | None) -> None:
        if fold == "2/3":
            before_update(trainer, STEPS_PER_EPOCH + 1, press_ctrl_c)

    with pytest.raises(click.ClickException, match=r"^interrupted after step 6 \(epoch 2\) of fold 2/3$"):
        cross_validate(settings_of(), 3, set_up(interrupt), "toy")


def test_a_fold_that_diverges_is_named() -> None:
    with pytest.raises(DivergenceError, match=r"^fold 1/2: .*rate"):
        cross_validate(settings_of(learning_rate=1e30), 2, set_up(), "toy")
