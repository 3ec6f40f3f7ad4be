"""The training data of a model, or other data in its place."""

import dataclasses
from pathlib import Path

from char_rnn_dino.corpora import FIELD_NOTES, NAMES, encode_file, locate, read_names, read_text_file
from char_rnn_dino.model import Model
from char_rnn_dino.settings import NameSettings, TextSettings, settings_of
from char_rnn_dino.splits import Examples, NameSplit, identify, name_examples, next_token_pairs, split_names, split_text
from nn_core.arrays import Labels
from nn_core.cli.dataset import require_same_data
from nn_core.cli.standard_input import require_stored
from nn_core.errors import DataError, remark
from nn_core.storage.files import printable

ADVICE = "; give it with --data FILE"


def names_of(model: Model, data: str | None = None, *, replaces: bool = True) -> NameSplit:
    """The names that a model was trained on.

    data      where they are now; other names count as training names as a whole
    replaces  whether other names are used in place of the training names, which is worth a DataWarning
    Raises DataError if the names cannot be read, or have changed since.
    """
    settings, tokenizer = settings_of(model, NameSettings), model.vocabulary.tokenizer
    if data is None:
        require_stored(settings.data)
        _require_file(locate(settings.data, NAMES)[0])
        names = split_names(settings, tokenizer)
        training = name_examples(names.training, model.vocabulary, names.source)
        require_same_data(names.source, identify(model.vocabulary, training), model.fingerprint, ADVICE)
        return names
    split = _split_if_same(dataclasses.replace(settings, data=data), model)
    if split is not None:
        return split
    path, source = locate(data, NAMES)
    names = NameSplit(source, read_names(path, tokenizer=tokenizer), ())
    if replaces:
        _remark_on_other_data(names.source)
    return names


def text_of(model: Model, data: str | None = None, *, replaces: bool = True) -> tuple[str, Examples, Examples | None]:
    """The source, the training part and the validation part of the text that a model was trained on.

    data      where it is now; another text counts as training text as a whole
    replaces  whether another text is used in place of the training text, which is worth a DataWarning
    Raises DataError if it cannot be read, has changed since, or has characters that the vocabulary
    lacks; in a text that replaces it, these are -1.
    """
    settings = settings_of(model, TextSettings)
    if data is None and settings.data is not None:
        require_stored(settings.data)
        _require_file(locate(settings.data, FIELD_NOTES)[0])
    file = read_text_file(settings.data if data is None else data)
    tokens = encode_file(model.vocabulary, file, known=data is None or not replaces)
    parts = _parts_if_same(tokens, settings, model, file.name)
    if parts is not None:
        return (file.name, *parts)
    if data is None:
        require_same_data(file.name, "", model.fingerprint, ADVICE)
    if replaces:
        _remark_on_other_data(file.name)
    return file.name, next_token_pairs(tokens), None


def _parts_if_same(
    tokens: Labels, settings: TextSettings, model: Model, source: str
) -> tuple[Examples, Examples | None] | None:
    """The parts of a text, if it is the one that the model was trained on."""
    try:
        parts = split_text(tokens, settings, source)
    except DataError:
        return None
    return parts if identify(model.vocabulary, parts[0]) == model.fingerprint else None


def _split_if_same(settings: NameSettings, model: Model) -> NameSplit | None:
    """The names of a list, if they are those that the model was trained on."""
    try:
        names = split_names(settings, model.vocabulary.tokenizer)
        training = name_examples(names.training, model.vocabulary, names.source)
    except DataError:
        return None
    return names if identify(model.vocabulary, training) == model.fingerprint else None


def _require_file(path: Path) -> None:
    """Raise DataError, naming `--data`, if the training data is no longer where it was."""
    if not path.exists():
        raise DataError(f"no such file: {printable(path)}, the training data of the model{ADVICE}")


def _remark_on_other_data(source: str) -> None:
    remark(f"{source}: not the training data of the model, but used in its place")
