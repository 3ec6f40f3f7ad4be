"""Recipes: what is refused."""

import math
from typing import Any

import pytest
from small_runs import recipe_of

from nn_core.errors import SettingError


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
        ({"bptt_length": 0}, "bptt_length must be at least 1, not 0"),
        ({"bptt_length": 3, "batch_size": None}, "bptt_length needs a batch_size"),
    ],
)
def test_an_invalid_recipe_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        recipe_of(**settings)
