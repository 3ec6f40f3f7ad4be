"""Texts such as `momentum:beta=0.95`: what they make, and what they say when they cannot."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core import plugins, registry
from nn_core.errors import NNError, SettingError
from nn_core.lazy_import import Lazy
from nn_core.plugins import load_plugin
from nn_core.registry import Registry, UnknownNameError


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
    rate=st.floats(allow_nan=False, allow_infinity=False), count=st.integers(), mode=st.sampled_from(["soft", "hard"])
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
        ("knob:count=1.5", "thing 'knob': count must be an integer, not '1.5'"),
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


def test_an_unknown_name_is_both_a_setting_error_and_a_key_error() -> None:
    knobs: Registry[type] = Registry("knob", {"plain": Plain, "knob": Knob})
    with pytest.raises(UnknownNameError, match=r"^unknown knob 'knop'; did you mean 'knob'\?$"):
        knobs["knop"]
    assert issubclass(UnknownNameError, SettingError)
    assert knobs.get("knop") is None


def test_a_registry_is_a_mapping_that_parses_and_describes() -> None:
    knobs: Registry[type] = Registry("knob", {"plain": Plain, "knob": Knob})
    assert list(knobs) == ["plain", "knob"]
    assert len(knobs) == 2
    assert "plain" in knobs
    assert knobs.parse("knob:rate=2")() == Knob(rate=2.0)
    assert knobs.describe(Knob()) == "knob:rate=0.5,count=3,mode=soft"


def test_create_from_names_and_instances() -> None:
    knobs: Registry[type] = Registry("knob", {"knob": Knob}, aliases={"dial": "knob"}, foreign={"big-dial": "knob"})
    own = Knob(rate=3.0)
    assert knobs.create("dial:rate=2", Knob) == Knob(rate=2.0)
    assert knobs.create(own, Knob) is own
    for wrong, message in (
        (Knob, r"^Knob is a class; use Knob\(\)$"),
        (2, "^the knob is a name such as 'knob' or a Knob, not int$"),
        ("Big_Dial", "^unknown knob 'Big_Dial'; use 'knob'$"),
    ):
        with pytest.raises(SettingError, match=message):
            knobs.create(wrong, Knob)


def test_settings_with_default_none() -> None:
    @dataclass(frozen=True)
    class Loose:
        limit: float | None = None

    loose: Registry[type] = Registry("thing", {"loose": Loose})
    assert loose.parse("loose:limit=2")() == Loose(2.0)
    assert [loose.describe(Loose()), loose.describe(Loose(2.0))] == ["loose", "loose:limit=2.0"]


def test_lazy_entries_are_imported_when_they_are_looked_up() -> None:
    knobs: Registry[Any] = Registry("knob", {"far": Lazy("this_module.is_not_there", "Knob")})
    assert list(knobs) == ["far"]
    with pytest.raises(ModuleNotFoundError):
        knobs["far"]
    knobs = Registry("knob", {"near": Lazy("fractions", "Fraction")})
    assert knobs["near"] is Fraction
    assert knobs["near"] is Fraction


def test_classes_register_under_their_name_or_another() -> None:
    layers: Registry[Any] = Registry("layer")

    @layers.register
    class Twice:
        pass

    @layers.register("Thrice")
    class Other:
        pass

    assert layers["Twice"] is Twice
    assert layers["Thrice"] is Other
    optimizers: Registry[Any] = Registry("optimizer", kebab_case=True)

    @optimizers.register
    class LionWarm:
        pass

    @optimizers.register
    def sign_descent() -> None:
        pass

    assert dict(optimizers) == {"lion-warm": LionWarm, "sign-descent": sign_descent}


def test_a_name_that_is_taken() -> None:
    knobs: Registry[Any] = Registry("knob", {"knob": Knob, "far": Lazy("fractions", "Fraction")})
    with pytest.raises(SettingError, match=r"^the knob 'knob' is registered already, by .*Knob'>$"):
        knobs.register("knob")(Plain)
    with pytest.raises(SettingError, match=r"registered already, by fractions\.Fraction$"):
        knobs.register("far")(Plain)
    knobs.register("knob")(Knob)
    assert knobs.register("far")(Fraction) is knobs["far"] is Fraction


def test_entry_points_are_asked_only_for_unknown_names_and_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def entry_points(*, group: str) -> list[metadata.EntryPoint]:
        asked.append(group)
        return [metadata.EntryPoint("fraction", "fractions:Fraction", group)]

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    monkeypatch.setattr(registry, "installed_entry_points", lambda: "[nn_core.knobs]\nfraction = fractions:Fraction")
    knobs: Registry[Any] = Registry("knob", {"plain": Plain}, group="nn_core.knobs")
    assert knobs["plain"] is Plain
    assert asked == []
    assert knobs["fraction"] is Fraction
    assert list(knobs) == ["plain", "fraction"]
    assert "no such knob" not in knobs
    assert asked == ["nn_core.knobs"]
    taken: Registry[Any] = Registry("knob", {"fraction": Plain}, group="nn_core.knobs")
    with pytest.raises(SettingError, match="'fraction' is registered already"):
        len(taken)


def test_entry_points_of_installed_packages_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "knobs_of_mine-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: knobs-of-mine\nVersion: 1.0\n")
    info.joinpath("entry_points.txt").write_text("[nn_core.knobs]\nfraction = fractions:Fraction\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.installed_entry_points.cache_clear()
    try:
        knobs: Registry[Any] = Registry("knob", {"plain": Plain}, group="nn_core.knobs")
        assert list(knobs) == ["plain", "fraction"]
        assert knobs["fraction"] is Fraction
        assert list(Registry("nut", {"plain": Plain}, group="nn_core.nuts")) == ["plain"]
    finally:
        registry.installed_entry_points.cache_clear()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A plug-in in a file, forgotten again after the test."""
    monkeypatch.setattr(plugins, "loaded", [])
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "knobs_of_mine.py"
    path.write_text("from dataclasses import dataclass\n@dataclass\nclass Mine:\n    a: int = 1\n")
    before = set(sys.modules)
    yield path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_plugin_is_a_file_or_a_module(plugin: Path) -> None:
    from_file = load_plugin(str(plugin))
    assert load_plugin(str(plugin)) is from_file
    assert from_file.Mine(2) == from_file.Mine(2)
    assert load_plugin("knobs_of_mine").Mine().a == 1
    assert plugins.loaded == [str(plugin), "knobs_of_mine"]


def message_of(name: str) -> str:
    with pytest.raises(SettingError) as caught:
        load_plugin(name)
    assert "\n" not in str(caught.value)
    assert plugins.loaded == []
    return str(caught.value)


def test_plugins_that_are_not_there(plugin: Path) -> None:
    assert message_of("gone.py") == "plug-in 'gone.py': no such file"
    assert message_of("gone") == "plug-in 'gone': no such module; for a file, include the suffix: gone.py"
    assert message_of("knobs_of_mine.gone").endswith("no such module")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a = 1\nb = c\n", "cannot be imported: NameError: name 'c' is not defined ({}, line 2)"),
        ("a = 1\nb = (\n", "cannot be imported: SyntaxError: '(' was never closed ("),
        ("import this_is_not_there\n", "ModuleNotFoundError: No module named 'this_is_not_there'"),
        ("from nn_core.errors import SettingError\nraise SettingError('taken already')", ": taken already"),
    ],
)
def test_plugins_that_cannot_be_imported(plugin: Path, source: str, reason: str) -> None:
    plugin.write_text(source)
    for name in (str(plugin), "knobs_of_mine"):
        assert reason.format("knobs_of_mine.py") in message_of(name)


def test_two_plugins_of_one_name(plugin: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / plugin.name
    other.parent.mkdir()
    other.touch()
    load_plugin(str(other))
    with pytest.raises(SettingError, match="has the same name; rename one of them"):
        load_plugin(str(plugin))
