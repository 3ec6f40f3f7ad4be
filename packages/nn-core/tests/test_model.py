"""Models for every kind of task, compared bit for bit with Trainer."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import TASKS, N, Task
from training_data import Stored

from nn_core.checkpoint import load as load_checkpoint
from nn_core.engine.engine import Engine
from nn_core.layers import Dense
from nn_core.losses import softmax_cross_entropy
from nn_core.model import Model
from nn_core.network import Network
from nn_core.optim.optimizers import Adam
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback, EarlyStopping
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer

CLASSES = TASKS["classes"]
QUICK: dict[str, Any] = {"epochs": 3, "seed": 4, "verbose": False}


def linear(weights: Any, loss: str = "softmax-cross-entropy", **settings: Any) -> Model:
    """A model of one Dense layer with these weights and without a bias."""
    W = np.array(weights, np.float32)
    network = Network([Dense(W.shape[1])], input_shape=(len(W),), rng=np.random.default_rng(0))
    network.params["0/W"][...] = W
    network.params["0/b"][...] = 0
    return Model(network, loss, **settings)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_fit_and_predict(task: Task) -> None:
    model = task.model()
    before = model.evaluate(task.x, task.y)
    history = model.fit(task.x, task.y, epochs=25, batch_size=16, validation=0.2, seed=0, verbose=False)
    after = model.evaluate(task.x, task.y)
    assert after["loss"] < 0.5 * before["loss"]
    assert history is model.history
    assert len(history) == 25
    assert set(after) == {"loss", "mean_absolute_error" if "error" in task.loss else "accuracy"}
    assert {f"{part}_{name}" for part in ("training", "validation") for name in after} < set(history.columns)
    answers = model.predict(task.x)
    assert answers.shape == task.outputs
    if "error" not in task.loss:
        assert answers.dtype.kind == "i"
        assert after["accuracy"] == np.mean(answers == task.y) > 0.8


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_matches_trainer_bit_for_bit(engine: Any) -> None:
    model = CLASSES.model(engine=engine, schedule="cosine", l2=0.01, clip_norm=1.0)
    model.fit(CLASSES.x, CLASSES.y, batch_size=16, **QUICK)

    network = CLASSES.model().network
    backend = Engine(network) if engine == "fast" else Reference(network)
    recipe = Recipe(
        softmax_cross_entropy, Adam(), learning_rate=0.03, schedule="cosine", l2=0.01, clip_norm=1.0, batch_size=16
    )
    trainer = Trainer(backend, CLASSES.x, CLASSES.y, recipe, epochs=3, seed=4, measure_training=True)
    trainer.run()
    assert model.network.vector.tobytes() == network.vector.tobytes()
    assert model.history.step_loss == trainer.state.history.step_loss
    assert model.history.columns["training_loss"] == trainer.state.history.columns["training_loss"]
    np.testing.assert_array_equal(model.logits(CLASSES.x), backend.predict(CLASSES.x)[0])


def test_results_do_not_depend_on_threads() -> None:
    one, two = (CLASSES.model(threads=threads, shards=3) for threads in (1, 2))
    for model in (one, two):
        model.fit(CLASSES.x, CLASSES.y, **QUICK)
    assert one.network.vector.tobytes() == two.network.vector.tobytes()


def test_predictions_by_hand() -> None:
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    classes = linear([[0, np.log(3)], [0, 0]])
    np.testing.assert_allclose(classes.probabilities(x), [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)
    assert classes.predict(x).tolist() == [1, 0]
    # -log 0.75 and -log 0.5
    assert classes.evaluate(x, [1, 1]) == {"loss": pytest.approx(-np.log(0.75 * 0.5) / 2), "accuracy": 0.5}

    binary = linear([[np.log(3)], [-np.log(3)]], "binary-cross-entropy")
    np.testing.assert_allclose(binary.probabilities(x), [[0.25, 0.75], [0.75, 0.25]], rtol=1e-6)
    assert binary.predict(x).tolist() == [1, 0]

    decisions = linear([[0, np.log(3)], [0, 0]], "binary-cross-entropy")
    np.testing.assert_allclose(decisions.probabilities(x), [[0.5, 0.75], [0.5, 0.5]], rtol=1e-6)
    assert decisions.predict(x).tolist() == [[0, 1], [0, 0]]

    number = linear([[2], [3]], "mean-squared-error")
    assert number.predict(x).tolist() == [2, 3]
    assert number.evaluate(x, [2, 5]) == {"loss": 2.0, "mean_absolute_error": 1.0}


def test_predictions_are_not_overwritten() -> None:
    model = CLASSES.model()
    first = model.logits(CLASSES.x)
    copy = first.copy()
    model.logits(-CLASSES.x)
    np.testing.assert_array_equal(first, copy)


def test_weighted_loss_by_hand() -> None:
    """3 examples of class 0 and 1 of class 1: balanced weights are 2/3 and 2."""
    model = linear([[0, np.log(3)], [0, 0]])
    x, y = np.array([[1.0, 0], [0, 1], [0, 1], [1, 0]]), [0, 0, 0, 1]
    losses = -np.log([0.25, 0.5, 0.5, 0.75])
    history = model.fit(x, y, class_weight="balanced", epochs=1, seed=0, verbose=False, measure_training=False)
    assert history.step_loss == [pytest.approx((losses * [2 / 3, 2 / 3, 2 / 3, 2]).sum() / 4)]

    model = linear([[0, np.log(3)], [0, 0]])
    settings: dict[str, Any] = {"class_weight": {1: 5}, "sample_weight": [1, 2, 1, 1]}
    history = model.fit(x, y, epochs=1, seed=0, verbose=False, measure_training=False, **settings)
    assert history.step_loss == [pytest.approx((losses * [1, 2, 1, 5]).sum() / 9)]

    model = linear([[0, np.log(3)], [0, 0]])
    weighted = model.evaluate(x, y, sample_weight=[1, 2, 1, 5])["loss"]
    assert weighted == pytest.approx((losses * [1, 2, 1, 5]).sum() / 9)


def test_zero_weight_removes_an_example() -> None:
    weights = np.ones(N)
    weights[60:] = 0
    whole, part = CLASSES.model(engine="reference"), CLASSES.model(engine="reference")
    whole.fit(CLASSES.x, CLASSES.y, sample_weight=weights, batch_size=None, **QUICK)
    part.fit(CLASSES.x[:60], CLASSES.y[:60], batch_size=None, **QUICK)
    np.testing.assert_allclose(whole.network.vector, part.network.vector, rtol=1e-4, atol=1e-6)


def test_class_weights_of_sequence_steps() -> None:
    task = TASKS["many to many"]
    model = task.model()
    model.fit(task.x, task.y, class_weight={0: 0.0}, **QUICK)
    assert model.history.step_loss[0] > 0


def test_validation_is_stratified() -> None:
    seen: list[Any] = []

    class Look(Callback):
        def on_epoch(self, state: TrainingState) -> None:
            seen.append(state.history.row(-1)["validation_loss"])

    y = np.array([0] * 60 + [1] * 30)
    model = TASKS["binary"].model()
    model.fit(CLASSES.x, y, validation=0.1, callbacks=Look(), **QUICK)
    assert len(seen) == 3
    assert model.history.columns["step"] == [3, 6, 9]  # 54 + 27 examples in batches of 32


def test_seed_determines_the_validation_split() -> None:
    def last(seed: int | None) -> tuple[float, int | None]:
        model = CLASSES.model()
        row = model.fit(CLASSES.x, CLASSES.y, validation=0.3, epochs=1, seed=seed, verbose=False).row(-1)
        return row["validation_loss"], model.seed

    assert last(1) == last(1)
    assert last(1) != last(2)
    (one, seed), (other, _) = last(None), last(None)
    assert one != other
    assert last(seed) == (one, seed)


def test_validation_data() -> None:
    model = CLASSES.model()
    history = model.fit(CLASSES.x[:60], CLASSES.y[:60], validation=(CLASSES.x[60:], CLASSES.y[60:]), **QUICK)
    loss = model.evaluate(CLASSES.x[60:], CLASSES.y[60:])["loss"]
    assert history.columns["validation_loss"][-1] == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("validation", [None, 0.2, (Stored(CLASSES.x[:9]), CLASSES.y[:9])], ids=["none", "0.2", "pair"])
def test_lazy_arrays(validation: Any) -> None:
    stored = Stored(CLASSES.x)
    lazy, direct = CLASSES.model(threads=1), CLASSES.model(threads=1)
    lazy.fit(stored, CLASSES.y, validation=validation, **QUICK)
    in_memory = (CLASSES.x[:9], CLASSES.y[:9]) if isinstance(validation, tuple) else validation
    direct.fit(CLASSES.x, CLASSES.y, validation=in_memory, **QUICK)
    assert lazy.network.vector.tobytes() == direct.network.vector.tobytes()
    np.testing.assert_array_equal(lazy.predict(stored), direct.predict(CLASSES.x))


def test_lists() -> None:
    model, other = CLASSES.model(), CLASSES.model()
    model.fit(CLASSES.x.tolist(), CLASSES.y.tolist(), **QUICK)
    other.fit(CLASSES.x, CLASSES.y.astype(float)[:, None], **QUICK)
    assert model.network.vector.tobytes() == other.network.vector.tobytes()
    assert model.predict(CLASSES.x[:2].tolist()).shape == (2,)


def test_second_fit_continues_training() -> None:
    model = CLASSES.model()
    first = model.fit(CLASSES.x, CLASSES.y, **QUICK)
    second = model.fit(CLASSES.x, CLASSES.y, epochs=2, seed=5, verbose=False)
    assert (len(first), len(second), model.seed) == (3, 2, 5)
    assert second.step_loss[0] < first.step_loss[0]


def test_early_stopping_restores_the_best_weights() -> None:
    model = CLASSES.model(learning_rate=0.3)
    history = model.fit(
        CLASSES.x,
        CLASSES.y,
        epochs=60,
        validation=(CLASSES.x[:20], (CLASSES.y[:20] + 1) % 3),
        callbacks=[EarlyStopping(2)],
        seed=0,
        verbose=False,
    )
    losses = history.columns["validation_loss"]
    assert len(losses) < 60
    found = model.evaluate(CLASSES.x[:20], (CLASSES.y[:20] + 1) % 3)["loss"]
    assert found == pytest.approx(min(losses), rel=1e-6)
    assert found < losses[-1]


class Press(Callback):
    """Ctrl-C after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, state: TrainingState) -> None:
        if state.step == self.step:
            import signal

            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_the_weights_and_the_history() -> None:
    model = CLASSES.model()
    with pytest.raises(KeyboardInterrupt, match=r"^after step 4, in epoch 2; the weights and the history so far"):
        model.fit(CLASSES.x, CLASSES.y, callbacks=[Press(4)], **QUICK)
    assert len(model.history) == 1
    assert len(model.history.step_loss) == 4
    other = CLASSES.model()
    with contextlib.suppress(KeyboardInterrupt):
        other.fit(CLASSES.x, CLASSES.y, callbacks=[Press(4)], **QUICK)
    assert model.network.vector.tobytes() == other.network.vector.tobytes()
    assert np.isfinite(model.logits(CLASSES.x)).all()


def test_verbose_prints_progress_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    model = CLASSES.model()
    model.fit(CLASSES.x, CLASSES.y, **QUICK)
    assert capsys.readouterr() == ("", "")
    model.fit(CLASSES.x, CLASSES.y, **(QUICK | {"verbose": True}))
    out, err = capsys.readouterr()
    assert out == ""
    assert [line[:9] for line in err.splitlines()] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_repr() -> None:
    model = linear([[1], [2]], "mean-squared-error", learning_rate=0.25)
    assert repr(model) == f"Model({model.network!r}, MeanSquaredError(), Adam(0.25))"
    model.fit([[1, 0]], [1], epochs=2, verbose=False)
    assert repr(model).endswith(f", Adam(0.25), {model.history!r})")
    shown = model._repr_html_()
    assert "MeanSquaredError(), Adam(0.25), History(2 epochs: " in shown
    assert model.network._repr_html_() in shown


def test_save_and_load_round_trip(tmp_path: Path) -> None:
    model = CLASSES.model(schedule="cosine:warmup=1", metrics=["accuracy"], l2=0.01, clip_value=2.0, shards=2)
    model.fit(CLASSES.x, CLASSES.y, **QUICK)
    path = str(tmp_path / "model.h5")
    model.save(path)
    loaded = Model.load(path)
    assert loaded.logits(CLASSES.x).tobytes() == model.logits(CLASSES.x).tobytes()
    assert loaded.recipe == model.recipe
    assert loaded.metrics == model.metrics
    assert loaded.history == model.history
    assert (loaded.seed, loaded.backend.shards) == (4, 2)
    for each in (model, loaded):
        each.fit(CLASSES.x, CLASSES.y, epochs=1, seed=9, verbose=False)
    assert loaded.network.vector.tobytes() == model.network.vector.tobytes()
    assert load_checkpoint(path).program == "nn-core"
