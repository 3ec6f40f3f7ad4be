"""Texts such as `momentum:beta=0.95`: what they make, and what they say when they cannot."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core import registry
from nn_core.errors import NNError, SettingError


@dataclass(frozen=True)
class Plain:
    """No settings at all."""


@dataclass(frozen=True)
class Knob:
    """One setting of each type."""

    rate: float = 0.5
    count: int = 3
    mode: str = "soft"


CHOICES: dict[str, Callable[..., Any]] = {"plain": Plain, "knob": Knob}


def parse(text: str) -> Any:
    return registry.parse(text, CHOICES, "thing")()


def test_a_name_alone_takes_every_default() -> None:
    assert parse("plain") == Plain()
    assert parse("knob") == parse("knob:") == Knob()


def test_settings_take_the_type_of_their_default() -> None:
    made = parse("knob:rate=2,count=7,mode=hard")
    assert made == Knob(2.0, 7, "hard")
    assert isinstance(made.rate, float)
    assert isinstance(made.count, int)


def test_spaces_and_the_order_do_not_matter() -> None:
    assert parse("  knob: count = 7 , rate = 1e-5 ") == Knob(rate=1e-5, count=7)


def test_parameters_without_a_default_are_left_to_the_caller() -> None:
    def draw(shape: int, *, scale: float = 1.0) -> float:
        return shape * scale

    assert registry.parse("draw:scale=2", {"draw": draw}, "thing")(3) == 6
    with pytest.raises(SettingError, match="no setting 'shape'"):
        registry.parse("draw:shape=2", {"draw": draw}, "thing")


@given(
    rate=st.floats(allow_nan=False, allow_infinity=False),
    count=st.integers(),
    mode=st.sampled_from(["soft", "hard"]),
)
def test_a_description_gives_the_same_thing_back(rate: float, count: int, mode: str) -> None:
    made = Knob(rate, count, mode)
    assert parse(registry.describe(made, CHOICES)) == made


def test_descriptions_spell_everything_out() -> None:
    assert registry.describe(Knob(), CHOICES) == "knob:rate=0.5,count=3,mode=soft"
    assert registry.describe(Plain(), CHOICES) == "plain"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("knop", "unknown thing 'knop'; did you mean 'knob'?"),
        ("KNOB", "unknown thing 'KNOB'; did you mean 'knob'?"),
        ("zzzzz", "unknown thing 'zzzzz'; choose from knob, plain"),
        ("", "unknown thing ''; choose from knob, plain"),
        ("knob:ratte=1", "thing 'knob' has no setting 'ratte'; did you mean 'rate'?"),
        ("knob:zzzz=1", "thing 'knob' has no setting 'zzzz'; choose from count, mode, rate"),
        ("plain:rate=1", "thing 'plain' has no setting 'rate'; it has none"),
        ("knob:rate", "thing 'knob': write the setting as rate=VALUE"),
        ("knob:rate=fast", "thing 'knob': rate must be a number, not 'fast'"),
        ("knob:rate=", "thing 'knob': rate must be a number, not ''"),
        ("knob:count=1.5", "thing 'knob': count must be a whole number, not '1.5'"),
        ("knob:rate=nan", "thing 'knob': rate must be finite, not 'nan'"),
        ("knob:rate=-inf", "thing 'knob': rate must be finite, not '-inf'"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(text)
    assert str(caught.value) == message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_require_says_what_is_wrong_and_only_then() -> None:
    registry.require(True, "never said")
    with pytest.raises(SettingError, match=r"^said$"):
        registry.require(False, "said")


def test_a_wrong_setting_is_also_a_value_error() -> None:
    assert issubclass(SettingError, ValueError)
    assert issubclass(SettingError, NNError)
