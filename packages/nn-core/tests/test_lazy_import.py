"""Names imported when they are first used."""

import sys
from types import ModuleType

import pytest

import nn_core
from nn_core import layers
from nn_core.lazy_import import Lazy, lazy_attributes, lazy_names
from nn_core.testing import modules_loaded


def test_lazy_names_are_those_of_their_modules() -> None:
    assert lazy_names("package", {"a": "One Two", "b.c": "Three"}) == {
        "One": Lazy("package.a", "One"),
        "Two": Lazy("package.a", "Two"),
        "Three": Lazy("package.b.c", "Three"),
    }


def test_a_package_has_its_lazy_names(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("lazy_package")
    monkeypatch.setitem(sys.modules, "lazy_package", package)
    get, list_names = lazy_attributes("lazy_package", lazy_names("os", {"path": "join"}))
    assert get("join") is sys.modules["os.path"].join
    assert "join" in list_names()
    with pytest.raises(AttributeError, match=r"^lazy_package has no attribute 'jion'; did you mean 'join'\?$"):
        get("jion")


@pytest.mark.parametrize("package", [nn_core, layers])
def test_what_a_package_exports_is_there(package: ModuleType) -> None:
    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert getattr(package, name) is not None


def test_importing_the_package_imports_nothing_that_it_exports() -> None:
    loaded = modules_loaded("import nn_core")
    assert "numpy" not in loaded
    assert {name for name in loaded if name.startswith("nn_core")} == {"nn_core", "nn_core.lazy_import"}


def test_light_options_need_no_numpy() -> None:
    loaded = modules_loaded("import nn_core.cli.app, nn_core.cli.options, nn_core.cli.terminal")
    assert "numpy" not in loaded
