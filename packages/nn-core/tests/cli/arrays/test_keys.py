"""What names of arrays say."""

import pytest

from nn_core.cli.arrays.keys import Key, parse_key


@pytest.mark.parametrize(
    ("name", "role", "split"),
    [
        ("x", "x", None),
        ("Y", "y", None),
        ("train_set_x", "x", "train"),
        ("train_set_y_orig", "y", "train"),
        ("X_train", "x", "train"),
        ("yTest", "y", "test"),
        ("trainx", "x", "train"),
        ("x_tr", "x", "train"),
        ("y-te", "y", "test"),
        ("x_val", "x", "validation"),
        ("Validation Labels", "y", "validation"),
        ("train_images", "x", "train"),
        ("t10k-labels", "y", "test"),
        ("train_dataset", "x", "train"),
        ("features", "x", None),
        ("target", "y", None),
        ("train/x", "x", "train"),
        ("data/test/labels", "y", "test"),
        ("images/train", "x", "train"),
        ("x/x_test", "x", "test"),
        ("kmnist-train-imgs", "x", "train"),
        ("emnist_letters_test_labels", "y", "test"),
        ("my_level_2_split_train_x/x", "x", "train"),
        ("list_classes", "names", None),
        ("target_names", "names", None),
        ("train", None, "train"),
        ("arr_0", None, None),
        ("image_size", None, None),
        ("tex", "x", "test"),
        ("x_train.npy", "x", "train"),
        ("latest", None, None),
        ("", None, None),
    ],
)
def test_names(name: str, role: str | None, split: str | None) -> None:
    assert parse_key(name) == Key(role, split)  # type: ignore[arg-type]
