"""One engine, called from several threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nn_core.engine.engine import Engine
from nn_core.layers import Conv2D, Dense, Flatten, ReLU
from nn_core.network import Network

NETWORK = Network([Conv2D(4, 3), ReLU(), Flatten(), Dense(3)], input_shape=(8, 8, 2), seed=0)
X = np.random.default_rng(0).normal(size=(8, 300, 8, 8, 2)).astype(np.float32)


def test_predictions_do_not_mix() -> None:
    for threads in (1, 2):
        engine = Engine(NETWORK, threads=threads)
        alone = [Engine(NETWORK).predict(x)[0] for x in X]
        with ThreadPoolExecutor(4) as callers:
            together = list(callers.map(lambda x, engine=engine: engine.predict(x)[0], X))
        for one, other in zip(alone, together, strict=True):
            # A BLAS with threads of its own may round otherwise.
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_predictor_can_be_pickled_after_use() -> None:
    predictor = Engine(NETWORK).frozen()
    expected = predictor.predict(X[0])[0]
    again = pickle.loads(pickle.dumps(predictor))
    assert again.frozen
    np.testing.assert_array_equal(again.predict(X[0])[0], expected)
