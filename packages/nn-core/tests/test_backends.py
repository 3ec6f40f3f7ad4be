"""Backends by name."""

from typing import Any

import numpy as np
import pytest

from nn_core.backends import backend_named
from nn_core.engine.engine import Engine
from nn_core.errors import SettingError
from nn_core.layers import Dense
from nn_core.network import Network
from nn_core.reference import Reference

NETWORK = Network([Dense(1)], input_shape=(2,), rng=np.random.default_rng(0))


def test_each_name_has_its_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(backend_named("reference", NETWORK), Reference)
    engine = backend_named("fast", NETWORK, threads=3, shards=2)
    assert isinstance(engine, Engine)
    assert (engine.pool.count, engine.shards) == (3, 2)
    monkeypatch.setattr("nn_core.engine.thread_pool.available_threads", lambda: 2)
    assert backend_named("fast", NETWORK).pool.count == 2  # type: ignore[attr-defined]


def test_one_thread_by_default_without_threadpoolctl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn_core.backends.find_spec", lambda name: None)
    assert backend_named("fast", NETWORK).pool.count == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("quick", {}, r"^engine must be 'fast' or 'reference', not 'quick'$"),
        ("reference", {"threads": 2}, r"^the reference engine has no threads or shards: omit them$"),
        ("reference", {"shards": 2}, r"^the reference engine has no threads or shards: omit them$"),
    ],
)
def test_others_are_refused(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        backend_named(name, NETWORK, **settings)
