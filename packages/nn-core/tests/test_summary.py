"""The shape ledger of a network, counted by hand."""

import json

import numpy as np

from nn_core.layers import Dense, Dropout, Flatten, ReLU
from nn_core.network import Network
from nn_core.summary import Summary, SummaryRow, table

LAYERS = [Flatten(), Dense(20), ReLU(), Dropout(0.8), Dense(1, "xavier")]


def test_every_figure_by_hand() -> None:
    # 8 * 8 * 3 = 192 inputs; 192 * 20 + 20 = 3,860 and 20 + 1 = 21 parameters of 4 bytes.
    ledger = Network(LAYERS, input_shape=(8, 8, 3)).summary()
    rows = [(row.output_shape, row.parameters, row.bytes, row.multiply_adds) for row in ledger.rows]
    assert rows == [
        ((192,), 0, 0, 0),
        ((20,), 3860, 15440, 3840),
        ((20,), 0, 0, 0),
        ((20,), 0, 0, 0),
        ((1,), 21, 84, 20),
    ]
    assert (ledger.parameters, ledger.bytes, ledger.multiply_adds) == (3881, 15524, 3860)


def test_float64_takes_twice_the_memory() -> None:
    single = Network(LAYERS, input_shape=(8, 8, 3)).summary()
    double = Network(LAYERS, input_shape=(8, 8, 3), dtype=np.float64).summary()
    assert double.bytes == 2 * single.bytes
    assert double.parameters == single.parameters


def test_the_ledger_counts_what_there_is() -> None:
    network = Network(LAYERS, input_shape=(8, 8, 3))
    assert network.summary().parameters == network.parameters.size
    assert network.summary().bytes == network.parameters.nbytes


def test_the_table_reads_like_this() -> None:
    ledger = Network([Flatten(), Dense(200)], input_shape=(4, 10, 3)).summary()
    assert str(ledger).splitlines() == [
        "layer                                   output  parameters   bytes  multiply-adds",
        "input                               4 x 10 x 3",
        "Flatten()                                  120           0       0              0",
        "Dense(units=200, initializer='he')         200      24,200  96,800         24,000",
        "total                                               24,200  96,800         24,000",
    ]


def test_for_machines_it_is_plain_names_and_numbers() -> None:
    ledger = Summary((3,), (SummaryRow("Dense(units=2)", (2,), 8, 32, 6),))
    assert json.loads(json.dumps(ledger.to_dict())) == {
        "input_shape": [3],
        "layers": [
            {
                "layer": "Dense(units=2)",
                "output_shape": [2],
                "parameters": 8,
                "bytes": 32,
                "multiply_adds": 6,
            }
        ],
        "parameters": 8,
        "bytes": 32,
        "multiply_adds": 6,
        "fused": [],
        "folded": [],
    }


def test_columns_stand_to_the_left_and_then_to_the_right() -> None:
    assert table([("a", "b"), ("long", "1"), ("x", "")]) == "a     b\nlong  1\nx"


def test_more_columns_may_stand_to_the_left() -> None:
    assert table([("a", "b", "c"), ("x", "long", "10")], left=2) == "a  b      c\nx  long  10"
