"""What the name of an array says it is: examples or labels, of the training or the test set."""

import re
from typing import Literal, NamedTuple, TypeAlias

Role: TypeAlias = Literal["x", "y", "names"]
Split: TypeAlias = Literal["train", "test", "validation"]

WORDS: dict[Role, str] = {
    "x": "x xs data dataset image images img imgs photo photos picture pictures pic pics feature features"
    " featurematrix input inputs example examples sample samples pixel pixels",
    "y": "y ys label labels lbl lbls labelid labelids target targets class classlabel classlabels classid classids"
    " output outputs category annotation annotations",
    "names": "classes listclasses classlist classnames classname labelnames labelname targetnames names categories"
    " labelstrings",
}
"""Names of arrays, in lower case and without separators, separated by spaces, by what they hold."""

SPLITS: dict[str, Split] = {
    "training": "train",
    "train": "train",
    "trn": "train",
    "tr": "train",
    "testing": "test",
    "test": "test",
    "t10k": "test",
    "tst": "test",
    "te": "test",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
}
"""Names of sets, longer ones first."""


class Key(NamedTuple):
    """What a name says: what the array holds, and which set it belongs to; None where it says nothing."""

    role: Role | None
    split: Split | None


def parse_key(name: str) -> Key:
    """What the name of an array says, in any case, with or without separators.

    "train_set_x", "X_train", "trainImages" and "train/x" are the examples of a training set.
    """
    role: Role | None = None
    split: Split | None = None
    for part in reversed(name.removesuffix(".npy").split("/")):
        words = re.findall(r"[a-z0-9]+", part.lower())
        found = _parse_part("".join(words))
        if found == (None, None):
            found = _parse_words(words)
        role, split = role or found.role, split or found.split
    return Key(role, split)


def _parse_words(words: list[str]) -> Key:
    """The role by the last word, the set by any: "kmnist-train-imgs", "my_x"."""
    splits = [SPLITS[word] for word in words if word in SPLITS]
    others = [word for word in words if word not in SPLITS]
    return Key(_role(others[-1]) if others else None, splits[0] if splits else None)


def _parse_part(word: str) -> Key:
    if (role := _role(word)) is not None:
        return Key(role, None)
    for affix, split in SPLITS.items():
        for rest in (word.removeprefix(affix), word.removesuffix(affix)):
            if rest == word:
                continue
            role = _role(rest) or _role(rest.removeprefix("set").removesuffix("set").removesuffix("orig"))
            if role is not None or rest in {"", "set"}:
                return Key(role, split)
    return Key(_role(word.removesuffix("orig")), None)


def _role(word: str) -> Role | None:
    return next((role for role, words in WORDS.items() if word in words.split()), None)
