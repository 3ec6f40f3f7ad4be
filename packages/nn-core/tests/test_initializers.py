"""Weight initializers: their variance, their bounds, and the same bits for the same seed."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from nn_core import initializers
from nn_core.arrays import Array
from nn_core.errors import SettingError
from nn_core.initializers import INITIALIZERS, fans, initializer
from nn_core.layers import Dense
from nn_core.network import Network

Draw = Callable[..., Array]

# Variance from (fan_in, fan_out), as the papers give it.
VARIANCES: dict[str, Callable[[int, int], Fraction]] = {
    "xavier": lambda i, o: Fraction(2, i + o),
    "xavier-uniform": lambda i, o: Fraction(2, i + o),
    "glorot": lambda i, o: Fraction(2, i + o),
    "glorot-uniform": lambda i, o: Fraction(2, i + o),
    "lecun": lambda i, o: Fraction(1, i),
    "lecun-uniform": lambda i, o: Fraction(1, i),
    "he": lambda i, o: Fraction(2, i),
    "he-uniform": lambda i, o: Fraction(2, i),
    "normal:scale=0.5": lambda i, o: Fraction(1, 4),
    "normal": lambda i, o: Fraction(1, 10_000),
}
UNIFORM = [text for text in VARIANCES if text.endswith("uniform")]
NORMAL = [text for text in VARIANCES if text not in UNIFORM]
# Far from square, so that fan-in is not fan-out, and once a 3 x 5 kernel from 40 to 20 channels.
SHAPES = {(300, 50): (300, 50), (50, 300): (50, 300), (3, 5, 40, 20): (600, 300)}


def draw(text: str, shape: tuple[int, ...], seed: int = 0) -> Array:
    return initializer(text)(shape, rng=np.random.default_rng(seed))


def test_every_initializer_is_in_a_list_here() -> None:
    tested = {text.partition(":")[0] for text in VARIANCES} | {"zeros", "ones", "orthogonal"}
    assert tested == set(INITIALIZERS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", VARIANCES)
def test_mean_and_variance_are_those_of_the_rule(text: str, shape: tuple[int, ...]) -> None:
    weights = draw(text, shape)
    assert weights.shape == shape
    assert weights.dtype == np.float64
    expected = float(VARIANCES[text](*SHAPES[shape]))
    # The standard errors of a mean and, at most (for a normal law), of a variance; five of each.
    count = weights.size
    assert abs(weights.mean()) < 5 * math.sqrt(expected / count)
    assert abs(weights.var() / expected - 1) < 5 * math.sqrt(2 / count)


@pytest.mark.parametrize("text", UNIFORM)
def test_uniform_weights_fill_their_bounds_evenly(text: str) -> None:
    weights = draw(text, (200, 100))
    limit = math.sqrt(3 * VARIANCES[text](200, 100))
    assert abs(weights).max() <= limit
    assert abs(weights).max() > 0.999 * limit
    counts, _ = np.histogram(weights, bins=10, range=(-limit, limit))
    # 2,000 in each tenth, give or take five standard deviations of sqrt(20,000 * 0.1 * 0.9).
    assert abs(counts - 2000).max() < 5 * math.sqrt(1800)


@pytest.mark.parametrize("text", NORMAL)
def test_normal_weights_have_the_tails_of_a_normal_law(text: str) -> None:
    weights = draw(text, (200, 100))
    deviations = abs(weights) / weights.std()
    # 31.73% lie beyond one standard deviation, 4.55% beyond two (a uniform law has none).
    assert abs((deviations > 1).mean() - 0.3173) < 0.02
    assert abs((deviations > 2).mean() - 0.0455) < 0.01


def test_zeros_are_zeros_and_ones_are_ones() -> None:
    np.testing.assert_array_equal(draw("zeros", (3, 2)), np.zeros((3, 2)))
    np.testing.assert_array_equal(draw("ones", (3, 2)), np.ones((3, 2)))


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (1, 6), (6, 1), (1, 1)])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_keeps_lengths_on_the_smaller_side(shape: tuple[int, ...], gain: float) -> None:
    W = draw(f"orthogonal:gain={gain}", shape)
    assert W.shape == shape
    gram = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(min(shape)), rtol=0, atol=1e-13)


def test_an_orthogonal_kernel_is_a_matrix_from_the_fan_in_to_the_channels() -> None:
    W = draw("orthogonal", (3, 3, 2, 5)).reshape(18, 5)
    np.testing.assert_allclose(W.T @ W, np.eye(5), rtol=0, atol=1e-13)


def test_orthogonal_matrices_are_drawn_evenly() -> None:
    # Without the correction of signs, Householder QR makes the diagonal lean to one side; a
    # uniform draw has mean 0 and, in 3 dimensions, variance 1/3.
    diagonals = np.array([np.diagonal(draw("orthogonal", (3, 3), seed)) for seed in range(400)])
    assert abs(diagonals.mean(axis=0)).max() < 5 * math.sqrt(1 / 3 / 400)


@pytest.mark.parametrize("text", sorted(INITIALIZERS.keys() - {"zeros", "ones"}))
def test_a_seed_gives_its_bits_again_and_another_seed_others(text: str) -> None:
    np.testing.assert_array_equal(draw(text, (6, 4), 3), draw(text, (6, 4), 3))
    assert not np.array_equal(draw(text, (6, 4), 3), draw(text, (6, 4), 4))


def test_the_fans_by_hand() -> None:
    assert fans((3, 5)) == (3, 5)
    assert fans((2, 4, 3, 5)) == (2 * 4 * 3, 2 * 4 * 5)
    assert fans((7,)) == (7, 7)


def test_two_names_for_one_rule() -> None:
    assert INITIALIZERS["glorot"] is INITIALIZERS["xavier"] is initializers.xavier_normal
    assert INITIALIZERS["glorot-uniform"] is INITIALIZERS["xavier-uniform"]
    assert INITIALIZERS["he"] is initializers.he_normal


def test_each_layer_has_the_initializer_that_it_names() -> None:
    network = Network(
        [Dense(50, initializer="zeros"), Dense(50, initializer="normal:scale=3"), Dense(50, initializer="orthogonal")],
        input_shape=(50,),
        rng=np.random.default_rng(0),
        dtype=np.float64,
    )
    first, second, third = (network.params[f"{index}/W"] for index in range(3))
    assert not first.any()
    assert 2.8 < second.std() < 3.2
    np.testing.assert_allclose(third.T @ third, np.eye(50), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hee", "unknown initializer 'hee'; did you mean 'he'?"),
        ("Xavier", "did you mean 'xavier'?"),
        ("qqqq", "choose from glorot, .*zeros"),
        ("normal:scales=1", "no setting 'scales'; did you mean 'scale'?"),
        ("he:gain=2", "initializer 'he' has no setting 'gain'; it has none"),
        ("normal:scale=wide", "scale must be a number, not 'wide'"),
    ],
)
def test_a_wrong_text_says_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        initializer(text)
    with pytest.raises(SettingError, match=message):
        Dense(3, initializer=text)


def test_a_negative_scale_is_refused() -> None:
    with pytest.raises(SettingError, match="scale must be at least 0, not -1"):
        draw("normal:scale=-1", (2, 2))
