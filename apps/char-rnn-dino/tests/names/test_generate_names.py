"""Names drawn from a network: as likely as it says, and as they were asked for."""

from itertools import product

import numpy as np
import pytest
from char_rnn_dino.naming import names_like, prefix
from small_models import AB, chance_of, network_of

from char_rnn_dino.vocabulary import Vocabulary
from nn_core.errors import DataError, SettingError

LETTERS = Vocabulary(("\n", "a", "b", "é"), lower=True)


def drawn(count=200, start="", seed=0, network=None, vocabulary=AB, **settings):
    network = network_of(vocabulary) if network is None else network
    rng = np.random.default_rng(seed)
    return names_like(network, vocabulary, start, count, rng=rng, **settings)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("start", ["", "b"])
def test_as_often_as_the_network_says(start, temperature):
    network, count, longest = network_of(AB), 20_000, 3
    made = drawn(count, start, network=network, temperature=temperature, max_length=longest)
    p = {
        name: chance_of(
            network, AB, name, whole=len(name) < longest, temperature=temperature, start=start
        )
        for length in range(1, longest + 1)
        for name in map("".join, product("ab", repeat=length))
        if name.startswith(start)
    }
    total = sum(p.values())  # less than 1 by a name of no letter, which is drawn again
    assert set(made) <= set(p)
    for name, chance in p.items():
        share = chance / total
        spread = np.sqrt(share * (1 - share) / count)
        assert abs(made.count(name) / count - share) < 4.5 * spread, name


def test_greedy_is_the_same_each_time_and_the_limit_of_the_cold():
    for seed in range(5):
        network = network_of(LETTERS, seed=seed)
        greedy = set(drawn(5, "a", network=network, vocabulary=LETTERS, temperature=0))
        cold = set(drawn(5, "a", network=network, vocabulary=LETTERS, temperature=1e-4))
        assert len(greedy) == 1
        assert greedy == cold


def test_top_k_of_one_is_greedy():
    assert drawn(9, "a", top_k=1) == drawn(9, "a", temperature=0)
    assert drawn(9, "a", top_p=1e-9) == drawn(9, "a", temperature=0)


def test_the_start_stands_once_and_counts():
    for start in ("a", "ab", "bbb"):
        made = drawn(start=start, max_length=4)
        assert all(name.startswith(start) and len(name) <= 4 for name in made)
    assert {"aa", "ab", "a"} >= set(drawn(start="a", max_length=2))
    assert "a" in drawn(start="a", max_length=2)


def test_a_start_as_long_as_may_be():
    assert drawn(3, "ab", max_length=2) == ["ab"] * 3
    with pytest.raises(SettingError, match="'ab' is longer than 1 letters"):
        drawn(3, "ab", max_length=1)


def test_every_name_has_a_letter():
    network = network_of(AB)
    network.parameter_views[-1]["b"][0] = 3.0  # the end is likely from the beginning
    assert all(drawn(300, network=network))


def test_capitals_begin_as_small_letters_do():
    assert drawn(5, "AB") == drawn(5, "ab")


def test_known_names_do_not_come():
    known = set(drawn(max_length=3)) - {"aba"}
    assert "a" in known
    assert set(drawn(50, max_length=3, known=known)).isdisjoint(known)


def test_when_all_are_known():
    known = ["a", "b"]
    with pytest.raises(DataError, match="only 0 of 5 names were new; a higher temperature"):
        drawn(5, max_length=1, known=known)


def test_so_many_as_were_asked_for_even_if_some_are_known():
    assert len(drawn(700, known=["a"])) == 700


def test_the_seed_decides():
    assert drawn(seed=1) == drawn(seed=1) != drawn(seed=2)


@pytest.mark.parametrize("start", ["c", "a1", " ", "a b", "\n", "a\n", "-", "\u0000", "\u2028"])
def test_a_start_that_cannot_be_read_is_answered_with_the_letters_that_can(start):
    with pytest.raises(SettingError, match=r"cannot begin with .* is not among a b$") as error:
        prefix(AB, start)
    assert str(error.value).isprintable()


def test_the_end_of_a_name_is_read_before_the_start():
    np.testing.assert_array_equal(prefix(LETTERS, "éA"), [0, 3, 1])
    np.testing.assert_array_equal(prefix(LETTERS, ""), [0])
