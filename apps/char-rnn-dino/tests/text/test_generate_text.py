"""Text generated token by token."""

from typing import Any

import numpy as np
import pytest
from small_models import network_of

from char_rnn_dino.text.generate_text import generate_text
from char_rnn_dino.tokens import UNKNOWN, detokenize, tokenize
from char_rnn_dino.vocabulary import Vocabulary, build_vocabulary
from nn_core.errors import SettingError

CHARACTERS = build_vocabulary("abc \n")
WORDS = build_vocabulary("the bone , the bone . we we dug dug , .\n\n", unit="word")


def generated(
    prime: str, length: int = 30, *, vocabulary: Vocabulary = CHARACTERS, seed: int = 0, **settings: Any
) -> str:
    network, rng = network_of(vocabulary), np.random.default_rng(seed)
    return "".join(generate_text(network, vocabulary, prime, length, rng=rng, **settings))


@pytest.mark.parametrize("length", [1, 7, 250])
def test_the_length_is_that_of_the_new_text(length: int) -> None:
    text = generated("cab", length)
    assert len(text) == length
    assert set(text) <= set("abc \n")


def test_greedy_equals_the_argmax_of_the_network() -> None:
    network = network_of(CHARACTERS)
    text = "ab"
    for _ in range(12):
        logits = network.activations(CHARACTERS.encode(text)[None])[-1][0, -1]
        text += CHARACTERS.tokens[int(logits.argmax())]
    assert "ab" + generated("ab", 12, temperature=0) == text


def test_the_prompt_matters() -> None:
    texts = {generated(prime, seed=3) for prime in ("aaaa", "bbbb", "cccc")}
    assert len(texts) > 1


def test_tokens_are_generated_lazily() -> None:
    network = network_of(CHARACTERS)
    parts = generate_text(network, CHARACTERS, "", 10**9, rng=np.random.default_rng(0))
    assert len(next(parts)) == len(next(parts)) == 1


def test_an_empty_prompt_is_a_newline() -> None:
    assert generated("") == generated("\n")
    assert len(generated("", vocabulary=build_vocabulary("ab"))) == 30


def test_a_seed_reproduces_the_text() -> None:
    assert generated("a", seed=1) == generated("a", seed=1) != generated("a", seed=2)


def test_words_are_separated_by_spaces_and_never_unknown() -> None:
    text = generated("the bone", 400, vocabulary=WORDS, temperature=3.0)
    words = tokenize(text, "word")
    assert len(words) == 400
    assert set(words) == set(WORDS.tokens) - {UNKNOWN}
    assert text == detokenize(words, "word", previous="bone")


def test_the_prompt_may_have_unknown_words() -> None:
    assert len(generated("the skull", 5, vocabulary=WORDS)) > 0


def test_unknown_characters_are_an_error_before_anything_is_generated() -> None:
    network, rng = network_of(CHARACTERS), np.random.default_rng(0)
    with pytest.raises(SettingError, match=r"the prompt 'xa' has characters .*: x; it has"):
        generate_text(network, CHARACTERS, "xa", 5, rng=rng)
