"""The history against lists kept by hand."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import SettingError
from nn_core.training.history import History, Mode

values = st.floats(allow_infinity=False) | st.just(math.nan)


def test_an_empty_history_has_no_rows_and_no_best() -> None:
    history = History()
    assert len(history) == 0
    assert history.columns == {}
    assert history.step_loss == []
    assert history.best("training_loss") == -1


def test_a_row_comes_back_as_it_was_put_in() -> None:
    history = History()
    history.append({"epoch": 1, "training_loss": 0.5})
    history.append({"epoch": 2, "training_loss": 0.25})
    assert len(history) == 2
    assert history.row(0) == {"epoch": 1, "training_loss": 0.5}
    assert history.row(1) == {"epoch": 2, "training_loss": 0.25}


def test_what_an_epoch_did_not_measure_is_nan() -> None:
    history = History()
    history.append({"a": 1.0})
    history.append({"b": 2.0})
    history.append({"a": 3.0, "b": 4.0})
    np.testing.assert_equal(history.columns, {"a": [1.0, math.nan, 3.0], "b": [math.nan, 2.0, 4.0]})


def test_the_best_of_equals_is_the_first() -> None:
    history = History({"loss": [3.0, 1.0, 2.0, 1.0], "accuracy": [0.5, 0.9, 0.9, 0.1]})
    assert history.best("loss") == 1
    assert history.best("accuracy", "max") == 1
    assert History().best("nothing") == -1
    with pytest.raises(KeyError, match="unknown column 'nothing'; the history has loss, accuracy"):
        history.best("nothing")
    assert list(history) == ["loss", "accuracy"]


@given(column=st.lists(values, min_size=1), mode=st.sampled_from(["min", "max"]))
def test_the_best_is_the_extreme_of_what_was_measured(column: list[float], mode: Mode) -> None:
    best = History({"metric": column}).best("metric", mode)
    if np.isnan(column).all():
        assert best == -1
    else:
        assert best == (np.nanargmax(column) if mode == "max" else np.nanargmin(column))


@pytest.mark.parametrize(("mode", "best"), [("max", 0), ("min", 3)])
def test_an_infinite_value_can_be_ranked(mode: Mode, best: int) -> None:
    history = History({"loss": [math.inf, math.nan, 1.0, -math.inf]})
    assert history.best("loss", mode) == best


def test_the_best_follows_a_history_that_grows() -> None:
    history = History()
    for loss, best in [(2.0, 0), (3.0, 0), (1.0, 2), (1.0, 2)]:
        history.append({"loss": loss})
        assert history.best("loss") == best


def test_a_copy_is_equal_and_apart() -> None:
    history = History({"loss": [1.0]}, [0.5])
    copy = history.copy()
    assert copy == history
    history.append({"loss": 2.0})
    history.step_loss.append(0.25)
    assert copy == History({"loss": [1.0]}, [0.5])


def test_columns_by_name() -> None:
    history = History({"epoch": [1.0], "training_loss": [0.5], "validation_accuracy": [0.75]})
    assert history["loss"] == history["training_loss"] == [0.5]
    assert history["validation_accuracy"] == [0.75]
    assert ("loss" in history, "accuracy" in history, 0 in history) == (True, False, False)
    assert dict(history) == history.columns
    assert history.best("loss") == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("val_loss", "unknown column 'val_loss'; use history['validation_loss']"),
        ("los", "unknown column 'los'; the history has epoch, training_loss, validation_loss"),
        (0, "unknown column 0; the history has epoch, training_loss, validation_loss"),
    ],
)
def test_an_unknown_column_is_one_line(name: Any, message: str) -> None:
    with pytest.raises(KeyError) as caught:
        History({"epoch": [1.0], "training_loss": [0.5], "validation_loss": [0.6]})[name]
    assert str(caught.value) == message
    assert isinstance(caught.value, SettingError)


def test_empty_history() -> None:
    with pytest.raises(SettingError, match="no epoch has finished yet"):
        History()["loss"]
    with pytest.raises(SettingError, match="no epoch has finished yet"):
        History().plot()


def test_repr() -> None:
    assert repr(History()) == "History(0 epochs)"
    assert repr(History({"training_loss": [0.31251]})) == "History(1 epoch: loss 0.3125)"
    both = History({"training_loss": [1.0, 0.5], "validation_loss": [1.0, 0.75]})
    assert repr(both) == "History(2 epochs: loss 0.5, validation_loss 0.75)"
