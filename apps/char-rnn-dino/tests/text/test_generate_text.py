"""Text that goes on, token by token."""

import numpy as np
import pytest
from char_rnn_dino.writing import written
from small_models import network_of

from char_rnn_dino.vocabulary import UNKNOWN, join, of_text, split
from nn_core.errors import SettingError

CHARACTERS = of_text("abc \n")
WORDS = of_text("the bone , the bone . we we dug dug , .\n\n", unit="word")


def text_of(prime, length=30, *, vocabulary=CHARACTERS, seed=0, **settings):
    network = network_of(vocabulary)
    rng = np.random.default_rng(seed)
    return "".join(written(network, vocabulary, prime, length, rng=rng, **settings))


@pytest.mark.parametrize("length", [1, 7, 250])
def test_so_many_characters_and_the_beginning_is_not_repeated(length):
    text = text_of("cab", length)
    assert len(text) == length
    assert set(text) <= set("abc \n")


def test_greedy_follows_the_network():
    network = network_of(CHARACTERS)
    text = "ab"
    for _ in range(12):
        logits = network.predict(CHARACTERS.encode(text)[None])[0, -1]
        text += CHARACTERS.tokens[int(logits.argmax())]
    assert "ab" + text_of("ab", 12, temperature=0) == text


def test_what_was_read_matters():
    texts = {text_of(prime, seed=3) for prime in ("aaaa", "bbbb", "cccc")}
    assert len(texts) > 1


def test_it_comes_as_it_is_made():
    network = network_of(CHARACTERS)
    parts = written(network, CHARACTERS, "", 10**9, rng=np.random.default_rng(0))
    assert len(next(parts)) == len(next(parts)) == 1


def test_of_no_beginning():
    assert text_of("") == text_of("\n")
    assert len(text_of("", vocabulary=of_text("ab"))) == 30


def test_the_seed_decides():
    assert text_of("a", seed=1) == text_of("a", seed=1) != text_of("a", seed=2)


def test_words_are_written_with_blanks_and_never_unknown():
    text = text_of("the bone", 400, vocabulary=WORDS, temperature=3.0)
    assert len(split(text, "word")) == 400
    assert set(split(text, "word")) == set(WORDS.tokens) - {UNKNOWN}
    assert text == join(split(text, "word"), "word", before="bone")


def test_an_unknown_word_can_be_read():
    assert len(text_of("the skull", 5, vocabulary=WORDS)) > 0


def test_a_beginning_that_cannot_be_read_is_refused_before_anything_is_written():
    network, rng = network_of(CHARACTERS), np.random.default_rng(0)
    with pytest.raises(SettingError, match=r"the beginning 'xa' has characters .*: x; it knows"):
        written(network, CHARACTERS, "xa", 5, rng=rng)
