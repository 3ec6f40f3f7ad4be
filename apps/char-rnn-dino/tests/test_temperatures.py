"""`temperatures` of both programs, with numbers by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import CHAR, DINO, train
from matplotlib.figure import Figure
from small_models import AB, network_of

from char_rnn_dino.model import Model
from char_rnn_dino.temperatures import AtTemperature, compare_temperatures, next_logits, token_names
from char_rnn_dino.tokens import UNKNOWN
from char_rnn_dino.vocabulary import Vocabulary
from nn_core.errors import SettingError
from nn_core.layers import Dense, Embedding
from nn_core.network import Network


@pytest.fixture(autouse=True)
def in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def model_with(logits: list[float], vocabulary: Vocabulary = AB) -> Model:
    """A model of which the logits are always the same."""
    V = len(vocabulary)
    network = Network([Embedding(V, 2), Dense(V)], input_shape=(None,), seed=0, dtype=np.float64)
    network.params["1/W"][...] = 0.0
    network.params["1/b"][...] = logits
    return Model(network, vocabulary, {}, "", 40, None)  # type: ignore[arg-type]


def test_probabilities_by_hand() -> None:
    """exp(z/T) for z = ln 1, ln 2, ln 4: 1, 2, 4 at T = 1; squares at T = 1/2; roots at T = 2; the largest at 0."""
    asked: list[dict[str, Any]] = []

    def draw(**settings: Any) -> list[str]:
        asked.append(settings)
        return ["aa"]

    model = model_with(np.log([1, 2, 4]).tolist())
    logits, found = compare_temperatures(model, np.array([0]), [1, 0.5, 2, 0, 1], draw)
    np.testing.assert_allclose(np.exp(logits), [1, 2, 4])
    assert [each.temperature for each in found] == [1, 0.5, 2, 0]
    expected = np.array([[1, 2, 4], [1, 4, 16], [1, 2**0.5, 2], [0, 0, 1]])
    np.testing.assert_allclose([each.softmax for each in found], expected / expected.sum(axis=1, keepdims=True))
    assert asked[1] == {"temperature": 0.5, "top_k": None, "top_p": None}
    assert found[0].samples == ("aa",)


def test_top_k_and_top_p_by_hand() -> None:
    """Of 1/7, 2/7, 4/7: the two largest are 2/6 and 4/6; the largest alone reaches 0.5."""
    model = model_with(np.log([1, 2, 4]).tolist())
    (two,) = compare_temperatures(model, np.array([0]), [1], lambda **_: [""], top_k=2)[1]
    np.testing.assert_allclose(two.probabilities, [0, 1 / 3, 2 / 3])
    np.testing.assert_allclose(two.softmax, [1 / 7, 2 / 7, 4 / 7])
    (one,) = compare_temperatures(model, np.array([0]), [1], lambda **_: [""], top_p=0.5)[1]
    np.testing.assert_allclose(one.probabilities, [0, 0, 1])


@pytest.mark.parametrize(("p", "perplexity"), [([0, 1, 0], 1), ([0.5, 0.5, 0], 2), ([0.25, 0.25, 0.5], 8**0.5)])
def test_perplexity(p: list[float], perplexity: float) -> None:
    """exp of the entropy; ln 2 (0.25 * 2 + 0.25 * 2 + 0.5) = 1.5 ln 2 in the last case."""
    values = np.array(p)
    assert AtTemperature(1.0, values, values, ()).perplexity == pytest.approx(perplexity)


def test_logits_are_those_after_the_whole_prefix() -> None:
    network = network_of(AB)
    prefix = np.resize([0, 1, 2, 2], 230)
    np.testing.assert_allclose(next_logits(network, prefix, AB), network.activations(prefix[None])[-1][0, -1])


def test_unknown_words_are_never_next() -> None:
    words = Vocabulary((UNKNOWN, "we", "dug"), "word")
    (found,) = compare_temperatures(model_with([9, 1, 1], words), np.array([1]), [1], lambda **_: [""])[1]
    np.testing.assert_allclose(found.softmax, [0, 0.5, 0.5])


def test_more_temperatures_than_fit() -> None:
    with pytest.raises(SettingError, match="9 temperatures do not fit in a figure; the limit is 6"):
        compare_temperatures(model_with([0, 0, 0]), np.array([0]), range(1, 10), lambda **_: [""])


def test_names_of_tokens() -> None:
    vocabulary = Vocabulary(("\n", " ", "\t", "\x07", "a"))
    assert token_names(vocabulary, end="end") == ["end", "space", "tab", "'\\x07'", "a"]


def test_dino_gen(figures: list[Figure]) -> None:
    asked = ("--start", "Ty", "--temperatures", "0.2,1,2", "--show", 4, "--count", 3)
    found = DINO.json("temperatures", *asked)
    assert found["start"] == "Ty"
    assert [row["temperature"] for row in found["rows"]] == [0.2, 1, 2]
    assert all(len(row["samples"]) == 3 for row in found["rows"])
    assert all(name.startswith("Ty") for row in found["rows"] for name in row["samples"])
    perplexities = [row["perplexity"] for row in found["rows"]]
    assert perplexities == sorted(perplexities)
    axes = figures[0].axes
    assert [each.get_title(loc="left") for each in axes[:3]] == ["T = 0.2", "T = 1", "T = 2"]
    assert [text.get_text() for text in axes[0].get_yticklabels()] == [*found["rows"][0]["next"], "23 others"]
    widths = [patch.get_width() for patch in axes[1].patches[5:]]  # type: ignore[attr-defined]
    assert widths[:4] == pytest.approx(list(found["rows"][1]["next"].values()))
    assert sum(widths) == pytest.approx(1, abs=1e-6)
    assert axes[0].get_xlim() == (0, 1)
    assert [text.get_text() for text in axes[4].texts] == found["rows"][1]["samples"]


def test_what_is_excluded_is_hatched(figures: list[Figure]) -> None:
    found = DINO.json("temperatures", "--start", "Ty", "--temperatures", "1", "--show", 4, "--count", 1, "--top-k", 2)
    kept = list(found["rows"][0]["next"].values())
    excluded, drawn = (figures[0].axes[0].patches[part] for part in (slice(0, 5), slice(5, 10)))
    assert [bar.get_width() for bar in drawn[:4]] == pytest.approx(kept)  # type: ignore[attr-defined]
    assert [bar.get_width() > 0 for bar in excluded[:4]] == [False, False, True, True]  # type: ignore[attr-defined]
    assert [bool(bar.get_hatch()) for bar in (excluded[0], drawn[0])] == [True, False]


def test_a_seed_reproduces_the_text_output() -> None:
    asked = ("temperatures", "--count", 2, "--seed")
    one, again, other = (DINO.succeed(*asked, seed).stdout for seed in (1, 1, 2))
    assert one == again != other
    assert one.startswith("temperature 0.2: ")
    assert len(one.splitlines()) == 4 * 3


def test_char_rnn(tmp_path: Path, figures: list[Figure]) -> None:
    model = train(CHAR, tmp_path)
    asked = ("temperatures", "--model", model, "--start", "The river ", "--length", 30, "--temperatures", "0,1")
    found = CHAR.json(*asked)
    ((greedy,), (text,)) = (row["samples"] for row in found["rows"])
    assert len(greedy) == len(text) == 40
    assert text.startswith("The river ")
    assert found["rows"][0]["perplexity"] == 1
    said = CHAR.succeed(*asked, "--top-k", 2, "--top-p", 0.9, "--style", "slide").stdout
    assert said.startswith("temperature 0: ")
    note = figures[1]._supxlabel.get_text()  # type: ignore[attr-defined]
    assert note.replace("\n", " ").endswith("Hatched: excluded by top-k 2 and top-p 0.9")
    assert "not in the model's vocabulary" in CHAR.refusal("temperatures", "--model", model, "--start", "€", status=2)


def test_invalid_starts() -> None:
    assert "cannot start with 'T9'" in DINO.refusal("temperatures", "--start", "T9", status=2)
    line = DINO.refusal("temperatures", "--temperatures", "1,2,3,4,5,6,7,8,9", status=2)
    assert line == "9 temperatures do not fit in a figure; the limit is 6"
