"""What a run is set up with."""

import pytest

from cnn_sign_digits.setup import prediction_transforms
from nn_core.batches.augmentation import augmentation


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        ("none", [(0, False)]),
        ("standard:horizontal_flip=no,rotation=20", [(0, False)]),
        ("standard:horizontal_flip=yes,rotation=20", [(0, False), (0, True)]),
        ("standard:horizontal_flip=no,rotation=45", [(0, False), (20, False), (-20, False)]),
    ],
)
def test_transforms_are_those_of_training(trained: str, expected: list[tuple[float, bool]]) -> None:
    assert prediction_transforms(augmentation(trained)) == expected
