"""Settings of old checkpoints, and the networks that settings define."""

import dataclasses

import numpy as np

from char_rnn_dino.settings import NameSettings, TextSettings, migrate_settings
from nn_core.layers import GRU, LSTM, Dense, Dropout, Embedding, SimpleRNN

SETTINGS = NameSettings(
    optimizer="adam", learning_rate=0.1, schedule="constant", batch_size=8, epochs=1, l2=0.0,
    clip_norm=None, early_stopping=None, seed=0, dtype="float64", data=None, validation=0.1,
    cell="lstm", hidden=5, layers=2, embedding=3, dropout=0.25, embedding_dropout=0.5,
    recurrent_initializer="orthogonal",
)  # fmt: skip


def test_settings_are_renamed() -> None:
    old = {"blank": 0.2, "lower": True, "steps": 50, "dropout": 0.5, "unit": "char"}
    assert migrate_settings(old) == {
        "embedding_dropout": 0.2, "lowercase": True, "bptt_length": 50, "dropout": 0.5,
        "unit": "char",
    }  # fmt: skip


def test_present_settings_stay_as_they_are() -> None:
    saved = SETTINGS.to_dict()
    assert migrate_settings(saved) == saved
    assert NameSettings.from_mapping(migrate_settings(saved)) == SETTINGS


def test_the_network() -> None:
    network = SETTINGS.network(7, np.random.default_rng(0))
    types = [Embedding, Dropout, LSTM, Dropout, LSTM, Dropout, Dense]
    assert [type(layer) for layer in network.layers] == types
    assert network.layers[1::2] == (Dropout(0.5), Dropout(0.25), Dropout(0.25))
    assert network.output_shape == (None, 7)
    assert network.dtype == np.float64


def test_the_cell_is_chosen_by_name_and_no_dropout_is_no_layer() -> None:
    for cell, layer in {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}.items():
        plain = dataclasses.replace(SETTINGS, cell=cell, layers=1, dropout=0.0, embedding_dropout=0.0)
        network = plain.network(7, np.random.default_rng(0))
        assert [type(each) for each in network.layers] == [Embedding, layer, Dense]


def test_chunks_of_a_text_have_the_bptt_length() -> None:
    text = TextSettings.from_mapping(SETTINGS.to_dict() | {"unit": "char", "lowercase": False, "bptt_length": 17})
    assert text.sequence_recipe().bptt_length == 17
    assert SETTINGS.sequence_recipe().bptt_length is None
