"""`novelty`, `heatmap` and `vanish` as they are typed, and the maths behind the last two."""

import numpy as np
import pytest
from char_rnn_dino.naming import names_like
from char_rnn_dino.preparing import names_of
from char_rnn_dino.reading_along import read_along
from char_rnn_dino.vanishing import gradients_back
from commands import DINO, json_of, refusal, succeed, trained_on_names
from small_models import AB, chance_of, network_of

from char_rnn_dino.model import DINO_GEN, load_model
from char_rnn_dino.settings import NameSettings, settings_of
from nn_core.errors import DataError, SettingError
from nn_core.layers import CELLS, Dense, Embedding
from nn_core.losses import sequence_cross_entropy
from nn_core.network import Network


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return trained_on_names(tmp_path_factory.mktemp("names"), "--layers", 2, "--epochs", 30)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, instead of their files."""
    figures = []
    monkeypatch.setattr(
        "char_rnn_dino.drawing.save_figure", lambda figure, path: figures.append(figure)
    )
    return figures


def labels_of(figure):
    return {text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())}


class TestNovelty:
    def test_what_it_counts(self, model):
        found = json_of(DINO, "novelty", "--model", model, "--count", 80, "--temperatures", "0,1")
        _, learned, held = names_of(settings_of(load_model(model, DINO_GEN), NameSettings))
        assert (found["learned"], found["count"]) == (len(learned), 80) == (36, 80)
        greedy = succeed(DINO, "--model", model, "--temperature", 0, "--count", 1).stdout
        cold, warm = found["rows"]
        name = greedy.strip().lower()
        assert cold["temperature"] == 0
        assert cold["duplicates"] == pytest.approx(79 / 80)
        assert cold["copies"] == (name in learned)
        assert cold["length"] == len(name)
        assert (cold["distance"] == 0) == (name in learned + held)
        assert warm["duplicates"] < cold["duplicates"]

    def test_copies_are_names_that_were_learned_and_not_held_back(self, tmp_path):
        well = ("--epochs", 60, "--hidden", 24, "--learning-rate", 0.02)
        model = trained_on_names(tmp_path, *well)
        asked = ("--model", model, "--count", 300, "--temperatures", 0.7, "--seed", 5)
        (row,) = json_of(DINO, "novelty", *asked)["rows"]
        loaded = load_model(model, DINO_GEN)
        _, learned, _ = names_of(settings_of(loaded, NameSettings))
        (rng,) = np.random.default_rng(5).spawn(1)
        made = names_like(loaded.network, loaded.vocabulary, "", 300, rng=rng, temperature=0.7)
        assert 0 < row["copies"] == pytest.approx(sum(name in learned for name in made) / 300)

    def test_a_table_and_a_figure(self, model, drawn):
        asked = ("--model", model, "--count", 30, "--temperatures", "1.5,0.5")
        lines = succeed(DINO, "novelty", *asked, "--figure", "n.png").stdout.splitlines()
        assert lines[0].endswith("names.txt: 36 names learned, 30 made at each temperature")
        assert lines[1].split() == ["temperature", "copies", "duplicates", "distance", "length"]
        assert [line.split()[0] for line in lines[2:]] == ["1.5", "0.5"]
        (figure,) = drawn
        assert {"temperature", "share of the names made", "letters, in the mean"} <= labels_of(
            figure
        )
        for axes in figure.axes:
            for line in axes.lines:
                assert list(line.get_xdata()) == [0.5, 1.5]

    def test_a_seed_decides(self, model):
        asked = ("novelty", "--model", model, "--count", 40, "--temperatures", "1")
        one, again, other = (json_of(DINO, *asked, "--seed", seed) for seed in (1, 1, 2))
        assert one == again != other

    def test_it_stands_where_it_was_asked_for(self, model, tmp_path):
        asked = ("novelty", "--model", model, "--count", 5, "--temperatures", "1")
        succeed(DINO, *asked)
        assert (tmp_path / "novelty.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize("wrong", ["", "1,,2", "a", "-1", "nan", "1;2"])
    def test_temperatures_that_are_none(self, wrong):
        assert "'--temperatures'" in refusal(DINO, "novelty", "--temperatures", wrong, status=2)

    def test_a_figure_in_place_of_the_model(self, tmp_path):
        (tmp_path / "m.png").write_text("x")
        line = refusal(DINO, "novelty", "--model", "m.png", "--figure", "m.png", status=2)
        assert "--figure would overwrite --model" in line


class TestReadingAlong:
    def test_the_probabilities_are_those_of_the_network(self):
        network = network_of(AB)
        reading = read_along(network, AB, "abba")
        assert reading.following.tolist() == [1, 2, 2, 1, 0]
        chances = reading.probabilities[np.arange(5), reading.following]
        assert chances.prod() == pytest.approx(chance_of(network, AB, "abba", whole=True))
        np.testing.assert_allclose(reading.probabilities.sum(axis=1), 1)

    def test_the_states_of_each_layer(self):
        chain = [Embedding(3, 3), CELLS["rnn"](4), CELLS["lstm"](5), Dense(3, "xavier")]
        rng = np.random.default_rng(0)
        network = Network(chain, input_shape=(), rng=rng, dtype=np.float64, over_time=True)
        W, *_ = (views["W"] for views in network.parameter_views if "W" in views)
        first, last = read_along(network, AB, "ab", 1), read_along(network, AB, "ab")
        rnn = network.parameter_views[1]
        h = np.zeros(4)
        for t, token in enumerate([0, 1, 2]):
            h = np.tanh(W[token] @ rnn["W_x"] + h @ rnn["W_h"] + rnn["b"])
            np.testing.assert_allclose(first.states[t], h)
        assert (first.layer, last.layer) == (1, 2)
        logits = last.states @ network.parameter_views[3]["W"]
        p = np.exp(logits + network.parameter_views[3]["b"])
        np.testing.assert_allclose(last.probabilities, p / p.sum(axis=1, keepdims=True))

    @pytest.mark.parametrize("layer", [0, 2])
    def test_a_layer_that_there_is_not(self, layer):
        with pytest.raises(SettingError, match=f"no recurrent layer {layer}; the network has 1"):
            read_along(network_of(AB), AB, "a", layer)

    def test_a_network_without_memory(self):
        network = Network([Embedding(3, 3), Dense(3)], input_shape=(), over_time=True)
        with pytest.raises(DataError, match="no recurrent layer to look at"):
            read_along(network, AB, "a")


class TestHeatmap:
    def test_the_table(self, model):
        lines = succeed(DINO, "heatmap", "Kira", "--model", model).stdout.splitlines()
        assert lines[0].split() == ["read", "next", "probability", "likeliest"]
        assert [line.split()[0] for line in lines[2:]] == ["k", "ki", "kir", "kira"]
        assert lines[-1].split()[1] == "end"

    def test_for_machines(self, model):
        found = json_of(DINO, "heatmap", "Kira", "--model", model, "--layer", 1)
        assert found["layer"] == 1
        assert [place["next"] for place in found["places"]] == ["k", "i", "r", "a", ""]
        assert np.shape(found["states"]) == (5, 8)
        for place in found["places"]:
            chances = [one["probability"] for one in place["likeliest"]]
            assert chances == sorted(chances, reverse=True)

    def test_the_figure(self, model, drawn):
        succeed(DINO, "heatmap", "Kira", "--model", model)
        (figure,) = drawn
        state, following = figure.axes[:2]
        assert state.images[0].get_array().shape == (8, 5)
        assert state.images[0].get_clim() == (-1, 1)
        assert following.images[0].get_array().shape == (18, 5)
        assert following.images[0].get_clim() == (0, 1)
        places = [text.get_text() for text in following.get_xticklabels()]
        assert places == ["start", "k", "i", "r", "a"]
        letters = [text.get_text() for text in following.get_yticklabels()]
        marked = [letters[int(y)] for y in following.lines[0].get_ydata()]
        assert marked == ["k", "i", "r", "a", "end"]

    @pytest.mark.parametrize("units", [1, 20, 21, 300])
    def test_units_are_in_order_and_few_are_named(self, drawn, tmp_path, units):
        model = trained_on_names(tmp_path, "--hidden", units, "--epochs", 1)
        succeed(DINO, "heatmap", "a", "--model", model)
        ticks = [text.get_text() for text in drawn[0].axes[0].get_yticklabels()]
        assert len(ticks) <= 21
        assert ticks[0] == "1"

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("", "a name has at least one letter"),
            ("Kir4", "a name cannot begin with 'Kir4': 4 is not among a b"),
            ("ki ra", "' ' is not among"),
            ("a" * 61, "a name of 61 letters is too long to be drawn; 60 fit"),
        ],
    )
    def test_no_name(self, model, tmp_path, name, said):
        assert said in refusal(DINO, "heatmap", name, "--model", model, status=2)
        assert list(tmp_path.iterdir()) == []

    def test_no_such_layer(self, model):
        line = refusal(DINO, "heatmap", "a", "--model", model, "--layer", 3, status=2)
        assert line == "there is no recurrent layer 3; the network has 2"


def followed(cell, *, steps=6, scale=1.0, clip_norm=5.0, hidden=7):
    rng = np.random.default_rng(0)
    return gradients_back(
        cell, hidden=hidden, steps=steps, scale=scale, clip_norm=clip_norm, rng=rng
    )


class TestGradientsBack:
    def test_those_of_the_plain_cell_by_its_formula(self):
        """The same draws, and dL/dh[t-1] = (dL/dh[t] (1 - h[t]^2)) @ W_h^T."""
        found = followed("rnn", scale=1.7)
        chain = [Embedding(32, 27), CELLS["rnn"](7), Dense(27, "xavier")]
        rng = np.random.default_rng(0)
        network = Network(chain, input_shape=(), rng=rng, dtype=np.float64, over_time=True)
        embedding, rnn, dense = network.parameter_views
        text = rng.integers(27, size=(16, 7))
        W_h = 1.7 * rnn["W_h"]
        states = [np.zeros((16, 7))]
        for t in range(6):
            x = embedding["W"][text[:, t]]
            states.append(np.tanh(x @ rnn["W_x"] + states[-1] @ W_h + rnn["b"]))
        p = np.exp(states[-1] @ dense["W"] + dense["b"])
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(16), text[:, 6]] -= 1
        d_h = p / 16 @ dense["W"].T
        norms = [np.linalg.norm(d_h)]
        for h in states[:0:-1]:
            d_h = (d_h * (1 - h * h)) @ W_h.T
            norms.append(np.linalg.norm(d_h))
        np.testing.assert_allclose(found.state, np.array(norms) / norms[0])

    @pytest.mark.parametrize("cell", CELLS)
    def test_it_goes_back_no_further_than_it_was_followed(self, cell):
        found = followed(cell)
        assert found.state.shape == (7,)
        assert found.state[0] == 1
        assert found.weights.shape == found.clipped.shape == (6,)
        assert found.growth == pytest.approx(found.state[-1] ** (1 / 6))

    @pytest.mark.parametrize("cell", CELLS)
    def test_all_steps_together_are_one_pass_over_the_whole_text(self, cell):
        found = followed(cell, clip_norm=1e9)
        chain = [Embedding(32, 27), CELLS[cell](7), Dense(27, "xavier")]
        rng = np.random.default_rng(0)
        network = Network(chain, input_shape=(), rng=rng, dtype=np.float64, over_time=True)
        text = rng.integers(27, size=(16, 7))
        targets = np.full((16, 6), -1)
        targets[:, -1] = text[:, -1]
        contexts = network.contexts()
        logits, caches = network.forward(text[:, :-1], contexts)
        _, d_logits = sequence_cross_entropy(logits, targets)
        network.backward(d_logits, caches, contexts)
        last = np.linalg.norm(d_logits[:, -1] @ network.parameter_views[2]["W"].T)
        first = np.linalg.norm(contexts[1].d_initial_state)  # of h, and of c where there is one
        assert found.state[-1] == pytest.approx(first / last)
        assert found.weights[-1] == pytest.approx(np.linalg.norm(network.gradients))

    def test_clipped_is_never_longer_than_it_may_be(self):
        found = followed("rnn", steps=30, scale=4.0, hidden=32, clip_norm=2.0)
        assert found.weights.max() > 100
        np.testing.assert_allclose(found.clipped, np.minimum(found.weights, 2.0))

    @pytest.mark.parametrize("cell", CELLS)
    def test_larger_weights_let_more_through(self, cell):
        left = [followed(cell, steps=20, scale=scale, hidden=32).state[-1] for scale in (0.5, 3)]
        assert left[0] < 1e-2 < left[1]


class TestVanish:
    def test_a_sentence_for_each(self, drawn):
        said = succeed(DINO, "vanish", "--steps", 30, "--scales", "0.5,3").stdout.splitlines()
        assert [line.split(":")[0] for line in said] == [
            f"{cell}, recurrent weights x {scale}" for cell in CELLS for scale in ("0.5", "3")
        ]
        assert "the state's gradient vanishes" in said[0]
        assert said[0].endswith("needs no clipping")
        assert "the state's gradient explodes" in said[1]
        assert said[1].endswith(" to 5")
        (figure,) = drawn
        assert len(figure.axes) == 6
        assert {axes.get_yscale() for axes in figure.axes} == {"log"}
        assert {"steps back from the last", "|dL/dweights|, from the last steps"} <= labels_of(
            figure
        )

    def test_for_machines(self, tmp_path):
        found = json_of(DINO, "vanish", "--cell", "gru", "--steps", 5, "--scales", 1, "--seed", 2)
        (row,) = found["rows"]
        assert (row["cell"], row["scale"]) == ("gru", 1)
        assert (len(row["state"]), len(row["weights"]), len(row["clipped"])) == (6, 5, 5)
        assert (tmp_path / "vanish.png").exists()

    def test_the_seed_decides(self):
        asked = ("vanish", "--cell", "rnn", "--steps", 3, "--scales", 1, "--seed")
        one, again, other = (json_of(DINO, *asked, seed) for seed in (1, 1, 2))
        assert one == again != other

    def test_nothing_left_is_drawn_as_nothing(self):
        said = succeed(
            DINO, "vanish", "--cell", "rnn", "--steps", 400, "--scales", "0.001", "--hidden", 4
        ).stdout
        assert "vanishes, times 0.00 a step, 0 of it after 400 steps back" in said

    def test_past_all_numbers(self, tmp_path):
        asked = ("--cell", "rnn", "--steps", 1000, "--scales", 30)
        line = refusal(DINO, "vanish", *asked, status=1)
        assert line.startswith("the gradient of rnn with recurrent weights x 30 grows past all")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--scales", "0"), ("--scales", "1,-1"), ("--cell", "vanilla"), ("--steps", "0"),
         ("--hidden", "0"), ("--clip-norm", "0"), ("--figure", "v.gif")],
    )  # fmt: skip
    def test_what_makes_no_sense(self, option, value):
        assert f"'{option}'" in refusal(DINO, "vanish", option, value, status=2)
