"""The search for learning rates: the same rates and seed for all, and the lowest mean loss wins."""

import math
from statistics import fmean

import pytest
import toy_runs
from toy_runs import settings_of

from nn_core.cli.execution import Execution
from nn_core.cli.rate_search import RateSearch, search_rates

RATES = (1.0, 0.01, 0.1)


@pytest.fixture(scope="module")
def found() -> RateSearch:
    settings = {name: settings_of(optimizer=name, learning_rate=None) for name in ("momentum", "adam")}
    return search_rates(toy_runs.build, settings, RATES, execution=Execution(1))


def test_the_loss_is_the_mean_over_the_run_of_each_rate(found: RateSearch) -> None:
    assert found.rates == (0.01, 0.1, 1.0)
    assert found.seed == 3
    for name, losses in found.losses.items():
        for rate, loss in zip(found.rates, losses, strict=True):
            trainer = toy_runs.build(settings_of(optimizer=name, learning_rate=rate))
            start = trainer.evaluate(*trainer.examples)["loss"]
            trainer.run()
            assert loss == fmean([start, *trainer.state.history.columns["training_loss"]])


def test_the_best_has_the_lowest(found: RateSearch) -> None:
    for name, losses in found.losses.items():
        assert losses[found.rates.index(found.best(name))] == min(losses)


def test_the_number_of_workers_changes_no_bit(found: RateSearch) -> None:
    settings = {name: settings_of(optimizer=name, learning_rate=None) for name in ("momentum", "adam")}
    assert search_rates(toy_runs.build, settings, RATES, execution=Execution(2)) == found


def test_a_rate_at_an_end_of_the_range_is_remarked() -> None:
    search = RateSearch(0, (0.1, 1.0, 10.0), {"low": (1, 2, 3), "middle": (2, 1, 3), "high": (3, 2, 1)})
    assert search.remarks() == [
        "low: 0.1 is the lowest of the learning rates; a lower one may be better",
        "high: 10 is the highest of the learning rates; a higher one may be better",
    ]
    assert RateSearch(0, (0.1,), {"only": (1,)}).remarks() == []


def test_runs_that_diverge_are_the_worst_and_null_in_json() -> None:
    search = RateSearch(0, (0.1, 1.0), {"wild": (math.inf, math.inf), "calm": (2.0, math.inf)})
    assert (search.best("wild"), search.best("calm")) == (0.1, 0.1)
    assert search.to_dict() == {
        "seed": 0,
        "rates": (0.1, 1.0),
        "criterion": "mean training loss over the run",
        "losses": {"wild": [None, None], "calm": [2.0, None]},
        "best": {"wild": 0.1, "calm": 0.1},
    }


def test_a_run_that_diverges_is_never_chosen() -> None:
    settings = {"wild": settings_of(optimizer="gradient-descent", dtype="float32")}
    search = search_rates(toy_runs.build, settings, (0.01, 1e39), execution=Execution(1))
    assert math.isfinite(search.losses["wild"][0])
    assert search.losses["wild"][1] == math.inf


def test_progress_says_that_it_is_a_search(capsys: pytest.CaptureFixture[str]) -> None:
    search_rates(toy_runs.build, {"adam": settings_of(optimizer="adam")}, (0.1, 0.2), execution=Execution(1))
    assert capsys.readouterr().err.splitlines() == ["search 1/2", "search 2/2"]
