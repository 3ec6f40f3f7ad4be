"""Comparisons: every trial from the same start, the same numbers however they are run."""

import math
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import toy_runs
from toy_runs import STEPS_PER_EPOCH, settings_of

from nn_core.cli.execution import Execution
from nn_core.cli.settings import Settings
from nn_core.cli.sweep import METRICS, POINTS, Comparison, Curve, Trial, compare
from nn_core.errors import DataError, NNError
from nn_core.training.trainer import Trainer

PLAIN = settings_of(optimizer="gradient-descent")
RACE = [(name, settings_of(optimizer=name)) for name in ("gradient-descent", "momentum", "adam")]


def figures_of(comparison: Comparison) -> list[Any]:
    """All that must not depend on how long it took."""
    return [
        comparison.seeds,
        comparison.baseline_losses,
        *(
            (trial.label, curve.seed, curve.steps, curve.epochs, curve.metrics)
            for trial in comparison.trials
            for curve in trial.curves
        ),
    ]


def race(
    build: Callable[[Settings], Trainer] = toy_runs.build,
    trials: list[tuple[str, Settings]] = RACE,
    baseline: Settings = PLAIN,
    *,
    seeds: int = 2,
    workers: int = 1,
) -> Comparison:
    return compare(build, trials, baseline, seeds=seeds, execution=Execution(workers))


@pytest.fixture(scope="module")
def raced() -> Comparison:
    return race()


class TestCurves:
    def test_there_is_one_for_each_trial_and_seed(self, raced: Comparison) -> None:
        assert [trial.label for trial in raced.trials] == [label for label, _ in RACE]
        assert raced.seeds == (3, 4)
        for trial in raced.trials:
            assert [curve.seed for curve in trial.curves] == [3, 4]

    def test_each_is_the_run_of_its_settings(self, raced: Comparison) -> None:
        for (_, settings), trial in zip(RACE, raced.trials, strict=True):
            for curve in trial.curves:
                trainer = toy_runs.build(replace(settings, seed=curve.seed))
                start = trainer.evaluate(*trainer.examples)["loss"]
                trainer.run()
                assert curve.losses == [start, *trainer.state.history.columns["training_loss"]]
                assert curve.steps == [STEPS_PER_EPOCH * epoch for epoch in range(5)]
                assert trainer.validation is not None
                untrained = toy_runs.build(replace(settings, seed=curve.seed)).evaluate(*trainer.validation)
                assert curve.metrics["validation_loss"][0] == untrained["loss"]
                measured = trainer.evaluate(*trainer.validation)
                assert curve.final("validation_accuracy") == measured["accuracy"]
                for name in METRICS[1:4]:
                    assert curve.metrics[name][1:] == trainer.state.history.columns[name]
                    assert len(curve.metrics[name]) == len(curve.steps)

    def test_trials_of_a_seed_start_alike_and_end_apart(self, raced: Comparison) -> None:
        for k in range(2):
            assert len({trial.curves[k].losses[0] for trial in raced.trials}) == 1
            assert len({trial.curves[k].losses[-1] for trial in raced.trials}) == 3
        first, second = raced.trials[0].curves
        assert first.losses != second.losses

    def test_seconds_begin_at_zero_and_grow(self, raced: Comparison) -> None:
        for trial in raced.trials:
            for curve in trial.curves:
                assert curve.seconds[0] == 0.0
                assert curve.seconds == sorted(curve.seconds)
                assert curve.seconds[-1] > 0.0

    @pytest.mark.parametrize("epochs", [1, 199, 200, 201, 403])
    def test_a_long_run_has_points_evenly_spread_to_the_last(self, epochs: int) -> None:
        settings = replace(PLAIN, epochs=epochs, batch_size=None)
        (trial,) = race(trials=[("plain", settings)], baseline=settings, seeds=1).trials
        steps = trial.curves[0].steps
        assert steps[0] == 0
        assert steps[-1] == epochs
        assert len(steps) <= POINTS + 1
        apart = np.diff(steps)
        assert len(set(apart[:-1].tolist())) <= 1
        assert apart[-1] <= apart[0] == math.ceil(epochs / POINTS)
        assert len(trial.curves[0].losses) == len(trial.curves[0].seconds) == len(steps)


class TestFairness:
    def test_every_trial_has_the_same_weights_and_sees_the_same_batches(self) -> None:
        seen: dict[tuple[str, int], list[bytes]] = {}

        def build(settings: Settings) -> Trainer:
            trainer = toy_runs.build(settings)
            record = seen.setdefault((settings.optimizer, settings.seed), [])
            record.append(trainer.network.vector.tobytes())
            draw = trainer.batches.batch

            def batch(seed: tuple[int, int]) -> Any:
                x, y, weights = draw(seed)
                record.append(x.tobytes() + y.tobytes())
                return x, y, weights

            trainer.batches.batch = batch  # type: ignore[method-assign]
            return trainer

        race(build)
        for seed in (3, 4):
            plain, momentum, adam = (seen[settings.optimizer, seed] for _, settings in RACE)
            assert plain == momentum == adam
            assert len(plain) == 1 + 4 * STEPS_PER_EPOCH
        assert seen["adam", 3] != seen["adam", 4]


class TestReference:
    def run_settings(self, trials: list[tuple[str, Settings]]) -> list[Settings]:
        built: list[Settings] = []

        def build(settings: Settings) -> Trainer:
            built.append(settings)
            return toy_runs.build(settings)

        race(build, trials)
        return built

    def test_it_is_not_run_twice_where_it_is_a_trial(self) -> None:
        built = self.run_settings(RACE)
        assert len(built) == len(set(built)) == len(RACE) * 2

    def test_it_is_run_where_it_is_not(self) -> None:
        built = self.run_settings(RACE[1:])
        assert len(built) == len(set(built)) == len(RACE) * 2
        assert replace(PLAIN, seed=4) in built

    def test_a_trial_given_twice_is_run_once(self) -> None:
        assert len(self.run_settings([RACE[0], ("again", RACE[0][1])])) == 2

    def test_its_lowest_loss_is_the_target_of_each_seed(self) -> None:
        rough = replace(PLAIN, learning_rate=4.0, epochs=12)
        among = race(trials=[("rough", rough)], baseline=rough)
        (trial,) = among.trials
        assert among.baseline_losses == tuple(min(curve.losses) for curve in trial.curves)
        assert among.baseline_losses != tuple(curve.losses[-1] for curve in trial.curves)
        without = race(trials=RACE[1:], baseline=rough)
        assert without.baseline_losses == among.baseline_losses
        assert without.seeds == among.seeds


class TestTurns:
    def test_each_seed_is_run_with_all_trials_before_the_next(self) -> None:
        built: list[tuple[int, str]] = []

        def build(settings: Settings) -> Trainer:
            built.append((settings.seed, settings.optimizer))
            return toy_runs.build(settings)

        race(build)
        names = [settings.optimizer for _, settings in RACE]
        assert built == [(seed, name) for seed in (3, 4) for name in names]

    def test_times_are_compared_only_if_runs_took_turns_and_were_long_enough(self, raced: Comparison) -> None:
        assert not raced.has_times
        long = Trial("long", (curve_of(5, 4, 3),))
        short = Trial("short", (curve_of(5, 4),))
        lost = Trial("lost", (curve_of(5, 4, diverged="the loss is nan"),))
        assert Comparison((long, lost), (0,), (1.0,)).has_times
        assert not Comparison((long, short), (0,), (1.0,)).has_times
        assert not Comparison((long,), (0,), (1.0,), takes_turns=False).has_times
        assert not Comparison((lost,), (0,), (1.0,)).has_times


class TestWithoutBaseline:
    def test_only_the_trials_are_run(self) -> None:
        compared = compare(toy_runs.build, RACE[1:], None, seeds=1, execution=Execution(1))
        assert compared.baseline_losses == ()
        assert compared.seeds == (3,)
        assert compared.measures("validation_loss")

    def test_weights_of_the_first_seed_are_kept_if_asked_for(self, raced: Comparison) -> None:
        compared = compare(toy_runs.build, RACE[:1], None, seeds=2, execution=Execution(1), keep_weights=True)
        first, second = compared.trials[0].curves
        trainer = toy_runs.build(RACE[0][1])
        trainer.run()
        np.testing.assert_array_equal(first.weights, trainer.network.vector)
        assert second.weights is None
        assert raced.trials[0].curves[0].weights is None


class TestWorkers:
    def test_their_number_changes_no_bit(self, raced: Comparison) -> None:
        assert figures_of(race(workers=2)) == figures_of(raced)
        assert multiprocessing.active_children() == []

    def test_blas_has_one_thread_in_this_process_too(self) -> None:
        from threadpoolctl import threadpool_info

        threads: list[int] = []

        def build(settings: Settings) -> Trainer:
            threads.extend(library["num_threads"] for library in threadpool_info())
            return toy_runs.build(settings)

        race(build)
        assert set(threads) <= {1}

    @pytest.mark.parametrize("workers", [1, 2])
    def test_an_error_in_a_run_is_the_same_error_here(self, workers: int) -> None:
        with pytest.raises(DataError, match=r"^no such file: seed3\.csv$"):
            race(toy_runs.build_from_missing_data, seeds=20, workers=workers)
        assert multiprocessing.active_children() == []

    def test_one_that_dies_is_one_clear_error(self) -> None:
        with pytest.raises(NNError, match=r"^3 worker processes died at the same run.*--workers 1"):
            race(toy_runs.build_and_die, workers=2)
        assert multiprocessing.active_children() == []


class TestDivergence:
    WILD = settings_of(optimizer="gradient-descent", learning_rate=1e60, dtype="float32")

    def test_it_is_reported_and_the_others_go_on(self) -> None:
        calm = settings_of()
        compared = race(trials=[("wild", self.WILD), ("calm", calm)])
        wild, other = compared.trials
        for curve in wild.curves:
            assert curve.diverged is not None
            assert "non-finite" in curve.diverged
            assert math.isnan(curve.final("validation_accuracy"))
            assert len(curve.losses) == len(curve.steps) < 5
        assert wild.final_losses == [math.inf, math.inf]
        assert math.isnan(wild.final("validation_accuracy"))
        assert wild.final("validation_loss") == math.inf
        assert compared.steps_to_baseline(wild) == math.inf
        assert all(math.isfinite(loss) for loss in other.final_losses)
        assert [curve.diverged for curve in other.curves] == [None, None]

    def test_the_reference_may_diverge(self) -> None:
        compared = race(trials=[("calm", settings_of())], baseline=self.WILD)
        assert all(map(math.isfinite, compared.baseline_losses))


def curve_of(*losses: float, accuracy: float = 0.5, diverged: str | None = None) -> Curve:
    steps = [10 * i for i in range(len(losses))]
    seconds = [0.5 * i for i in range(len(losses))]
    metrics = {"training_loss": list(losses), "validation_accuracy": [accuracy] * len(losses)}
    return Curve(0, steps, list(range(len(losses))), seconds, metrics, diverged)


class TestFigures:
    @pytest.mark.parametrize(("loss", "step"), [(3.0, 0), (2.0, 10), (1.5, 20), (1.0, 20), (0.9, None), (-1.0, None)])
    def test_steps_to_a_loss_are_to_the_first_that_is_no_higher(self, loss: float, step: int | None) -> None:
        assert curve_of(3.0, 2.0, 1.0, 2.5, 1.0).steps_to(loss) == step

    def test_a_loss_that_is_no_number_reaches_nothing(self) -> None:
        assert curve_of(math.nan, math.inf).steps_to(1.0) is None

    def test_those_of_a_trial_are_medians_over_its_seeds(self) -> None:
        curves = (curve_of(5, 1, accuracy=0.2), curve_of(6, 3, accuracy=0.9), curve_of(7, 2))
        trial = Trial("a", curves)
        assert trial.final_losses == [1, 3, 2]
        assert trial.final("validation_accuracy") == 0.5
        assert trial.seconds == 0.5

    def test_steps_to_the_target_are_the_median_or_never(self) -> None:
        curves = (curve_of(5, 1), curve_of(5, 4, 1), curve_of(5, 4))
        compared = Comparison((Trial("a", curves),), (0, 1, 2), (1.0, 1.0, 1.0))
        assert compared.steps_to_baseline(compared.trials[0]) == 20
        harder = replace(compared, baseline_losses=(1.0, 0.5, 0.5))
        assert harder.steps_to_baseline(compared.trials[0]) == math.inf

    def test_the_accuracy_does_not_depend_on_which_seed_diverged(self) -> None:
        good, better = curve_of(1, accuracy=0.8), curve_of(1, accuracy=0.9)
        lost = curve_of(1, accuracy=math.nan, diverged="the loss is nan")
        found = {
            str(Trial("a", curves).final("validation_accuracy"))
            for curves in ((lost, good, better), (good, lost, better), (better, good, lost))
        }
        assert len(found) == 1


def test_an_interruption_goes_through_and_takes_the_bar_away(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr("nn_core.progress_bar.Progress.close", lambda self: closed.append(True))

    def build(settings: Settings) -> Trainer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        race(build)
    assert closed == [True]


def test_progress_counts_the_runs(capsys: pytest.CaptureFixture[str]) -> None:
    race(trials=RACE[1:])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [f"run {count}/6" for count in range(1, 7)]
