"""Names imported when they are first used."""

import inspect
import pkgutil
import pydoc
import re
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path
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


def test_the_first_script_of_help_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(nn_core) or ""
    lines = text.splitlines()
    start = lines.index("    import numpy as np")
    stop = next(index for index in range(start, len(lines)) if lines[index] and not lines[index].startswith("    "))
    names: dict[str, object] = {}
    exec(textwrap.dedent("\n".join(lines[start:stop])), names)  # noqa: S102
    assert (tmp_path / "model.h5").exists()


@pytest.mark.parametrize("name", sorted(set(nn_core.__all__) - {"__version__"}))
def test_help_names_every_export(name: str) -> None:
    assert re.search(rf"\b{name}\b", nn_core.__doc__ or ""), name


@pytest.mark.parametrize("package", [nn_core, nn_core.optim, nn_core.training, nn_core.batches, nn_core.losses])
def test_help_can_be_printed(package: ModuleType) -> None:
    assert package.__name__ in pydoc.render_doc(package)


def test_the_version_is_that_of_the_distribution() -> None:
    assert nn_core.__version__ == version("nn-core")


def test_every_module_is_an_attribute_and_listed() -> None:
    modules = {each.name for each in pkgutil.iter_modules(nn_core.__path__)}
    assert modules <= set(dir(nn_core))
    assert nn_core.losses.LOSSES is sys.modules["nn_core.losses"].LOSSES


def test_missing_extra_raises_attribute_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith(("nn_core.sklearn", "sklearn.")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delattr(nn_core, "sklearn", raising=False)
    assert not hasattr(nn_core, "sklearn")
    with pytest.raises(ImportError, match="sklearn"):
        exec("from nn_core import sklearn")  # noqa: S102
