"""Documentation: Python blocks run, numbers are right, commands parse, links lead somewhere.

Of a page's Python blocks, a statement that ends in a comment such as `# [1.0, -0.75]` is checked
against that value. Away from the workspace, only the README of this package is there.
"""

import ast
import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pytest
from click.testing import CliRunner

PACKAGE = Path(__file__).resolve().parents[1]
IN_WORKSPACE = PACKAGE.parent.name == "packages"
ROOT = PACKAGE.parents[1] if IN_WORKSPACE else PACKAGE
PATTERNS = ("*.md", "docs/*.md", "data/*.md", "benchmarks/*.md", "packages/*/*.md", "apps/*/*.md")
PAGES = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))
IN_TESTS_OF_PLUGINS = {"CONTRIBUTING.md"}  # its Python is a plug-in, which other tests load
IN_TESTS_OF_APPS = "onnxruntime.InferenceSession("  # it reads a file that a program exported
FAST = re.compile(r"dino-gen( --.*)?$")
"""Commands that are run, not only parsed."""

NUMBERS = re.compile(r"  # (\[.*\]|-?\d[\d.]*)$")


class Block(NamedTuple):
    """A fenced block of a page.

    line  of its fence, counted from 1
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class Command(NamedTuple):
    """A command line of a page, and what the page says that it prints, if it does.

    whole  False within a sentence, where arguments may be missing or stand for any value
    """

    place: str
    words: list[str]
    whole: bool
    output: str | None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    ]


def prose(page: Path) -> str:
    """The page without its blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def programs() -> dict[str, str]:
    """The programs of the apps, each with the module of its commands."""
    found = {}
    for path in ROOT.glob("apps/*/pyproject.toml"):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        for name, entry in project["scripts"].items():
            found[name] = entry.replace(".__main__:main", ".cli")
    return found


PROGRAMS = programs() if IN_WORKSPACE else {}


def commands() -> Iterator[Command]:
    """The command lines of all pages."""
    named = "|".join(PROGRAMS)
    for page in PAGES:
        inside = blocks(page)
        for i, block in enumerate(inside):
            following = inside[i + 1] if i + 1 < len(inside) else None
            lines = block.text.replace("\\\n", " ").splitlines()
            if block.language == "console":
                found = [line for line in lines if re.match(rf"({named}) ", line + " ")]
                shown = None
                if following is not None and following.language == "text" and len(found) == 1:
                    shown = following.text
                for line in found:
                    words = shlex.split(line, comments=True)
                    yield Command(block.place, words, True, shown)
        for line in re.findall(rf"`((?:{named}) [^`]+)`", " ".join(prose(page).split())):
            yield Command(str(page.relative_to(ROOT)), shlex.split(line), False, None)


COMMANDS = list(commands()) if PROGRAMS else []
with_python = [
    page
    for page in PAGES
    if page.name not in IN_TESTS_OF_PLUGINS and any(block.language == "python" for block in blocks(page))
]


@pytest.mark.parametrize("page", with_python, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        if block.language == "python" and IN_TESTS_OF_APPS not in block.text:
            run(block, names)


def run(block: Block, names: dict[str, Any]) -> None:
    """Its statements one by one, and the numbers beside them."""
    lines = block.text.splitlines()
    for statement in ast.parse(block.text).body:
        alone = ast.Module([ast.increment_lineno(statement, block.line)], [])
        exec(compile(alone, str(block.page), "exec"), names)  # noqa: S102
        line = lines[(statement.end_lineno or 0) - block.line - 1]
        stated = NUMBERS.search(line)
        if isinstance(statement, ast.Assign) and stated:
            [target] = statement.targets
            value = names[ast.unparse(target)]
            expected = np.array(ast.literal_eval(stated[1]))
            assert np.shape(value) == expected.shape, line
            assert np.allclose(value, expected, rtol=0, atol=0.5e-4), f"{line}: {value}"


def test_a_wrong_number_is_found() -> None:
    block = Block(PACKAGE / "README.md", 1, "python", "a = [1.0, 2.0]  # [1.0, 2.1]\n")
    with pytest.raises(AssertionError, match=r"2\.1"):
        run(block, {})


@contextmanager
def importable_apps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for source in ROOT.glob("apps/*/src"):
            patch.syspath_prepend(source)
        yield


@pytest.mark.parametrize("name", PROGRAMS)
def test_commands_and_their_options_exist(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.toml").touch()  # --config is read at once
    with importable_apps(monkeypatch):
        main: click.Group = importlib.import_module(PROGRAMS[name]).main
        for command in COMMANDS:
            if command.words[0] == name and "--plugin" not in command.words:
                try:
                    parse(main, name, command.words[1:])
                except click.UsageError as error:
                    if command.whole or not isinstance(error, click.BadParameter):
                        words = shlex.join(command.words)
                        pytest.fail(f"{command.place}: {words}: {error.format_message()}")


def parse(main: click.Group, name: str, words: list[str]) -> None:
    """Raise UsageError if the words are no command of a program."""
    context = click.Context(main, info_name=name)
    command: click.Command = main
    if words and not words[0].startswith("-"):
        found = main.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"no such command: {words[0]}")
        command, words = found, words[1:]
    if words != ["--help"]:
        command.make_context(name, list(words))


@pytest.mark.parametrize(
    "command",
    [each for each in COMMANDS if FAST.match(" ".join(each.words)) and "--model" not in each.words],
    ids=lambda command: " ".join(command.words),
)
def test_fast_commands_print_what_the_page_says(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, *arguments = command.words
    with importable_apps(monkeypatch):
        main = importlib.import_module(PROGRAMS[name]).main
        result = CliRunner().invoke(main, arguments, prog_name=name)
    assert (result.exit_code, result.stderr) == (0, "")
    if command.output is not None:
        assert result.stdout == command.output


@pytest.mark.skipif(not IN_WORKSPACE, reason="the other pages are in the workspace")
def test_nox_sessions_exist() -> None:
    noxfile = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    sessions = {node.name.replace("_", "-") for node in noxfile.body if isinstance(node, ast.FunctionDef)}
    for page in PAGES:
        for found in re.finditer(r"nox -s \"?([a-z -]*[a-z])", page.read_text(encoding="utf-8")):
            assert set(found[1].partition(" --")[0].split()) <= sessions, f"{page}: {found[0]}"


@pytest.mark.skipif(not IN_WORKSPACE, reason="the other pages are in the workspace")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link.partition("#")[0]).exists()] == []


BRITISH = (
    r"colour|\bgrey|behaviour|licence|normalis|initialis|regularis|optimis(e|ing|ation)|maths\b|"
    r"neighbour|\bcentre|favour|learnt|labelled|cancelled|whilst"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_spelling_is_american(page: Path) -> None:
    text = re.sub(r"`[^`]*`", "", prose(page))
    assert re.findall(f"(?i)[a-z]*(?:{BRITISH})[a-z]*", text) == []


@pytest.mark.skipif(not IN_WORKSPACE, reason="the folders are those of the workspace")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "pip install" in page.read_text("utf-8")], ids=lambda page: page.name
)
def test_install_commands_use_paths_and_existing_extras(page: Path) -> None:
    ours = {path.parent: tomllib.loads(path.read_text("utf-8"))["project"] for path in ROOT.glob("*/*/pyproject.toml")}
    for line in re.findall(r"pip install ([^`\n]*)", page.read_text(encoding="utf-8")):
        for word in shlex.split(line, comments=True):
            path, _, extras = word.rstrip("]").partition("[")
            assert path not in {project["name"] for project in ours.values()}, f"from the index: {line}"
            if "/" in path and ":" not in path:
                known = ours[ROOT / path].get("optional-dependencies", {})
                assert set(filter(None, extras.split(","))) <= set(known), line
