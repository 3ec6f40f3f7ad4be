"""Spaces and samplers: what is accepted, where points lie, and that rounds decide alone."""

import math
from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import SettingError
from nn_core.sweeps.samplers import sampler
from nn_core.sweeps.sobol import MOST_DIMENSIONS, sobol_points
from nn_core.sweeps.space import Choices, Range, Space, parse_space

OPTIONS = ("learning-rate", "hidden", "dropout", "optimizer", "batch-size", "schedule")
SPACE: Space = {"a": Range(1e-4, 1.0, log=True), "b": Range(1, 6, whole=True), "c": Choices(("x", "y", "z"))}


def accept(name: str, value: str) -> bool:
    if value == "bad":
        raise SettingError(f"the space has an invalid value of {name}")
    return name == "batch-size"


def parsed(text: str, options: Collection[str] = OPTIONS) -> Space:
    return parse_space(text, options, accept)


class TestSpace:
    def test_ranges_log_ranges_and_choices(self) -> None:
        found = parsed("learning-rate=log:1e-4:1, hidden=16|64|64,64 ,dropout=0:0.5,batch-size=log:8:128")
        assert found == {
            "learning-rate": Range(1e-4, 1.0, log=True),
            "hidden": Choices(("16", "64", "64,64")),
            "dropout": Range(0.0, 0.5),
            "batch-size": Range(8, 128, log=True, whole=True),
        }

    def test_commas_and_colons_may_belong_to_choices(self) -> None:
        found = parsed("schedule=constant|cosine:warmup=5,final=0.1,optimizer=adam|momentum:beta=0.9")
        assert found == {
            "schedule": Choices(("constant", "cosine:warmup=5,final=0.1")),
            "optimizer": Choices(("adam", "momentum:beta=0.9")),
        }

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "the space is empty"),
            ("hidden", "is not name=values"),
            ("=3", "is not name=values"),
            ("hiden=3", "unknown setting 'hiden'; did you mean 'hidden'"),
            ("hidden=3,hidden=4", "hidden twice"),
            ("dropout=0.5:0.1", "does not go from a smaller to a larger"),
            ("dropout=0.5:0.5", "does not go from a smaller to a larger"),
            ("learning-rate=log:0:1", "a log scale needs positive numbers"),
            ("learning-rate=log:-1:1", "a log scale needs positive numbers"),
            ("learning-rate=1:1e999", "not finite"),
            ("hidden=a|a", "a choice is there twice"),
            ("hidden=a|bad", "invalid value of hidden"),
        ],
    )
    def test_others_are_one_line(self, text: str, message: str) -> None:
        with pytest.raises(SettingError, match=message):
            parsed(text)

    @given(u=st.floats(0, 1, exclude_max=True))
    def test_values_are_in_their_range(self, u: float) -> None:
        assert 1e-4 <= float(SPACE["a"].at(u)) <= 1
        assert SPACE["b"].at(u) in {"1", "2", "3", "4", "5", "6"}
        assert SPACE["c"].at(u) in {"x", "y", "z"}

    def test_whole_numbers_have_equal_shares(self) -> None:
        values = [int(SPACE["b"].at((i + 0.5) / 6000)) for i in range(6000)]
        assert np.bincount(values)[1:].tolist() == [1000] * 6


class TestSobol:
    def test_the_first_points_of_two_axes_by_hand(self) -> None:
        expected = [(0, 0), (0.5, 0.5), (0.75, 0.25), (0.25, 0.75), (0.375, 0.375), (0.875, 0.875)]
        np.testing.assert_array_equal(sobol_points(6, 2), expected)

    def test_scipy_has_the_same_points(self) -> None:
        qmc = pytest.importorskip("scipy.stats.qmc")
        expected = qmc.Sobol(MOST_DIMENSIONS, scramble=False, bits=32).random(128)
        np.testing.assert_array_equal(sobol_points(128, MOST_DIMENSIONS), expected)

    @pytest.mark.parametrize("seed", [None, 0, 1])
    def test_every_interval_has_its_point(self, seed: int | None) -> None:
        cells = np.floor(32 * sobol_points(32, MOST_DIMENSIONS, seed=seed)).astype(int)
        for column in cells.T:
            assert sorted(column) == list(range(32))

    def test_more_axes_are_refused(self) -> None:
        space = {str(i): Range(0, 1) for i in range(MOST_DIMENSIONS + 1)}
        with pytest.raises(SettingError, match=f"{MOST_DIMENSIONS} dimensions at most"):
            sampler("sobol", space, 0)


@pytest.mark.parametrize("name", ["random", "sobol", "tpe"])
class TestSamplers:
    def test_a_seed_gives_the_same_trials(self, name: str) -> None:
        if name == "tpe":
            pytest.importorskip("optuna")

        def drawn(seed: int) -> list[dict[str, str]]:
            made, all_values = sampler(name, SPACE, seed), []
            for _ in range(3):
                values = made.ask(5)
                made.tell([float(each["a"]) for each in values], [False] * 5)
                all_values += values
            return all_values

        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)
        assert len({tuple(values.items()) for values in drawn(1)}) > 10

    def test_losses_may_be_infinite(self, name: str) -> None:
        if name == "tpe":
            pytest.importorskip("optuna")
        made = sampler(name, SPACE, 0)
        made.ask(2)
        made.tell([math.inf, 1.0], [False, True])
        assert len(made.ask(2)) == 2
