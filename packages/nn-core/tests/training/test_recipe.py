"""Recipes: what is refused."""

import dataclasses
import math
from typing import Any

import pytest
from small_runs import recipe_of

from nn_core.errors import SettingError
from nn_core.losses import SoftmaxCrossEntropy, softmax_cross_entropy
from nn_core.optim.optimizers import Adam, Momentum
from nn_core.optim.schedules import Constant, Cosine
from nn_core.training.recipe import Recipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate must be positive, not -1.0"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"learning_rate": math.inf}, "learning_rate must be positive"),
        ({"learning_rate": math.nan}, "learning_rate must be positive"),
        ({"clip_norm": 0.0}, "clip_norm must be positive"),
        ({"clip_value": -0.5}, "clip_value must be positive"),
        ({"l2": -0.1}, "l2 must be at least 0 and finite, not -0.1"),
        ({"l2": math.nan}, "l2 must be at least 0 and finite, not nan"),
        ({"l2": math.inf}, "l2 must be at least 0 and finite, not inf"),
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"batch_size": 32.0}, "batch_size must be at least 1, not 32.0"),
        ({"loss": "mse"}, "unknown loss 'mse'; use 'mean-squared-error'"),
        ({"loss": "sparse_categorical_crossentropy"}, "use 'softmax-cross-entropy'"),
        ({"loss": "cross_entropy"}, "use 'softmax-cross-entropy'"),
        ({"loss": "BCEWithLogitsLoss"}, "use 'binary-cross-entropy'"),
        ({"loss": "softmax_cross_entropy"}, "did you mean 'softmax-cross-entropy'?"),
        ({"loss": SoftmaxCrossEntropy}, r"SoftmaxCrossEntropy is a class; use SoftmaxCrossEntropy\(\)"),
        ({"loss": len}, "the loss is a name such as 'binary-cross-entropy' or a Loss, not builtin_function"),
        ({"optimizer": "Adamm"}, "did you mean 'adam'?"),
        ({"schedule": 0.1}, "the schedule is a name such as 'constant' or a Schedule, not float"),
        ({"optimizer": Adam(0.1)}, "the learning rate is set twice: 0.1 in Adam and learning_rate=0.1"),
        ({"optimizer": "adam:learning_rate=0.2"}, "set twice: 0.2 in Adam and learning_rate=0.1"),
        ({"bptt_length": 0}, "bptt_length must be at least 1, not 0"),
        ({"bptt_length": 3, "batch_size": None}, "bptt_length needs batch_size"),
    ],
)
def test_an_invalid_recipe_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        recipe_of(**settings)


def test_names_become_objects() -> None:
    recipe = Recipe("softmax-cross-entropy", "momentum:learning_rate=0.5", schedule="cosine:warmup=2")
    assert recipe == Recipe(softmax_cross_entropy, Momentum(0.5), schedule=Cosine(warmup=2))
    assert recipe.base_rate == 0.5
    assert recipe.learning_rate is None
    assert Recipe(softmax_cross_entropy) == Recipe(softmax_cross_entropy, Adam(), schedule=Constant())


def test_a_recipe_can_be_replaced() -> None:
    recipe = dataclasses.replace(Recipe("mean-squared-error", learning_rate=0.5), batch_size=3)
    assert (recipe.learning_rate, recipe.batch_size, recipe.base_rate) == (0.5, 3, 0.5)


def test_other_arguments_are_keyword_only() -> None:
    with pytest.raises(TypeError):
        Recipe("mean-squared-error", "adam", 0.1)  # type: ignore[misc]
