"""How many examples pass together, from shapes alone."""

import numpy as np
import pytest

from nn_core.engine import micro_batches
from nn_core.engine.engine import Engine
from nn_core.engine.micro_batches import micro_batch_size, predict_parts, training_cut
from nn_core.engine.plan import Plan
from nn_core.layers import GRU, LSTM, BatchNorm, Conv2D, Dense, Embedding, Layer, SimpleRNN
from nn_core.network import Network

PLAIN = Network([Dense(2)], input_shape=(3,))
NORMED = Network([BatchNorm(), Dense(2)], input_shape=(3,))
OVER_TIME = Network([LSTM(2)], input_shape=(None, 3))


@pytest.mark.parametrize(
    ("N", "plain", "normed"),
    [
        (3, (1, 1), 1),
        (4, (2, 1), 1),
        (6, (2, 1), 2),
        (7, (4, 1), 2),
        (12, (4, 1), 2),
        (13, (4, 2), 2),
        (18, (4, 2), 3),
        (90, (4, 8), 4),
    ],
)
def test_one_shard_two_or_four(N: int, plain: tuple[int, int], normed: int) -> None:
    assert training_cut(PLAIN, 3, None, N) == plain
    assert training_cut(NORMED, 3, None, N) == (normed, 1)
    assert training_cut(OVER_TIME, 3, None, N) == (1, 1)


def test_a_run_may_say_how_many_shards() -> None:
    assert training_cut(PLAIN, 3, 5, 30) == (5, 2)
    assert training_cut(PLAIN, 3, 5, 0) == (5, 1)
    assert training_cut(NORMED, 3, 5, 30) == (5, 1)
    assert training_cut(OVER_TIME, 3, 5, 30) == (5, 1)


def test_what_a_fused_layer_saves_counts() -> None:
    network = Network([Conv2D(80, 3, padding="same")], input_shape=(8, 8, 80))
    plain, fused = (micro_batch_size(network, Plan.of(network, "training", fused=fused)) for fused in (False, True))
    assert plain == micro_batches.TRAIN_BYTES // (4 * 8 * 8 * 80)
    assert fused == micro_batches.TRAIN_BYTES // (4 * (8 * 8 * 80 + 6 * 2 * 8 * 80))


@pytest.mark.parametrize(
    ("cell", "saved"),
    [
        (LSTM(50), 6 * 50),  # c, tanh(c) and four gates
        (GRU(50, reset_after=True), 4 * 50),  # three gates and what the third takes of h
        (SimpleRNN(50), 0),
    ],
)
def test_what_a_recurrent_layer_saves_counts(cell: Layer, saved: int) -> None:
    network = Network([cell], input_shape=(None, 3))
    found = micro_batch_size(network, Plan.of(network, "training"))
    assert found == micro_batches.TRAIN_BYTES // (4 * (50 + saved))


def test_long_sequences_are_predicted_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan.of(OVER_TIME, "inference")
    monkeypatch.setattr(micro_batches, "PREDICT_BYTES", 80 * 8)  # 80 examples of one step
    monkeypatch.setattr(micro_batches, "TRAIN_BYTES", 10 * 8)
    assert predict_parts(OVER_TIME, plan, 40, 1) == 4
    assert predict_parts(OVER_TIME, plan, 9, 1) == 1
    assert predict_parts(OVER_TIME, plan, 40, 20) == 10
    assert predict_parts(OVER_TIME, plan, 40, 1000) == 40
    assert predict_parts(OVER_TIME, plan, 79, 1, continued=True) == 1
    assert predict_parts(OVER_TIME, plan, 81, 1, continued=True) == 2


def test_a_large_set_is_predicted_in_parts() -> None:
    engine = Engine(PLAIN, threads=2)
    x = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    output, _ = engine.predict(x)
    np.testing.assert_allclose(output, x @ PLAIN.params["0/W"] + PLAIN.params["0/b"])
    assert predict_parts(PLAIN, engine.predictor.plan, 1000, 1) == 4


@pytest.mark.parametrize(("cell", "shape"), [(LSTM(2), (4, 9, 3)), (Embedding(6, 2), (4, 9))])
def test_parts_of_a_prediction_depend_on_the_steps_of_a_sequence(
    cell: Layer, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []

    def parts(network: Network, plan: Plan, N: int, steps: int, *, continued: bool) -> int:
        given.append((N, steps))
        return 1

    monkeypatch.setattr("nn_core.engine.predictor.predict_parts", parts)
    network = Network([cell], input_shape=(None, *shape[2:]))
    Engine(network).predict(np.ones(shape, np.int64 if len(shape) == 2 else np.float32))
    assert given == [(4, 9)]
