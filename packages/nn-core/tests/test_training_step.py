"""One training step on the reference: the files it passes through, as docs/training-step.md lists.

The network is the preset `classic` of cnn-sign.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pytest

import nn_core
from nn_core import Adam, Conv2D, Dense, Flatten, InstanceNorm, MaxPool2D, Network, Recipe, Reference, ReLU, Trainer
from nn_core.losses import softmax_cross_entropy
from nn_core.optim.schedules import Cosine

SOURCE = Path(nn_core.__file__).parent
PACKAGE = Path(__file__).resolve().parents[1]
PAGE = PACKAGE.parents[1] / "docs" / "training-step.md"
MOST_FILES = 19
MOST_LINES = 2_000
in_workspace = pytest.mark.skipif(
    PACKAGE.parent.name != "packages" or not PAGE.exists(), reason="the page is in the workspace"
)


def new_trainer() -> Trainer:
    rng = np.random.default_rng(0)
    network = Network(
        [
            InstanceNorm(epsilon=1.0),
            Conv2D(8, 5, padding="same"),
            ReLU(),
            MaxPool2D(8),
            Conv2D(16, 5, padding="same"),
            ReLU(),
            MaxPool2D(4),
            Flatten(),
            Dense(10),
        ],
        input_shape=(64, 64, 3),
        rng=rng,
    )
    x, labels = rng.random((8, 64, 64, 3), dtype=np.float32), rng.integers(10, size=8)
    recipe = Recipe(softmax_cross_entropy, Adam(), schedule=Cosine(warmup=1), batch_size=4)
    return Trainer(Reference(network), x, labels, recipe, epochs=2, seed=0)


@cache
def functions() -> dict[str, dict[str, CodeType]]:
    """The functions of nn_core that a step calls, by file and name, in order of the first call."""
    trainer = new_trainer()
    trainer.step()  # what is imported or made at the first step
    called: dict[str, dict[str, CodeType]] = {}

    def trace(frame: FrameType, event: str, argument: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(SOURCE):
            names = called.setdefault(path.relative_to(SOURCE).as_posix(), {})
            names.setdefault(frame.f_code.co_qualname, frame.f_code)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        trainer.step()
    finally:
        sys.settrace(before)
    return called


def lines_to_read(file: str, names: dict[str, CodeType]) -> int:
    """The lines of these functions, and of their classes down to the first method.

    Docstrings count, and so do the derivations in them.
    """
    read: set[int] = set()

    def visit(node: ast.Module | ast.ClassDef, prefix: str) -> None:
        for inner in node.body:
            if not isinstance(inner, ast.ClassDef | ast.FunctionDef):
                continue
            name = prefix + inner.name
            first = min([inner.lineno, *(each.lineno for each in inner.decorator_list)])
            if isinstance(inner, ast.FunctionDef) and name in names:
                read.update(range(first, (inner.end_lineno or 0) + 1))
            elif isinstance(inner, ast.ClassDef):
                if any(called.startswith(f"{name}.") for called in names):
                    methods = [each for each in inner.body if isinstance(each, ast.FunctionDef)]
                    read.update(range(first, methods[0].lineno))
                visit(inner, f"{name}.")

    visit(ast.parse((SOURCE / file).read_text(encoding="utf-8")), "")
    return len(read)


def listed() -> dict[str, str]:
    """File -> what the page says about it."""
    rows = re.findall(r"^\| \[(.*?)\]\(.*?\) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return dict(rows)


@in_workspace
def test_the_page_lists_the_files_in_order() -> None:
    assert list(listed()) == list(functions())


@in_workspace
def test_the_step_calls_what_the_page_says() -> None:
    called = functions()
    for file, words in listed().items():
        named = re.findall(r"`(\w+(?:\.\w+)?)`", words)
        assert [name for name in named if "." in name or name == name.lower()]
        for name in named:
            assert name in called[file] or name in ("forward", "backward"), f"{file}: {name}"


def test_it_passes_through_few_files() -> None:
    assert len(functions()) <= MOST_FILES


def test_there_are_few_lines_to_read() -> None:
    assert sum(lines_to_read(file, names) for file, names in functions().items()) <= MOST_LINES


def test_it_never_calls_the_engine() -> None:
    assert not any(file.startswith("engine/") for file in functions())
