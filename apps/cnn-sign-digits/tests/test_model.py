"""The answer for a photo is the mean over the ways to look at it."""

import numpy as np
import pytest

from cnn_sign_digits.model import INPUT_SHAPE, Model
from cnn_sign_digits.preparing import views
from nn_core.batches.augmentation import augmentation, turned
from nn_core.layers import Dense, Flatten
from nn_core.metrics import probabilities
from nn_core.network import Network


def test_the_mean_over_turned_and_mirrored_photos() -> None:
    rng = np.random.default_rng(3)
    layers = [Flatten(), Dense(3, "normal:scale=0.0001")]
    network = Network(layers, input_shape=INPUT_SHAPE, rng=rng)
    x = rng.integers(0, 256, (5, *INPUT_SHAPE), np.uint8)
    looks = ((0.0, False), (0.0, True), (20.0, False), (-20.0, True))
    model = Model(network, ("a", "b", "c"), {}, "", looks, None)

    mirrored = np.ascontiguousarray(x[:, :, ::-1])
    seen = [x, mirrored, turned(x, 20), turned(mirrored, -20)]
    each = [probabilities(network.predict(photos)) for photos in seen]
    assert np.ptp(each, axis=0).max() > 0.01
    np.testing.assert_allclose(model.probabilities(x), np.mean(each, axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.exp(model.logits(x)), model.probabilities(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        ("none", [(0, False)]),
        ("standard:mirror=no,rotation=20", [(0, False)]),
        ("standard:mirror=yes,rotation=20", [(0, False), (0, True)]),
        ("standard:mirror=no,rotation=45", [(0, False), (20, False), (-20, False)]),
    ],
)
def test_views_are_those_that_training_knew(
    trained: str, expected: list[tuple[float, bool]]
) -> None:
    assert views(augmentation(trained)) == expected
