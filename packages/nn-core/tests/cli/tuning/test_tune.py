"""Tuning: the same budget for each, fresh seeds, and one half of the validation set for each of two purposes."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
import toy_runs
from toy_runs import settings_of

from nn_core.cli.curve import Curve
from nn_core.cli.execution import Execution
from nn_core.cli.sweep import run_all
from nn_core.cli.tuning.report import tuning_json, tuning_table
from nn_core.cli.tuning.space import Candidate, draw, edges, space_of
from nn_core.cli.tuning.tune import SPECIAL_CASES, Tuned, Tuning, tune
from nn_core.cli.tuning.workload import Suite, Workload, find_workloads
from nn_core.errors import DataError, SettingError
from nn_core.optim.optimizers import OPTIMIZERS, optimizer

BASE = settings_of(epochs=2, learning_rate=None, seed=5)
NAMES = ("gradient-descent", "momentum", "adam")


@pytest.fixture(scope="module")
def tuned() -> Tuning:
    return tune(toy_runs.build, BASE, NAMES, trials=3, seeds=7)


class TestSpace:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_every_optimizer_declares_one_whose_ends_it_takes(self, name: str) -> None:
        space = space_of(name)
        low, high = space["learning_rate"]
        assert 0 < low < optimizer(name).base_rate < high
        for end in (0, 1):
            values = {each: limits[end] for each, limits in space.items()}
            optimizer(Candidate(name, values).spec)

    def test_settings_in_the_name_are_not_searched(self) -> None:
        assert "1-beta" not in space_of("momentum:beta=0.9")
        assert Candidate("momentum:beta=0.9", {"learning_rate": 0.1}).spec == "momentum:beta=0.9"
        with pytest.raises(SettingError, match="nothing to tune"):
            space_of("gradient-descent:learning_rate=0.1")

    def test_candidates_are_log_uniform_and_depend_on_the_seed_alone(self) -> None:
        rates = [math.log(each.learning_rate or 1) for each in draw("adam", 2000, 0)]
        low, high = map(math.log, space_of("adam")["learning_rate"])
        counts, _ = np.histogram(rates, bins=4, range=(low, high))
        assert (abs(counts - 500) < 100).all()
        assert draw("adam", 3, 0) == draw("adam", 5, 0)[:3]
        assert draw("adam", 3, 1) != draw("adam", 3, 0)

    def test_a_rate_near_the_end_is_remarked_on(self) -> None:
        assert "near the upper end of 0.0001 to 1; a higher rate" in edges(Candidate("adam", {"learning_rate": 0.9}))[0]
        assert "near the lower end" in edges(Candidate("adam", {"learning_rate": 1.1e-4}))[0]
        assert edges(Candidate("adam", {"learning_rate": 0.01})) == []

    @pytest.mark.parametrize(("general", "special"), SPECIAL_CASES.items())
    def test_special_cases_are_in_the_spaces_of_the_general_ones(self, general: str, special: str) -> None:
        gradients = np.random.default_rng(0).normal(size=(60, 4))

        def path(spec: str, rate: float) -> Any:
            made, w = optimizer(spec), np.ones(4)
            state = made.init(w)
            for t, g in enumerate(gradients, start=1):
                made.decay(w, rate)
                made.update(w, g, state, learning_rate=rate, step=t)
            return w

        if special == "gradient-descent":
            assert space_of(general)["1-beta"][1] == 1.0
            np.testing.assert_allclose(path(f"{general}:beta=0", 0.1), path(special, 0.1), rtol=1e-12)
        elif special == "adam":
            np.testing.assert_allclose(path("adamw:weight_decay=0", 0.1), path("adam", 0.1))
        else:  # epsilon = 1e6: w -= (rate / epsilon) m / (1 - beta^t)
            np.testing.assert_allclose(
                path("adam:epsilon=1e6,beta1=0.5", 1e5), path("momentum:beta=0.5", 0.1), atol=0.15
            )


class TestTune:
    def test_each_has_the_same_budget(self, tuned: Tuning) -> None:
        assert [each.name for each in tuned.tuned] == list(NAMES)
        assert {len(each.trials) for each in tuned.tuned} == {3}
        assert {len(each.curves) for each in tuned.tuned} == {7}

    def test_the_seeds_that_judge_are_fresh(self, tuned: Tuning) -> None:
        assert tuned.seeds == (6, 7, 8, 9, 10, 11, 12)
        for each in tuned.tuned:
            assert {curve.seed for _, curve in each.trials} == {5}
            assert tuple(curve.seed for curve in each.curves) == tuned.seeds

    def test_the_best_is_chosen_by_one_half_and_judged_by_the_other(self, tuned: Tuning) -> None:
        for each in tuned.tuned:
            losses = each.trial_losses("choosing_loss")
            assert losses[each.best] == min(losses)
            assert each.losses == [curve.metrics["judging_loss"][-1] for curve in each.curves]

    def test_the_halves_are_the_validation_set(self) -> None:
        (curve,) = run_all(toy_runs.build, [BASE], halves=True).values()
        trainer = toy_runs.build(BASE)
        trainer.run()
        x, y = trainer.validation or ((), ())
        for first, name in enumerate(("choosing_loss", "judging_loss")):
            expected = trainer.evaluate(x[first::2], y[first::2])["loss"]
            assert curve.metrics[name][-1] == pytest.approx(expected, rel=1e-6)

    def test_data_without_a_validation_set_is_one_line(self) -> None:
        with pytest.raises(DataError, match=r"^no validation set to choose and to judge by"):
            tune(build_without_validation, BASE, NAMES, trials=1, seeds=1)

    def test_the_bits_do_not_depend_on_the_workers(self, tuned: Tuning) -> None:
        other = tune(toy_runs.build, BASE, NAMES, trials=3, seeds=7, execution=Execution(2))
        assert tuning_json(other) == tuning_json(tuned)

    def test_a_target_that_nobody_reaches_is_infinitely_far(self) -> None:
        found = tune(toy_runs.build, BASE, NAMES[:1], trials=1, seeds=2, target=-1.0)
        assert found.tuned[0].steps_to(found.target) == [math.inf, math.inf]
        assert "never" in tuning_table(found)


def build_without_validation(settings: Any) -> Any:
    trainer = toy_runs.build(settings)
    trainer.validation = None
    return trainer


def made(name: str, losses: list[float], rate: float = 0.01) -> Tuned:
    """An optimizer with these losses, and one trial."""

    def curve(loss: float) -> Curve:
        metrics = {"training_loss": [1.0, 1.0], "choosing_loss": [1.0, loss], "judging_loss": [1.0, loss]}
        return Curve(0, [0, 10], [0, 1], [0.0, 1.0], metrics, diverged=None if math.isfinite(loss) else "diverged")

    candidate = Candidate(name, {"learning_rate": rate})
    return Tuned(name, ((candidate, curve(min(losses))),), 0, tuple(map(curve, losses)))


def tuning_of(*each: Tuned) -> Tuning:
    return Tuning(each, tuple(range(len(each[0].curves))), target=0.5)


LOW = [0.1 + 0.01 * i for i in range(10)]


class TestVerdicts:
    def test_a_clear_difference_is_called_so(self) -> None:
        found = tuning_of(made("adam", LOW), made("momentum", [loss + 0.2 for loss in LOW]))
        assert found.best.name == "adam"
        assert [(other.name, verdict) for other, _, verdict in found.against_best()] == [("momentum", "higher")]
        assert "no clear difference" not in tuning_table(found)

    def test_noise_is_not(self) -> None:
        noise = [loss + 0.001 * (-1) ** i for i, loss in enumerate(LOW)]
        found = tuning_of(made("adam", LOW), made("momentum", noise))
        assert [verdict for *_, verdict in found.against_best()] == ["no clear difference"]
        assert "no clear difference" in tuning_table(found)

    def test_many_comparisons_ask_for_more(self) -> None:
        """Two seeds of ten against it, with small differences: clear alone, and not among nine."""
        others = [loss + 0.02 * (i + 1) * (-1 if i in {0, 3} else 1) for i, loss in enumerate(LOW)]
        alone = tuning_of(made("adam", LOW), made("momentum", others))
        assert 0.005 < alone.against_best()[0][1].p < 0.05
        crowd = tuning_of(made("adam", LOW), *(made(f"momentum:beta=0.{i}", others) for i in range(1, 10)))
        assert alone.against_best()[0][2] == "higher"
        assert {verdict for *_, verdict in crowd.against_best()} == {"no clear difference"}

    def test_losing_to_a_special_case_is_remarked_on(self) -> None:
        worse = [loss + 0.2 for loss in LOW]
        found = tuning_of(made("adamw", worse), made("adam", LOW))
        assert any(line.startswith("adamw loses to adam, its own special case") for line in found.remarks())
        assert not tuning_of(made("adamw", LOW), made("adam", worse)).remarks()

    def test_diverged_runs_are_infinite(self) -> None:
        found = tuning_of(made("adam", LOW), made("momentum", [math.inf] * 10))
        assert found.tuned[1].losses == [math.inf] * 10
        report = tuning_json(found)
        json.dumps(report, allow_nan=False)
        assert report["optimizers"][1]["median_loss"] is None
        assert "inf" in tuning_table(found)


class TestSuite:
    def test_costs_are_median_steps_to_the_target(self) -> None:
        problem = Workload("toy", "a toy", toy_runs.build, BASE, target=0.5)
        suite = Suite(((problem, tuning_of(made("adam", [0.1] * 3), made("momentum", [0.9] * 3))),))
        assert suite.costs() == {"adam": [10], "momentum": [math.inf]}
        assert suite.profile() == {"adam": [(1.0, 1.0)], "momentum": [(1.0, 0.0)]}

    def test_an_unknown_workload_is_one_line(self) -> None:
        with pytest.raises(SettingError, match="no such workload: 'mnist'"):
            find_workloads(["mnist"])

    def test_settings_keep_the_seed_of_the_data(self) -> None:
        fixed = dataclasses.replace(BASE, data_seed=3)
        assert fixed.split_seed == 3
        assert BASE.split_seed == BASE.seed
