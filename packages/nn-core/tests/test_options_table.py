"""docs/options.md: the same thing has one name in all programs, and the page is that of the commands."""

import importlib.util
from pathlib import Path
from types import ModuleType

import click
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "options_table.py"
pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the table is of all programs of the workspace")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that writes the page, which finds the programs."""
    for source in SCRIPT.parents[1].glob("apps/*/src"):
        monkeypatch.syspath_prepend(source)
    spec = importlib.util.spec_from_file_location("options_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script: ModuleType) -> None:
    assert script.page() == script.PAGE.read_text("utf-8"), "run nox -s options"


def test_an_option_in_no_row_is_found(script: ModuleType) -> None:
    main = click.Group("toy", params=[click.Option(["--dataset"])])
    with pytest.raises(ValueError, match=r"each to what it stands for: --dataset of toy , parameter 'dataset'"):
        script.table(list(script.uses("toy", main)))


@pytest.mark.parametrize("other", [click.Option(["--corpus", "data"]), click.Argument(["data"])])
def test_a_thing_with_two_names_is_found(script: ModuleType, other: click.Parameter) -> None:
    main = click.Group("toy", params=[click.Option(["--data"])], commands=[click.Command("train", params=[other])])
    with pytest.raises(ValueError, match=r"two names for the training data.*: --data \(toy \) and \S+ \(toy train\)"):
        script.table(list(script.uses("toy", main)))


def test_an_empty_row_is_found(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="no command has the training data"):
        script.table([])
