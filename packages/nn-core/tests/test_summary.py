"""The summary of a network, counted by hand."""

import json

import numpy as np

from nn_core.layers import GRU, Dense, Dropout, Embedding, Flatten, Parallel, ReLU, Residual, Select
from nn_core.network import Network
from nn_core.summary import Summary, SummaryRow, summarize, table

LAYERS = [Flatten(), Dense(20), ReLU(), Dropout(0.2), Dense(1, initializer="xavier")]


def test_every_figure_by_hand() -> None:
    # 8 * 8 * 3 = 192 inputs; 192 * 20 + 20 = 3,860 and 20 + 1 = 21 parameters of 4 bytes.
    network = Network(LAYERS, input_shape=(8, 8, 3))
    summary = summarize(network)
    rows = [(row.output_shape, row.parameters, row.bytes, row.macs) for row in summary.rows]
    assert rows == [
        ((192,), 0, 0, 0),
        ((20,), 3860, 15440, 3840),
        ((20,), 0, 0, 0),
        ((20,), 0, 0, 0),
        ((1,), 21, 84, 20),
    ]
    assert (summary.parameters, summary.bytes, summary.macs) == (3881, 15524, 3860)
    assert summary.parameters == network.vector.size
    assert summary.bytes == network.vector.nbytes


def test_float64_takes_twice_the_memory() -> None:
    single = summarize(Network(LAYERS, input_shape=(8, 8, 3)))
    double = summarize(Network(LAYERS, input_shape=(8, 8, 3), dtype=np.float64))
    assert double.bytes == 2 * single.bytes
    assert double.parameters == single.parameters


def test_of_sequences_one_step_is_counted() -> None:
    summary = summarize(Network([Embedding(7, 3), GRU(4), Dense(2)], input_shape=(None,)))
    assert [row.macs for row in summary.rows] == [0, 3 * 4 * (3 + 4), 4 * 2]
    assert str(summary).splitlines()[1].split() == ["input", "T"]
    assert "T x 4" in str(summary)


def test_the_table_reads_like_this() -> None:
    layers = [Flatten(), Dense(200, trainable=False)]
    summary = summarize(Network(layers, input_shape=(4, 10, 3)), notes=("a note",))
    assert str(summary).splitlines() == [
        "layer                                           output  parameters   bytes    MACs",
        "input                                       4 x 10 x 3",
        "Flatten()                                          120           0       0       0",
        "Dense(units=200, initializer='he'), frozen         200      24,200  96,800  24,000",
        "total                                                       24,200  96,800  24,000",
        "a note",
    ]


def test_layers_inside_a_layer_follow_it_and_count_once() -> None:
    branches = Parallel([[Select([0]), Dense(2)], Dense(3, trainable=False)])
    network = Network([branches, Residual([Dense(5)])], input_shape=2)
    summary = summarize(network)
    assert [(row.layer, row.depth, row.parameters, row.macs) for row in summary.rows] == [
        ("Parallel, concat", 0, 4 + 9, 2 + 6),
        ("Chain", 1, 4, 2),
        ("Select(columns=(0,))", 2, 0, 0),
        ("Dense(units=2, initializer='he')", 2, 4, 2),
        ("Dense(units=3, initializer='he'), frozen", 1, 9, 6),
        ("Residual", 0, 30, 25),
        ("Dense(units=5, initializer='he')", 1, 30, 25),
    ]
    assert summary.parameters == network.count_params()
    assert len(summary.to_dict()["layers"]) == 2
    assert str(summary).splitlines()[4].startswith("        Select(columns=(0,))")


def test_for_machines_it_is_plain_names_and_numbers() -> None:
    summary = Summary((3,), (SummaryRow("Dense(units=2)", (2,), 8, 32, 6),))
    assert json.loads(json.dumps(summary.to_dict())) == {
        "input_shape": [3],
        "layers": [{"layer": "Dense(units=2)", "output_shape": [2], "parameters": 8, "bytes": 32, "macs": 6}],
        "parameters": 8,
        "bytes": 32,
        "macs": 6,
        "notes": [],
    }


def test_columns_are_aligned_left_and_then_right() -> None:
    assert table([("a", "b"), ("long", "1"), ("x", "")]) == "a     b\nlong  1\nx"


def test_more_columns_may_be_aligned_left() -> None:
    assert table([("a", "b", "c"), ("x", "long", "10")], left=2) == "a  b      c\nx  long  10"
