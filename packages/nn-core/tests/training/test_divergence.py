"""Training that diverges: one error that names the place, and no step taken."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from small_runs import COUNT, MakeBackend, X, Y, on_both_backends, recipe_of, small_network, small_trainer

from nn_core.errors import DivergenceError
from nn_core.layers import Dense, Dropout, Flatten, Layer, ReLU, Tanh
from nn_core.losses import mean_squared_error
from nn_core.network import Network
from nn_core.optim.optimizers import Adam, GradientDescent
from nn_core.reference import Reference
from nn_core.training.callbacks import Callback
from nn_core.training.history import History
from nn_core.training.non_finite import locate_non_finite
from nn_core.training.recipe import Recipe
from nn_core.training.state import TrainingState
from nn_core.training.trainer import Trainer


def lose_weight_of_layer(index: int) -> Callable[[Network], None]:
    def lose(network: Network) -> None:
        network.params[f"{index}/W"][0, 0] = np.nan

    return lose


def enlarge_output(network: Network) -> None:
    network.params["4/b"][...] = 1e30


@on_both_backends
@pytest.mark.parametrize(
    ("spoil", "culprit"),
    [
        (lose_weight_of_layer(1), "come from layer 1, Dense(units=4, initializer='he');"),
        (lose_weight_of_layer(4), "come from layer 4, Dense(units=1, initializer='lecun');"),
        (enlarge_output, "come from the loss itself;"),
    ],
)
def test_divergence_names_the_first_layer_that_is_not_finite(
    spoil: Callable[[Network], None], culprit: str, make: MakeBackend
) -> None:
    class SpoilLater(Callback):
        def on_step(self, state: TrainingState) -> None:
            if state.step == 4:
                spoil(state.network)

    network = small_network(Flatten(), Dense(4), Tanh(), Dropout(0.1), Dense(1, initializer="lecun"))
    trainer = Trainer(
        make(network),
        X,
        np.zeros((COUNT, 1), np.float32),
        Recipe(mean_squared_error, GradientDescent(), batch_size=8),
        epochs=9,
        seed=0,
        callbacks=[SpoilLater()],
    )
    with pytest.raises(DivergenceError) as caught:
        trainer.run()
    message = str(caught.value)
    assert culprit in message
    assert " at step 5 (epoch 2): " in message
    assert "\n" not in message
    assert trainer.state.step == len(trainer.state.history.step_loss) == 4


def test_a_step_that_diverges_moves_nothing() -> None:
    trainer = small_trainer(recipe=recipe_of(optimizer=Adam()))
    trainer.network.vector[-1] = np.nan
    before = trainer.network.vector.copy()
    with pytest.raises(DivergenceError, match="the loss is nan at step 1 "):
        trainer.step()
    np.testing.assert_array_equal(trainer.network.vector, before)
    assert trainer.state.step == 0
    assert not any(vector.any() for vector in trainer.state.optimizer_state.values())
    assert trainer.state.history == History()


class LoseWeight(Callback):
    """Makes a weight infinite behind a layer that saturates, so that no loss shows it."""

    def on_step(self, state: TrainingState) -> None:
        state.network.params["0/b"][0] = np.inf


def test_weights_that_are_not_finite_end_the_epoch_though_no_loss_shows_them() -> None:
    trainer = small_trainer(callbacks=[LoseWeight()])
    with pytest.raises(DivergenceError, match=r"epoch 1\)"):
        trainer.run()
    assert (len(trainer.state.history.step_loss), trainer.state.epoch) == (3, 0)


def test_weights_that_are_not_finite_are_named() -> None:
    with pytest.raises(DivergenceError) as caught:
        small_trainer(callbacks=[LoseWeight()]).run()
    message = str(caught.value)
    assert "weights" in message
    assert "nan" not in message
    assert " step 3 " in message
    assert "layer 0, Dense(units=4" in message


def test_a_validation_loss_that_is_not_finite_is_divergence_too() -> None:
    trainer = small_trainer(validation=(np.full_like(X, np.nan), Y))
    with pytest.raises(DivergenceError, match="the validation loss is nan after step 3 ") as caught:
        trainer.run()
    assert "example 0 has nan at [0]; remove such examples, or replace the values" in str(caught.value)
    assert trainer.state.epoch == 0


@on_both_backends
@pytest.mark.parametrize("hidden", [ReLU(), Tanh()])
def test_numbers_that_overflow_raise_one_error_and_no_warning(hidden: Layer, make: MakeBackend) -> None:
    network = small_network(Dense(4), hidden, Dense(1))
    handling = np.geterr()
    recipe = Recipe(mean_squared_error, GradientDescent(), learning_rate=1e30, batch_size=8)
    targets = Y[:, None].astype(np.float32)
    trainer = Trainer(make(network), X, targets, recipe, epochs=9, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError):
            trainer.run()
    assert np.isfinite(trainer.state.history.step_loss).all()
    assert np.geterr() == handling


def test_divergence_is_named_for_examples_of_another_type_too() -> None:
    recipe = recipe_of(optimizer=GradientDescent(), learning_rate=1e38)
    network = small_network(Dense(4), ReLU(), Dense(1))
    x = X.astype(np.float64)
    trainer = Trainer(Reference(network), x, Y, recipe, epochs=9, seed=0)
    with pytest.raises(DivergenceError, match="come from layer 2, Dense"):
        trainer.run()


def test_examples_that_are_not_finite_are_named() -> None:
    x = X.copy()
    x[3, 1] = np.nan
    trainer = Trainer(Reference(small_network()), x, Y, recipe_of(), epochs=1, seed=0)
    with pytest.raises(DivergenceError, match=r"example 3 has nan at \[1\]; remove such examples, or replace"):
        trainer.run()


def test_any_number_of_examples_is_searched() -> None:
    network, x = small_network(), np.zeros((700, 3), np.float32)
    assert locate_non_finite(network, x) == "the loss itself"
    x[699] = 3e38
    with np.errstate(over="ignore", invalid="ignore"):
        assert locate_non_finite(network, x).startswith("layer 0, Dense(units=4")


def test_advice_is_the_scale_before_the_first_update_and_the_rate_after() -> None:
    recipe = Recipe(mean_squared_error, GradientDescent(), batch_size=8)
    large = np.full((COUNT, 1), 1e30, np.float32)
    with pytest.raises(DivergenceError, match=r"at step 1 .* examples or targets of a smaller scale"):
        Trainer(Reference(small_network()), X, large, recipe, epochs=1).run()
    recipe = Recipe(mean_squared_error, GradientDescent(1e30), batch_size=8)
    with pytest.raises(DivergenceError, match=r"at step 2 .* a smaller learning rate or gradient clipping may help"):
        Trainer(Reference(small_network()), X, Y[:, None], recipe, epochs=1).run()


def test_non_finite_augmentation_is_not_blamed_on_the_data() -> None:
    def spoil(x: np.ndarray, /, *, seed: tuple[int, int]) -> np.ndarray:
        return np.full_like(x, np.nan)

    with pytest.raises(DivergenceError, match="the augmented examples have non-finite values"):
        small_trainer(augment=spoil).run()
