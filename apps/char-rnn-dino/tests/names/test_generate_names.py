"""Names drawn from a network with the probabilities that it predicts."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from small_models import AB, names_drawn, network_of, probability_of

from char_rnn_dino.names.generate_names import GeneratedName, encode_prefix, generate_names
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.errors import DataError, SettingError
from nn_core.network import Network

LETTERS = Vocabulary(("\n", "a", "b", "é"), lowercase=True)


def drawn(
    count: int = 200,
    start: str = "",
    *,
    seed: int = 0,
    network: Network | None = None,
    vocabulary: Vocabulary = AB,
    **settings: Any,
) -> list[str]:
    network = network or network_of(vocabulary)
    rng = np.random.default_rng(seed)
    return names_drawn(network, vocabulary, start, count, rng=rng, **settings)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("start", ["", "b"])
def test_frequencies_match_the_predicted_probabilities(start: str, temperature: float) -> None:
    network, count, longest = network_of(AB), 20_000, 3
    names = drawn(count, start, network=network, temperature=temperature, max_length=longest)
    p = {
        name: probability_of(network, AB, name, ends=len(name) < longest, temperature=temperature, start=start)
        for length in range(1, longest + 1)
        for name in map("".join, product("ab", repeat=length))
        if name.startswith(start)
    }
    total = sum(p.values())  # less than 1 by the empty name, which is drawn again
    assert set(names) <= set(p)
    for name, probability in p.items():
        share = probability / total
        deviation = np.sqrt(share * (1 - share) / count)
        assert abs(names.count(name) / count - share) < 4.5 * deviation, name


def test_greedy_is_deterministic_and_the_limit_of_low_temperatures() -> None:
    for seed in range(5):
        network = network_of(LETTERS, seed=seed)
        greedy = set(drawn(5, "a", network=network, vocabulary=LETTERS, temperature=0))
        cold = set(drawn(5, "a", network=network, vocabulary=LETTERS, temperature=1e-4))
        assert len(greedy) == 1
        assert greedy == cold


def test_top_k_of_one_is_greedy() -> None:
    assert drawn(9, "a", top_k=1) == drawn(9, "a", temperature=0)
    assert drawn(9, "a", top_p=1e-9) == drawn(9, "a", temperature=0)


def test_the_start_counts_as_part_of_the_name() -> None:
    for start in ("a", "ab", "bbb"):
        names = drawn(start=start, max_length=4)
        assert all(name.startswith(start) and len(name) <= 4 for name in names)
    assert {"aa", "ab", "a"} >= set(drawn(start="a", max_length=2))
    assert "a" in drawn(start="a", max_length=2)


def test_a_start_of_the_maximum_length() -> None:
    assert drawn(3, "ab", max_length=2) == ["ab"] * 3
    with pytest.raises(SettingError, match="'ab' is longer than the maximum length of 1"):
        drawn(3, "ab", max_length=1)


def test_names_are_not_empty() -> None:
    network = network_of(AB)
    network.params["2/b"][0] = 3.0  # the end is likely from the beginning
    assert all(drawn(300, network=network))


def test_the_start_may_be_in_capitals() -> None:
    assert drawn(5, "AB") == drawn(5, "ab")


def test_excluded_names_are_not_drawn() -> None:
    excluded = set(drawn(max_length=3)) - {"aba"}
    assert "a" in excluded
    assert set(drawn(50, max_length=3, exclude=excluded)).isdisjoint(excluded)


def test_a_known_name_with_spaces_around_it_is_not_new() -> None:
    spaced = Vocabulary(("\n", " ", "a", "b"), lowercase=True)
    names = drawn(200, vocabulary=spaced, exclude=["a"], max_length=4)
    assert all(names)
    assert "a" not in {name.strip() for name in names}
    assert names == [name.strip() for name in names]


def test_all_names_excluded() -> None:
    with pytest.raises(DataError, match="found only 0 of 5 new names; try a higher temperature"):
        drawn(5, max_length=1, exclude=["a", "b"])


def test_the_count_is_reached_even_if_some_are_excluded() -> None:
    assert len(drawn(700, exclude=["a"])) == 700


def test_a_seed_reproduces_the_names() -> None:
    assert drawn(seed=1) == drawn(seed=1) != drawn(seed=2)


@pytest.mark.parametrize("start", ["c", "a1", " ", "a b", "\n", "a\n", "-", "\u0000", "\u2028"])
def test_the_message_for_an_unknown_letter_lists_the_known_ones(start: str) -> None:
    with pytest.raises(SettingError, match=r"cannot start with .*: unknown .*; choose from a b$") as error:
        encode_prefix(AB, start)
    assert str(error.value).isprintable()


def test_the_prefix_begins_with_the_end_token() -> None:
    np.testing.assert_array_equal(encode_prefix(LETTERS, "éA"), [0, 3, 1])
    np.testing.assert_array_equal(encode_prefix(LETTERS, ""), [0])


def test_groups_are_drawn_as_they_are_asked_for() -> None:
    """So that the first of a million names does not wait for the last."""
    groups = generate_names(network_of(AB), AB, "", 1_000_000, rng=np.random.default_rng(0), max_length=5, threads=2)
    first = next(groups)
    assert 0 < len(first) <= 512
    groups.close()


def test_threads_make_no_difference() -> None:
    one, two = (drawn(3000, seed=4, threads=threads) for threads in (1, 2))
    assert one == two


def test_a_name_that_ends_at_the_maximum_length_is_not_cut() -> None:
    network = network_of(AB)
    groups = generate_names(network, AB, "", 500, rng=np.random.default_rng(0), max_length=2)
    found = {name for group in groups for name in group}
    assert {GeneratedName("ab", True), GeneratedName("ab", False), GeneratedName("a", True)} <= found
    assert GeneratedName("a", False) not in found


def test_a_start_in_another_form_of_unicode() -> None:
    names = drawn(5, "E\u0301", vocabulary=LETTERS)
    assert all(name.startswith("é") for name in names)
