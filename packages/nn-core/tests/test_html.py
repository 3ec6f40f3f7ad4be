"""HTML tables for notebooks: well-formed and escaped."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from nn_core import (
    Chain,
    Dense,
    Engine,
    History,
    Layer,
    Model,
    Network,
    Parallel,
    ReLU,
    Residual,
    SimpleRNN,
    Trainer,
    checkpoint,
    summarize,
)
from nn_core.html import html_note, html_table
from nn_core.training.state import Snapshot


class Shown(Protocol):
    """An object with an HTML representation."""

    def _repr_html_(self) -> str: ...


class Table(HTMLParser):
    """The cells of a table, by row, and the lines below it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.notes: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "p":
            self.notes.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "p":
            self.notes[-1] += data


def shown(thing: Shown) -> Table:
    """The parsed HTML table of an object."""
    return Table(thing._repr_html_())


def test_cells_and_notes_are_escaped() -> None:
    table = Table(html_table([("a", "b"), ("<script>", '"&"')], notes=["x < y"]))
    assert table.rows == [["a", "b"], ["<script>", '"&"']]
    assert table.notes == ["x < y"]
    assert "<script>" not in html_table([("<script>",)]) + html_note("<script>")


def test_a_network_is_a_row_per_layer_with_nested_layers_indented() -> None:
    layers: list[Layer | str] = [
        Dense(3),
        Residual([Dense(3), "relu"]),
        Parallel([[Dense(2)], Dense(1, trainable=False)]),
        "relu",
    ]
    space = "\N{NO-BREAK SPACE}" * 4
    assert shown(Network(layers, input_shape=(4,), seed=0)).rows == [
        ["layer", "output", "parameters"],
        ["input", "4", ""],
        ["Dense(units=3, initializer='he')", "3", "15"],
        ["Residual", "3", "12"],
        [f"{space}Dense(units=3, initializer='he')", "3", "12"],
        [f"{space}ReLU()", "3", "0"],
        ["Parallel, concat", "3", "12"],
        [f"{space}Chain", "2", "8"],
        [f"{space}{space}Dense(units=2, initializer='he')", "2", "8"],
        [f"{space}Dense(units=1, initializer='he'), frozen", "1", "4"],
        ["ReLU()", "3", "0"],
        ["total", "", "39"],
    ]


def test_steps_are_T_and_tied_parameters_count_once() -> None:
    network = Network([SimpleRNN(2), SimpleRNN(2)], input_shape=(None, 2), seed=0, tied={"1/W_h": "0/W_h"})
    rows = shown(network).rows
    assert [row[1:] for row in rows[1:]] == [["T x 2", ""], ["T x 2", "10"], ["T x 2", "6"], ["", "16"]]


def test_a_summary_is_the_same_table_as_its_text() -> None:
    summary = summarize(Network([Chain([Dense(3), ReLU()])], input_shape=(4,), seed=0), notes=["one < two"])
    table = shown(summary)
    assert table.rows == [list(row) for row in summary.cells()]
    assert table.notes == ["one < two"]
    assert repr(summary) == str(summary)


@pytest.mark.parametrize(("epochs", "rows"), [(0, 1), (20, 21), (21, 22), (100, 22)])
def test_a_long_history_shows_its_first_and_last_epochs(epochs: int, rows: int) -> None:
    history = History({"epoch": [float(epoch) for epoch in range(1, epochs + 1)]} if epochs else {})
    table = shown(history)
    assert len(table.rows) == rows
    assert table.notes == [repr(history)]
    if epochs > 20:
        assert [row[0] for row in table.rows][5:8] == ["5", "...", f"{epochs - 14}"]
        assert table.rows[-1] == [f"{epochs}"]


def test_objects_with_a_network_or_history_show_its_table(tmp_path: Path) -> None:
    x, y = np.zeros((4, 2), np.float32), np.arange(4) % 2
    network = Network([Dense(2)], input_shape=(2,), seed=0)
    model = Model(network, "softmax-cross-entropy")
    assert shown(model).rows == shown(network).rows
    trainer = Trainer(Engine(network, threads=1), x, y, model.recipe, epochs=2, seed=0)
    history = trainer.run()
    assert shown(trainer).rows == shown(history).rows
    snapshot: Snapshot = trainer.state.snapshot()
    assert shown(snapshot).notes == [repr(history), repr(snapshot)]
    checkpoint.save(tmp_path / "network.h5", network)
    assert shown(checkpoint.load(tmp_path / "network.h5")).rows == shown(network).rows
