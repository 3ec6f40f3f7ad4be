"""Muon and SOAP on matrices, and how their states are kept: by other routes to the same numbers."""

import math
from pathlib import Path

import numpy as np
import pytest

from nn_core import checkpoint
from nn_core.arrays import Array
from nn_core.engine.engine import Engine
from nn_core.errors import CheckpointError
from nn_core.layers import Conv2D, Dense, Flatten, Layer, ReLU, Tanh
from nn_core.network import Network
from nn_core.optim.muon import COEFFICIENTS, Muon, orthogonalized
from nn_core.optim.optimizers import Adam, optimizer
from nn_core.optim.soap import SOAP
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer

SHAPES = [(3, 5), (5, 3), (4, 4), (1, 6), (6, 1)]


def gradients_of(shape: tuple[int, ...], steps: int = 13) -> Array:
    return np.random.default_rng(0).normal(size=(steps, *shape))


class TestOrthogonalized:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_singular_values_follow_the_quintic_and_directions_stay(self, shape: tuple[int, int]) -> None:
        u = np.random.default_rng(1).normal(size=shape)
        U, s, V = np.linalg.svd(u, full_matrices=False)
        values = s / (np.linalg.norm(u) + 1e-7)
        a, b, c = COEFFICIENTS
        for _ in range(5):
            values = a * values + b * values**3 + c * values**5
        np.testing.assert_allclose(orthogonalized(u), (U * values) @ V, rtol=1e-10, atol=1e-12)

    def test_singular_values_from_a_hundredth_on_come_near_1(self) -> None:
        rng = np.random.default_rng(2)
        U, V = (np.linalg.qr(rng.normal(size=(20, 20)))[0] for _ in range(2))
        u = (U * np.geomspace(0.03, 1, 20)) @ V
        values = np.linalg.svd(orthogonalized(u), compute_uv=False)
        assert 0.65 < values.min() < values.max() < 1.2

    def test_zero_stays_zero(self) -> None:
        np.testing.assert_array_equal(orthogonalized(np.zeros((2, 3))), 0)


class TestMuon:
    @pytest.mark.parametrize("shape", [*SHAPES, (2, 2, 3, 4)])
    def test_a_path_is_that_of_the_formula(self, shape: tuple[int, ...]) -> None:
        gradients, rate, beta = gradients_of(shape), 0.1, 0.9
        made = Muon(beta=beta, weight_decay=0.2)
        w = np.ones(shape)
        state = made.init(w)
        expected, momentum = np.ones(shape), np.zeros(shape)
        for t, g in enumerate(gradients, start=1):
            made.decay(w, rate)
            made.update(w, g, state, learning_rate=rate, step=t)
            momentum = beta * momentum + (1 - beta) * g
            ahead = (beta * momentum + (1 - beta) * g).reshape(-1, shape[-1])
            rows, columns = ahead.shape
            step = 0.2 * math.sqrt(max(rows, columns)) * orthogonalized(ahead)
            expected = (1 - rate * 0.2) * expected - rate * step.reshape(shape)
            np.testing.assert_allclose(w, expected, rtol=1e-9)

    def test_steps_have_the_size_of_adams(self) -> None:
        w = np.zeros((30, 50))
        made = Muon()
        made.update(w, np.random.default_rng(0).normal(size=w.shape), made.init(w), learning_rate=1.0, step=1)
        assert math.sqrt((w**2).mean()) == pytest.approx(0.2, rel=0.2)


def soap_by_hand(w: Array, gradients: Array, rate: float, frequency: int) -> Array:
    """The formula with explicit sums over all earlier gradients, in an eigenbasis found anew in each step by `eigh`."""
    beta, epsilon = 0.95, 1e-8
    P = Q = squares = None
    for t in range(1, len(gradients) + 1):
        weights = (1 - beta) * beta ** np.arange(t - 1, -1, -1)
        L, R = (
            sum(c * (g @ g.T if side else g.T @ g) for c, g in zip(weights, gradients[:t], strict=True))
            for side in (True, False)
        )
        if t == 1:
            P, Q = np.linalg.eigh(L)[1][:, ::-1], np.linalg.eigh(R)[1][:, ::-1]
            squares = np.zeros_like(w)
        elif (t - 1) % frequency == 0:
            P, Q = np.linalg.qr(L @ P)[0], np.linalg.qr(R @ Q)[0]
        M = sum(c * g for c, g in zip(weights, gradients[:t], strict=True)) / (1 - beta**t)
        squares = beta * squares + (1 - beta) * (P.T @ gradients[t - 1] @ Q) ** 2
        step = (P.T @ M @ Q) / (np.sqrt(squares / (1 - beta**t)) + epsilon)
        w = w - rate * P @ step @ Q.T
    return w


class TestSOAP:
    @pytest.mark.parametrize("shape", SHAPES[:3])
    def test_a_path_is_that_of_the_formula(self, shape: tuple[int, int]) -> None:
        gradients = gradients_of(shape)
        made = SOAP(frequency=4)
        w = np.ones(shape)
        state = made.init(w) | {name: np.zeros(size) for name, size in made.matrices(shape).items()}
        for t, g in enumerate(gradients, start=1):
            made.update(w, g, state, learning_rate=0.1, step=t)
        np.testing.assert_allclose(w, soap_by_hand(np.ones(shape), gradients, 0.1, 4), rtol=1e-6)

    def test_without_bases_it_is_adam(self) -> None:
        gradients = gradients_of((3, 4))
        soap, adam = SOAP(largest=0), Adam(beta1=0.95, beta2=0.95)
        assert soap.matrices((3, 4)) == {}
        paths = []
        for made in (soap, adam):
            w = np.ones((3, 4))
            state = made.init(w)
            for t, g in enumerate(gradients, start=1):
                made.update(w, g, state, learning_rate=0.1, step=t)
            paths.append(w)
        np.testing.assert_allclose(*paths, rtol=1e-12)

    def test_rotated_gradients_give_rotated_steps(self) -> None:
        rng = np.random.default_rng(3)
        P, Q = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in (4, 4))
        gradients = gradients_of((4, 4))

        def path(made: SOAP | Adam, gradients: Array, w: Array) -> Array:
            state = made.init(w) | {name: np.zeros(size) for name, size in made.matrices(w.shape).items()}
            for t, g in enumerate(gradients, start=1):
                made.update(w, g, state, learning_rate=0.1, step=t)
            return w

        start = rng.normal(size=(4, 4))
        rotated = P @ gradients @ Q.T
        found = path(SOAP(frequency=3), rotated, P @ start @ Q.T)
        np.testing.assert_allclose(found, P @ path(SOAP(frequency=3), gradients, start.copy()) @ Q.T, rtol=1e-5)
        assert not np.allclose(path(Adam(), rotated, P @ start @ Q.T), P @ path(Adam(), gradients, start) @ Q.T)


def made_trainer(name: str, backend: type[Engine] | type[Reference] = Engine, epochs: int = 4) -> Trainer:
    layers: list[Layer] = [Conv2D(3, 3), ReLU(), Flatten(), Dense(6), Tanh(), Dense(2)]
    network = Network(layers, input_shape=(6, 6, 2), seed=0, dtype="float64")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 6, 6, 2)), rng.integers(0, 2, 20)
    recipe = Recipe("softmax-cross-entropy", optimizer(name), batch_size=8)
    return Trainer(backend(network), x, y, recipe, epochs=epochs, seed=0, validation=(x[:6], y[:6]))


NAMES = ("muon", "soap:frequency=2", "lion", "schedule-free-adamw")


@pytest.mark.parametrize("name", NAMES)
class TestRuns:
    def test_the_engine_has_the_values_of_the_reference(self, name: str) -> None:
        ours, theirs = (made_trainer(name, backend) for backend in (Engine, Reference))
        for trainer in (ours, theirs):
            trainer.run()
        first, second = (trainer.state.history.step_loss for trainer in (ours, theirs))
        np.testing.assert_allclose(first[:2], second[:2], rtol=1e-9)
        if not name.startswith("soap"):  # whose bases of directions without gradient are a matter of rounding
            np.testing.assert_allclose(ours.network.vector, theirs.network.vector, rtol=1e-6, atol=1e-8)

    def test_a_saved_run_continues_with_the_same_bits(self, name: str, tmp_path: Path) -> None:
        whole = made_trainer(name)
        whole.run()
        path = tmp_path / "run.h5"

        class SaveWithinAnEpoch(Callback):
            def on_step(self, state: TrainingState) -> None:
                if state.step == 5:
                    snapshot = state.snapshot()
                    checkpoint.save(path, state.network, program="test", details={}, snapshot=snapshot)

        begun = made_trainer(name)
        begun.callbacks = (SaveWithinAnEpoch(),)
        begun.run()
        np.testing.assert_array_equal(begun.network.vector, whole.network.vector)
        continued = made_trainer(name)
        snapshot = checkpoint.load(path, program="test").require_snapshot()
        continued.resume(snapshot)
        continued.run()
        np.testing.assert_array_equal(continued.network.vector, whole.network.vector)
        for slot, values in whole.state.optimizer_state.items():
            np.testing.assert_array_equal(continued.state.optimizer_state[slot], values, slot)

    def test_the_state_of_another_optimizer_is_refused(self, name: str) -> None:
        other = made_trainer("momentum")
        with pytest.raises(CheckpointError, match="the checkpoint has no state of"):
            made_trainer(name).resume(other.state.snapshot())


class TestAverages:
    def test_a_finished_run_predicts_with_the_average(self) -> None:
        trainer = made_trainer("schedule-free-adamw")
        trainer.run()
        np.testing.assert_array_equal(trainer.network.trained, trainer.state.optimizer_state["x"])
        snapshot = trainer.state.snapshot()
        assert snapshot.best is not None
        np.testing.assert_array_equal(snapshot.best, trainer.network.vector)
        assert not np.array_equal(snapshot.parameters, snapshot.best)

    def test_epochs_are_evaluated_with_the_average(self) -> None:
        trainer = made_trainer("schedule-free-adamw", epochs=1)
        history = trainer.run()
        x, y = trainer.validation or (None, None)
        found = trainer.evaluate(x, y)["loss"]
        assert history.columns["validation_loss"][-1] == found

    def test_training_goes_on_where_gradients_were_taken(self) -> None:
        by_step, by_epoch = made_trainer("schedule-free-adamw"), made_trainer("schedule-free-adamw")
        while by_step.state.step < 12:
            by_step.step()
        by_epoch.run()
        by_epoch.state.restore_latest()
        np.testing.assert_array_equal(by_step.network.vector, by_epoch.network.vector)

    def test_a_file_saved_within_an_epoch_predicts_with_the_average(self, tmp_path: Path) -> None:
        trainer = made_trainer("schedule-free-adamw")
        for _ in range(4):
            trainer.step()
        path = tmp_path / "run.h5"
        checkpoint.save(path, trainer.network, program="test", details={}, snapshot=trainer.state.snapshot())
        loaded = checkpoint.load(path, program="test").network
        np.testing.assert_array_equal(loaded.trained, trainer.state.optimizer_state["x"])
