"""Paired differences, budgets and profiles: by hand, by counting, and against SciPy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.cli.tuning.expected_best import expected_best, expected_choice
from nn_core.cli.tuning.paired import holm, null_distribution, paired_difference, signed_rank_p
from nn_core.cli.tuning.performance_profile import performance_profile

small = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=8)


class TestSignedRank:
    def test_the_distribution_is_that_of_all_signs(self) -> None:
        counted = np.zeros(11)
        for signs in itertools.product((0, 1), repeat=4):
            counted[sum(rank for rank, sign in zip((1, 2, 3, 4), signs, strict=True) if sign)] += 1 / 16
        np.testing.assert_allclose(null_distribution([1, 2, 3, 4]), counted)

    @given(differences=small)
    def test_p_is_the_share_of_signs_that_are_as_extreme(self, differences: list[float]) -> None:
        nonzero = [each for each in differences if each]
        if not nonzero:
            assert signed_rank_p(differences) == 1.0
            return
        sizes = sorted(map(abs, nonzero))
        ranks = [sizes.index(abs(each)) + (sizes.count(abs(each)) + 1) / 2 for each in nonzero]
        half = sum(ranks) / 2
        observed = abs(sum(rank for rank, each in zip(ranks, nonzero, strict=True) if each > 0) - half)
        extreme = [
            abs(sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign) - half) >= observed - 1e-9
            for signs in itertools.product((0, 1), repeat=len(ranks))
        ]
        assert signed_rank_p(differences) == pytest.approx(sum(extreme) / len(extreme))

    def test_scipy_agrees(self) -> None:
        stats = pytest.importorskip("scipy.stats")
        rng = np.random.default_rng(0)
        for _ in range(20):
            d = rng.normal(0.3, 1, 10)
            assert signed_rank_p(d.tolist()) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


class TestPairedDifference:
    def test_ten_differences_by_hand(self) -> None:
        # d = 1 ... 10: the means of pairs are 1, 1.5, 2, 2, ..., 10; P(W <= 8) = 25/1024 <= 0.025 < P(W <= 9).
        found = paired_difference([float(i) for i in range(1, 11)], [0.0] * 10)
        means = sorted((i + j) / 2 for i in range(1, 11) for j in range(i, 11))
        assert found.estimate == 5.5
        assert (found.low, found.high) == (means[8], means[-9])
        assert found.p == pytest.approx(2 / 1024)
        assert found.verdict == "higher"

    @pytest.mark.parametrize("n", [6, 7, 8, 10])
    def test_it_excludes_zero_exactly_where_the_test_rejects_it(self, n: int) -> None:
        # Under the null hypothesis all 2^n patterns of signs are equally likely: the coverage is a count, not a sample.
        sizes = np.random.default_rng(n).exponential(size=n)
        clear = 0
        for signs in itertools.product((1, -1), repeat=n):
            found = paired_difference((sizes * signs).tolist(), [0.0] * n)
            assert (found.verdict != "no clear difference") == (found.p <= 0.05)
            clear += found.verdict != "no clear difference"
        assert clear / 2**n <= 0.05

    def test_the_other_way_round_is_the_opposite(self) -> None:
        rng = np.random.default_rng(1)
        a, b = rng.normal(size=(2, 9)).tolist()
        one, other = paired_difference(a, b), paired_difference(b, a)
        assert (one.estimate, one.low, one.high, one.p) == (-other.estimate, -other.high, -other.low, other.p)

    @pytest.mark.parametrize("n", [1, 3, 5])
    def test_few_seeds_leave_everything_open(self, n: int) -> None:
        found = paired_difference([1.0] * n, [0.0] * n)
        assert (found.low, found.high) == (-math.inf, math.inf)
        assert found.verdict == "no clear difference"

    def test_diverged_runs_are_the_worst_and_both_diverged_are_equal(self) -> None:
        inf = math.inf
        found = paired_difference([inf] * 8 + [inf], [1.0] * 8 + [inf])
        assert found.estimate == inf
        assert found.verdict == "higher"
        assert paired_difference([inf] * 8, [inf] * 8).p == 1.0
        assert not math.isnan(paired_difference([inf, 1.0], [1.0, inf]).estimate)

    def test_the_interval_covers_the_truth_as_often_as_it_says(self) -> None:
        rng = np.random.default_rng(2)
        covered = 0
        for _ in range(300):
            found = paired_difference((rng.standard_t(3, 10) + 0.5).tolist(), [0.0] * 10)
            covered += found.low <= 0.5 <= found.high
        assert covered / 300 > 0.92

    @pytest.mark.parametrize(("a", "b"), [([], []), ([1.0], [1.0, 2.0])])
    def test_other_numbers_of_values_are_refused(self, a: list[float], b: list[float]) -> None:
        with pytest.raises(ValueError, match="as many of each"):
            paired_difference(a, b)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_choosing_the_best_by_the_same_losses_calls_equal_methods_different_in_8_percent() -> None:
    # The number of docs/optimizers.md; 0.05 would need a best that is chosen by other losses.
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(600):
        losses = rng.exponential(size=(8, 10))
        best = np.argmin(np.median(losses, axis=1))
        p = holm([signed_rank_p((losses[i] - losses[best]).tolist()) for i in range(8) if i != best])
        false += min(p) < 0.05
    assert false / 600 == pytest.approx(0.08, abs=0.03)


class TestBudget:
    @given(losses=st.lists(st.integers(0, 5).map(float), min_size=1, max_size=6))
    def test_it_is_the_mean_over_all_subsets(self, losses: list[float]) -> None:
        for n, found in enumerate(expected_best(losses), start=1):
            subsets = list(itertools.combinations(losses, n))
            assert found == pytest.approx(sum(map(min, subsets)) / len(subsets))

    @given(pairs=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9).map(float)), min_size=1, max_size=6))
    def test_a_choice_is_judged_elsewhere(self, pairs: list[tuple[int, float]]) -> None:
        chosen_by = [100.0 * value + i for i, (value, _) in enumerate(pairs)]  # without ties
        judged = [loss for _, loss in pairs]
        for n, found in enumerate(expected_choice(chosen_by, judged), start=1):
            subsets = list(itertools.combinations(range(len(pairs)), n))
            expected = sum(judged[min(subset, key=lambda i: chosen_by[i])] for subset in subsets) / len(subsets)
            assert found == pytest.approx(expected)

    def test_diverged_trials_count_only_where_they_cannot_be_avoided(self) -> None:
        assert expected_best([math.inf, 1.0, 2.0]) == [math.inf, pytest.approx(4 / 3), 1.0]


class TestProfile:
    def test_three_problems_by_hand(self) -> None:
        profile = performance_profile({"a": [10.0, 30.0, math.inf], "b": [20.0, 10.0, 7.0]})
        assert profile == {"a": [(1.0, 1 / 3), (3.0, 2 / 3)], "b": [(1.0, 2 / 3), (2.0, 1.0)]}

    def test_what_nobody_solves_counts_for_nobody(self) -> None:
        assert performance_profile({"a": [math.inf, 1.0]}) == {"a": [(1.0, 0.5)]}
