"""Limits on memory, and what is refused before it is allocated."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn_core import memory
from nn_core.engine import Engine
from nn_core.errors import DataError, SettingError
from nn_core.layers import Conv2D, Dense, Flatten, LastStep, SimpleRNN
from nn_core.memory import available_memory, in_bytes, memory_limit, require_memory, set_memory_limit
from nn_core.network import Network
from nn_core.reference import Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer


@pytest.fixture(autouse=True)
def no_limit() -> Iterator[None]:
    yield
    set_memory_limit(None)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (3_960_000_000, "3.96 GB"),
        (10**20, "100 EB"),
        (10**24, "1e+06 EB"),
        (10**400, "1e+282 EB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_bytes(size) == words


def test_what_exceeds_the_limit_is_refused() -> None:
    set_memory_limit(1000)
    require_memory(1000, "x")
    with pytest.raises(DataError, match=r"^a\.npz \(x\) needs 1 kB of memory; the limit is 1 kB \(--max-memory\)$"):
        require_memory(1001, "a.npz (x)")
    with pytest.raises(SettingError):
        require_memory(1001, "a network", SettingError)


def test_the_limit_is_a_share_of_what_is_available() -> None:
    assert 0 < memory_limit() <= available_memory()
    with pytest.raises(DataError, match="needs 1e\\+03 EB of memory"):
        require_memory(10**21, "x")


def test_the_least_of_all_limits_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for names, least in [({"_free": 5, "_container": 3, "_process": None}, 3), ({"_free": None, "_process": 9}, 9)]:
        for name in ("_free", "_container", "_process"):
            monkeypatch.setattr(memory, name, partial(names.get, name))
        assert available_memory() == least
    for name in ("_free", "_container", "_process"):
        monkeypatch.setattr(memory, name, lambda: None)
    assert available_memory() == memory.UNKNOWN


def test_limits_of_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        folder.mkdir()
    monkeypatch.setattr(
        memory, "CONTAINERS", [tuple(str(folder / name) for name in ("max", "used")) for folder in (new, old)]
    )
    assert memory._container() is None
    (old / "max").write_text("900\n")
    (old / "used").write_text("1000\n")
    assert memory._container() == 0
    (new / "max").write_text("max\n")
    (new / "used").write_text("5\n")
    assert memory._container() == 0
    (new / "max").write_text("105\n")
    assert memory._container() == 100
    (new / "memory.stat").write_text("anon 1\ninactive_file 3\n")
    assert memory._container() == 103


def test_a_network_that_cannot_fit_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(SettingError, match=r"^a network of 20,000,000,000,001,000,000 parameters needs .* of memory"):
        Network([Dense(10**13), Dense(10**6)], input_shape=(10**6 - 1,), seed=0)
    set_memory_limit(10_000)
    assert Network([Dense(50)], input_shape=(10,), seed=0).vector.size == 550  # 2,200 bytes, and 4,000 to draw them
    with pytest.raises(SettingError, match=r"1,100 parameters needs 12\.4 kB of memory; the limit is 10 kB"):
        Network([Dense(100)], input_shape=(10,), seed=0)


def trainer(network: Network, optimizer: str, shape: tuple[int, ...], **settings: Any) -> Trainer:
    x, y = np.zeros((8, *shape), np.float32), np.zeros((8, 2), np.float32)
    return Trainer(
        settings.pop("backend", Engine)(network), x, y, Recipe("mean-squared-error", optimizer, **settings), epochs=1
    )


def test_training_counts_gradients_states_and_batches() -> None:
    dense = Network([Dense(3), Dense(2)], input_shape=(4,), seed=0)
    assert trainer(dense, "sgd", (4,)).memory() == (4 * 23, 4 * 23, 0)
    assert trainer(dense, "adam", (4,)).memory() == (4 * 23, 4 * 23 * 3, 0)
    assert trainer(dense, "adam", (4,), backend=Reference).memory().activations == 4 * 8 * (4 + 3 + 2)
    recurrent = Network([SimpleRNN(3), LastStep(), Dense(2)], input_shape=(None, 4), seed=0)
    assert trainer(recurrent, "sgd", (5, 4), batch_size=6).memory().activations == 4 * 6 * (4 + 3 + 3 + 2)


def test_training_that_cannot_fit_is_refused() -> None:
    network = Network([Conv2D(2, 3), Flatten(), Dense(2)], input_shape=(8, 8, 1), seed=0)
    set_memory_limit(network.vector.nbytes * 3 - 1)
    trainer(network, "momentum", (8, 8, 1))
    with pytest.raises(SettingError, match=r"^training needs .* of memory \(parameters .*, gradient and optimizer"):
        trainer(network, "adam", (8, 8, 1))
