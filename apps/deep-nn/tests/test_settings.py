"""Settings: hidden layers, dropout rates, and those of older checkpoints."""

import dataclasses
from typing import Any

import pytest

from deep_nn.settings import NetworkSettings, migrate_settings
from nn_core.errors import SettingError

OLD: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": None,
    "schedule": "constant",
    "batch_size": 64,
    "epochs": 3,
    "l2": 0.0,
    "clip_norm": None,
    "early_stopping": None,
    "seed": 3,
    "dtype": "float32",
    "clip_value": None,
    "data": "moons",
    "test": None,
    "validation": 0.2,
    "hidden": "4,3",
    "activation": "relu",
    "initializer": "he",
    "keep_prob": "0.8",
}
"""As version 0.1 wrote them."""


@pytest.mark.parametrize(
    ("keep_prob", "dropout"), [("1", "0"), ("0.8", "0.2"), ("0.9,1,0.35", "0.1,0,0.65"), ("0.123456789", "0.876543211")]
)
def test_old_keep_probabilities_become_dropout_rates(keep_prob: str, dropout: str) -> None:
    old = OLD | {"keep_prob": keep_prob}
    migrated = migrate_settings(old)
    assert migrated["dropout"] == dropout
    assert old["keep_prob"] == keep_prob
    assert NetworkSettings.from_mapping(migrated).dropout == dropout


def test_all_other_settings_stay() -> None:
    migrated = migrate_settings(OLD)
    assert migrated == {k: v for k, v in OLD.items() if k != "keep_prob"} | {"dropout": "0.2"}
    assert migrate_settings(migrated) == migrated
    settings = NetworkSettings.from_mapping(migrated).to_dict()
    assert {name: settings[name] for name in migrated} == migrated


@pytest.mark.parametrize(
    ("hidden", "dropout", "units", "rates"),
    [("20,7,5", "0.2", (20, 7, 5), (0.2, 0.2, 0.2)), ("20,7", "0.2,0.5", (20, 7), (0.2, 0.5)), ("", "0", (), ())],
)
def test_units_and_rates_per_layer(hidden: str, dropout: str, units: tuple[int, ...], rates: tuple[float, ...]) -> None:
    base = NetworkSettings.from_mapping(migrate_settings(OLD))
    settings = dataclasses.replace(base, hidden=hidden, dropout=dropout)
    assert settings.units() == units
    assert settings.dropout_rates() == rates


def test_as_many_rates_as_layers() -> None:
    base = NetworkSettings.from_mapping(migrate_settings(OLD))
    settings = dataclasses.replace(base, dropout="0.1,0.2,0.3")
    with pytest.raises(SettingError, match="3 dropout rates for 2 hidden layers"):
        settings.dropout_rates()
