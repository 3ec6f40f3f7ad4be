"""Arguments of Trainer: data of any kind, names, defaults, and errors."""

from typing import Any

import numpy as np
import pytest
from small_runs import COUNT, MakeBackend, X, Y, on_both_backends, recipe_of, small_network, small_trainer

from nn_core.errors import NNError, SettingError
from nn_core.losses import Loss
from nn_core.optim.optimizers import OPTIMIZERS
from nn_core.reference import Reference
from nn_core.training.recipe import Recipe
from nn_core.training.trainer import Trainer


def test_lists_train_like_arrays() -> None:
    trained = []
    for x, y in ((X, Y), (X.tolist(), [float(label) for label in Y]), (X, Y[:, None] > 0)):
        trainer = Trainer(Reference(small_network()), x, y, recipe_of(), epochs=2, seed=2, validation=(x, y))
        trainer.run()
        trained.append(trainer.network.vector.tolist())
        assert trainer.evaluate(x, y) == small_trainer(trainer.network).evaluate(X, Y)
    assert trained[1:] == trained[:1] * 2


def test_without_a_seed_a_fresh_one_is_drawn_and_recorded() -> None:
    first, second = (Trainer(Reference(small_network()), X, Y, recipe_of(), epochs=1) for _ in range(2))
    assert first.state.seed != second.state.seed
    again = small_trainer(epochs=1, seed=first.state.seed)
    assert first.run().step_loss == again.run().step_loss


def test_metrics_follow_the_loss() -> None:
    classes = small_trainer(validation=(X, Y), epochs=1).run()
    assert list(classes.columns)[-2:] == ["validation_loss", "validation_accuracy"]
    recipe, targets = Recipe("mean-squared-error"), X.sum(axis=1)
    numbers = Trainer(Reference(small_network()), X, targets, recipe, epochs=1, validation=(X, targets)).run()
    assert list(numbers.columns)[-2:] == ["validation_loss", "validation_mean_absolute_error"]
    settings: dict[str, Any] = {"epochs": 1, "validation": (X, targets), "metrics": ["r2", "root-mean-squared-error"]}
    named = Trainer(Reference(small_network()), X, targets, recipe, **settings).run().columns
    assert named["validation_root_mean_squared_error"][0] == pytest.approx(named["validation_loss"][0] ** 0.5)
    assert "validation_r2" in named


def test_second_run_shows_how_to_continue() -> None:
    trainer = small_trainer(epochs=2)
    trainer.run()
    with pytest.raises(SettingError, match=r"finished 2 of 2 epochs; to continue: longer = Trainer\(..., epochs=4\);"):
        trainer.run()
    longer, whole = small_trainer(epochs=4), small_trainer(epochs=4)
    longer.resume(trainer.state.snapshot())
    assert longer.run().step_loss == whole.run().step_loss
    finished = small_trainer(epochs=2)
    finished.resume(trainer.state.snapshot())
    assert len(finished.run()) == 2  # a finished run that is resumed says so to its caller
    with pytest.raises(SettingError, match="this run has finished"):
        finished.run()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"make": lambda network: network}, r"takes a backend, not a network: Trainer\(Engine\(network\), x, y"),
        ({"make": lambda network: [network]}, r"takes an Engine\(network\) or a Reference\(network\), not list"),
        ({"epochs": 2.5}, "epochs must be at least 0, not 2.5"),
        ({"epochs": "2"}, "epochs must be at least 0, not '2'"),
        ({"validation": 0.2}, r"validation must be \(x, y\), examples and targets held out"),
        ({"validation": X}, r"validation must be \(x, y\)"),
        ({"recipe": "adam"}, r"recipe must be a Recipe, such as Recipe\("),
        ({"metrics": ["acc"]}, "unknown metric 'acc'; use 'accuracy'"),
        ({"weights": np.zeros(COUNT)}, "weights are all zero"),
        ({"weights": np.ones(3)}, r"weights \(3,\) do not fit targets \(22,\)"),
        ({"weights": -np.ones(COUNT)}, "weights must be finite and nonnegative"),
    ],
)
def test_wrong_arguments_are_refused_before_a_step(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(NNError, match=message):
        small_trainer(**settings)


def test_a_recipe_is_shared_without_sharing_anything_else() -> None:
    for rule in OPTIMIZERS:
        recipe = recipe_of(optimizer=rule, learning_rate=None)
        alone = small_trainer(recipe=recipe_of(optimizer=rule, learning_rate=None), epochs=3)
        alone.run()
        both = [small_trainer(recipe=recipe, epochs=3) for _ in range(2)]
        while both[0].state.step < 9:  # in turns
            for trainer in both:
                trainer.step()
        alone.state.restore_latest()  # of an optimizer that averages
        for trainer in both:
            np.testing.assert_array_equal(trainer.network.vector, alone.network.vector)


class Absolute(Loss):
    """An unregistered loss."""

    def count(self, y: Any, weights: Any = None) -> float:
        return float(y.size)

    def total(self, output: Any, y: Any, weights: Any = None) -> tuple[float, Any]:
        return float(np.abs(output - y).sum()), np.sign(output - y)


@on_both_backends
def test_a_loss_need_not_be_registered(make: MakeBackend) -> None:
    target = X[:, :1] - X[:, 1:2]
    trainer = Trainer(make(small_network()), X, target, Recipe(Absolute(), "adam"), epochs=40, validation=(X, target))
    history = trainer.run()
    assert history.columns["validation_loss"][-1] < 0.7 * history.columns["validation_loss"][0]
