"""Error messages for wrong arguments and unknown names."""

import copy
import inspect
import pickle
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nn_core
from nn_core import losses
from nn_core.errors import ArgumentError, SettingError
from nn_core.foreign.attributes import ATTRIBUTES
from nn_core.foreign.layer_arguments import LAYER_ARGUMENTS, POSITIONS
from nn_core.foreign.messages import closest
from nn_core.foreign.names import NAMES
from nn_core.foreign.training_arguments import TRAINING_ARGUMENTS
from nn_core.hints import HelpfulErrors, checked_call
from nn_core.layers import Pooling, Recurrent
from nn_core.sklearn.estimator import NetworkEstimator
from nn_core.source_code import as_code, call

ARGUMENTS = LAYER_ARGUMENTS | TRAINING_ARGUMENTS
BASES = {"NetworkEstimator": NetworkEstimator, "Pooling": Pooling, "Recurrent": Recurrent}


@dataclass(frozen=True)
class Box(HelpfulErrors):
    """A class with two arguments."""

    units: int
    color: str = "red"


class Bag(HelpfulErrors):
    """A class that takes any arguments."""

    def __init__(self, *things: Any, **named: Any) -> None:
        self.things, self.named = things, named


def pack(x: Any, y: Any = None, *, copies: int) -> tuple[Any, Any, int]:
    """A function with a required keyword-only argument."""
    return x, y, copies


def refusal(cls: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(ArgumentError) as refused:
        cls(*args, **kwargs)
    assert isinstance(refused.value, SettingError)
    assert isinstance(refused.value, TypeError)
    return str(refused.value)


def test_unknown_argument_suggests_the_closest() -> None:
    assert refusal(Box, 8, colour="red") == "Box has no argument 'colour'; use Box(8, color='red')"
    assert refusal(Box, unit=8) == "Box has no argument 'unit'; use Box(units=8)"
    assert refusal(Box, 8, weight=3) == "Box has no argument 'weight'; it has units, color"


def test_suggestion_is_not_an_argument_already_given() -> None:
    assert refusal(Box, 8, color="red", colour="blue") == "Box has no argument 'colour'; it has units, color"
    assert refusal(Box, 8, unit=9) == "Box has no argument 'unit'; it has units, color"


def test_too_many_arguments_and_missing_ones() -> None:
    assert refusal(Box, 8, "red", 3) == "Box takes at most 2 arguments: Box(8, 'red')"
    assert refusal(Box) == "Box requires units: Box(8)"
    assert refusal(Box, color="blue") == "Box requires units: Box(units=8, color='blue')"


def test_integer_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Box(8.0).units == 8.0  # type: ignore[arg-type]  # a user's class may mean anything by it
    monkeypatch.setattr(Box, "__module__", "nn_core.box")
    assert refusal(Box, 8.0) == "Box: units must be an integer, not 8.0; use Box(8)"
    assert (
        refusal(Box, units="12", color="red")
        == "Box: units must be an integer, not '12'; use Box(units=12, color='red')"
    )
    assert Box(np.int64(3)).units == 3  # type: ignore[arg-type]


def test_a_class_that_takes_anything_is_not_checked() -> None:
    assert Bag(1, 2, x=3).named == {"x": 3}


def test_copies_and_pickles_need_no_arguments() -> None:
    box = Box(3, "blue")
    assert copy.copy(box) == copy.deepcopy(box) == box
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(box, protocol)) == box


def test_a_function_is_checked_and_keeps_its_signature() -> None:
    checked = checked_call(pack)
    assert checked(1, copies=2) == (1, None, 2)
    assert inspect.signature(checked) == inspect.signature(pack)
    assert refusal(checked, 1) == "pack requires copies: pack(1, copies=copies)"
    assert refusal(checked, 1, 2, 3) == "pack takes its other arguments by keyword: pack(1, 2, copies=3)"
    assert refusal(checked, 1, copie=2) == "pack has no argument 'copie'; use pack(1, copies=2)"


def test_long_values_and_arrays_are_named() -> None:
    assert call("f", [np.zeros(3), "a" * 100, 1], {"z": [0] * 100, "t": int}, ["x", "y"]) == "f(x, y, 1, z=z, t=int)"
    assert as_code(object()) == "..."


def test_the_closest_name_disregards_case() -> None:
    assert closest("relu", ["ReLU", "GELU"]) == "ReLU"
    assert closest("xyz", ["ReLU"]) is None


def test_unknown_names_of_a_module() -> None:
    with pytest.raises(AttributeError, match=r"^nn_core.losses has no attribute 'MSELoss'; use MeanSquaredError"):
        _ = losses.MSELoss  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match=r"^nn_core.losses has no attribute 'MSELoss'; use MeanSquaredError"):
        exec("from nn_core.losses import MSELoss")  # noqa: S102
    assert not hasattr(losses, "__wrapped__")
    assert not hasattr(losses, "MSELoss")


def test_foreign_attributes_are_absent_and_unlisted() -> None:
    network = nn_core.Network([nn_core.Dense(2)], input_shape=(4,), seed=0)
    assert not hasattr(network, "state_dict")
    assert "state_dict" not in {*dir(network), *dir(nn_core.Network)}
    assert {"params", "vector", "freeze"} <= {*dir(network)}


def test_custom_layer_may_define_foreign_attributes() -> None:
    @dataclass(frozen=True)
    class Own(nn_core.ReLU):
        kernel: int = 3

    assert Own().kernel == 3
    assert Own(kernel=5).kernel == 5


@pytest.mark.parametrize("name", ARGUMENTS)
def test_advice_suggests_existing_arguments(name: str) -> None:
    title, _, method = name.partition(".")
    cls = BASES.get(title) or getattr(nn_core, title)
    function = getattr(cls, method) if method else cls.__init__  # type: ignore[misc]
    known = set(inspect.signature(function).parameters)
    if title not in {"Layer", "Optimizer", "Recurrent", "Pooling"}:  # their arguments are those of subclasses too
        assert not known & ARGUMENTS[name].keys()
        assert {advice[1:] for advice in ARGUMENTS[name].values() if str(advice).startswith("=")} <= known  # type: ignore[index]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_advice_is_for_missing_attributes(name: str) -> None:
    cls = getattr(nn_core, name) if name != "Checkpoint" else nn_core.checkpoint.Checkpoint
    assert not [attribute for attribute in ATTRIBUTES[name] if hasattr(cls, attribute)]


def test_advice_is_for_missing_names() -> None:
    assert not NAMES.keys() & {*nn_core.__all__, *sys.modules["nn_core.layers"].__all__}
    assert all(hasattr(nn_core, title) or title in BASES for title in POSITIONS)
