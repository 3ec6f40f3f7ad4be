"""The queue of a sweep: every run once, wherever it is computed, and what is finished stays finished."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_runs
from toy_runs import settings_of

from nn_core.cli.curve import Curve
from nn_core.cli.execution import Execution
from nn_core.cli.run_queue import NoRecord, compute
from nn_core.cli.settings import Settings
from nn_core.cli.sweep import run_all
from nn_core.errors import DataError, NNError
from nn_core.training.trainer import Trainer

RUNS = [settings_of(seed=seed, epochs=2) for seed in range(4)]


def without_seconds(curves: dict[Settings, Curve]) -> list[Any]:
    return [replace(curve, seconds=[]).to_dict() for curve in curves.values()]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "sweep.jsonl"


def build_counted(settings: Settings) -> Trainer:
    counted.append(settings.seed)
    return toy_runs.build(settings)


counted: list[int] = []


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    counted.clear()


class TestJournal:
    def test_what_is_in_it_is_not_computed_again(self, journal: Path) -> None:
        there = Execution(journal=journal)
        first = run_all(build_counted, RUNS[:3], execution=there)
        again = run_all(build_counted, RUNS, execution=there)
        assert counted == [0, 1, 2, 3]
        assert again[RUNS[1]] == first[RUNS[1]]
        assert list(again) == RUNS
        assert without_seconds(again) == without_seconds(run_all(build_counted, RUNS))

    def test_an_interrupted_sweep_keeps_its_finished_runs(self, journal: Path) -> None:
        def build(settings: Settings) -> Trainer:
            if settings.seed == 2:
                raise KeyboardInterrupt
            return build_counted(settings)

        build.__module__, build.__qualname__ = build_counted.__module__, build_counted.__qualname__
        with pytest.raises(KeyboardInterrupt):
            run_all(build, RUNS, execution=Execution(journal=journal))
        run_all(build_counted, RUNS, execution=Execution(journal=journal))
        assert counted == [0, 1, 2, 3]

    @pytest.mark.parametrize("other", ["stop_epoch", "kept", "probe"])
    def test_a_run_that_records_something_else_is_another_run(self, journal: Path, other: str) -> None:
        there = Execution(journal=journal)
        changed: dict[str, Any] = {other: {"stop_epoch": 1, "kept": 0, "probe": no_probe}[other]}
        run_all(build_counted, RUNS[:1], execution=there)
        run_all(build_counted, RUNS[:1], execution=there, **changed)
        assert counted == [0, 0]

    def test_kept_weights_and_probes_return_as_they_were(self, journal: Path) -> None:
        results = [
            run_all(build_counted, RUNS[:2], execution=Execution(journal=journal), kept=0, probe=no_probe)
            for _ in range(2)
        ]
        assert counted == [0, 1]
        for settings in RUNS[:2]:
            first, again = (result[settings] for result in results)
            assert again.probed == first.probed
            assert (again.weights is None) == (settings.seed != 0)
        np.testing.assert_array_equal(results[0][RUNS[0]].weights, results[1][RUNS[0]].weights)  # type: ignore[arg-type]

    def test_a_diverged_run_is_finished(self, journal: Path) -> None:
        wild = settings_of(optimizer="gradient-descent", learning_rate=1e60, dtype="float32")
        first, again = (run_all(build_counted, [wild], execution=Execution(journal=journal)) for _ in range(2))
        assert counted == [3]
        assert first[wild].diverged
        assert first[wild].to_dict() == again[wild].to_dict()

    def test_damage_is_one_line(self, journal: Path) -> None:
        run_all(build_counted, RUNS[:1], execution=Execution(journal=journal))
        record = json.loads(journal.read_text())
        record["run"]["steps"].pop()
        journal.write_text(json.dumps(record) + "\n")
        with pytest.raises(DataError, match="columns of several lengths"):
            run_all(build_counted, RUNS[:1], execution=Execution(journal=journal))

    def test_workers_and_this_process_share_it(self, journal: Path) -> None:
        run_all(toy_runs.build, RUNS[:2], execution=Execution(2, journal=journal))
        keys = [json.loads(line)["key"] for line in journal.read_text().splitlines()]
        curves = run_all(toy_runs.build, RUNS, execution=Execution(journal=journal))
        assert [json.loads(line)["key"] for line in journal.read_text().splitlines()][:2] == keys
        assert without_seconds(curves) == without_seconds(run_all(toy_runs.build, RUNS))

    def test_runs_that_others_compute_are_left_to_them(self, journal: Path) -> None:
        class Shared(NoRecord[Settings, int]):
            """Another process has reserved seed 1, and finishes it when all others are done."""

            def __init__(self) -> None:
                self.added: list[int] = []

            def found(self, settings: Settings) -> int | None:
                return 100 if settings.seed == 1 and len(self.added) == 3 else None

            def claim(self, settings: Settings) -> bool:
                return settings.seed != 1

            def add(self, settings: Settings, result: int) -> None:
                self.added.append(settings.seed)

        record = Shared()
        assert dict(compute(seed_of, RUNS, Execution(), record)) == {RUNS[0]: 0, RUNS[1]: 100, RUNS[2]: 2, RUNS[3]: 3}
        assert record.added == [0, 2, 3]


def seed_of(settings: Settings) -> int:
    return settings.seed


def no_probe(trainer: Trainer) -> list[float]:
    """Numbers that JSON lacks among others."""
    return [1.5, float("inf"), float(trainer.state.seed)]


class TestWorkers:
    def test_one_that_dies_costs_its_own_run_only(self, tmp_path: Path) -> None:
        function = partial(toy_runs.die_once, str(tmp_path / "died"))
        results = dict(compute(function, RUNS, Execution(2), NoRecord()))
        assert results == {settings: settings.seed for settings in RUNS}

    def test_one_that_always_dies_ends_the_sweep(self) -> None:
        with pytest.raises(NNError, match=r"^3 worker processes died at the same run"):
            run_all(toy_runs.build_and_die, RUNS, execution=Execution(2))


class TestStoppedRuns:
    def test_they_are_the_beginning_of_the_whole_run(self) -> None:
        cosine = [settings_of(schedule="cosine", epochs=6)]
        (whole,) = run_all(toy_runs.build, cosine).values()
        (part,) = run_all(toy_runs.build, cosine, stop_epoch=2).values()
        assert part.epochs == [0, 1, 2]
        assert part.metrics == {name: values[:3] for name, values in whole.metrics.items()}
