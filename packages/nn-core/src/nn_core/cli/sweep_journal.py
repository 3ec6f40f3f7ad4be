"""The journal of a sweep: its finished runs, by settings and by the content of the files that they read."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nn_core import plugins
from nn_core.cli.curve import CURVE_SCHEMA, Curve
from nn_core.cli.data_bundle import SourceFiles
from nn_core.cli.executors.worker import own_versions
from nn_core.cli.run_queue import Record
from nn_core.cli.settings import Settings
from nn_core.storage.journal import Journal

S = TypeVar("S", bound=Settings)

SCHEMA: Mapping[str, Any] = {"settings": {str: (str, float, bool, None)}, "run": CURVE_SCHEMA}
"""A record: the settings are for readers, the key identifies the run."""


def identity(function: Callable[..., Any] | None) -> str | None:
    """The name of an importable function."""
    return None if function is None else f"{function.__module__}.{function.__qualname__}"


class SweepJournal(Record[S, Curve]):
    """Finished runs in an open journal.

    sources  the files that the settings name
    how      whatever else the result depends on, as text by name
    """

    def __init__(self, journal: Journal, sources: SourceFiles, how: Callable[[S], Mapping[str, Any]]) -> None:
        self.journal, self._hashes, self._how = journal, sources.hashes, how
        self._plugins = {name: self._hashes.get(name) for name in plugins.loaded}
        self._keys: dict[S, str] = {}

    def found(self, settings: S) -> Curve | None:
        """The curve of a finished run, here or in another process."""
        key = self._key(settings)
        if key not in self.journal.records:
            self.journal.refresh()
        record = self.journal.records.get(key)
        return None if record is None else Curve.from_dict(record["run"])

    def claim(self, settings: S) -> bool:
        """Reserve a run; False if another process computes it."""
        return self.journal.claim(self._key(settings))

    def add(self, settings: S, result: Curve) -> None:
        """Append a finished run."""
        key = self._key(settings)
        self.journal.append(key, {"settings": settings.to_dict(), "run": result.to_dict()})
        self.journal.release(key)

    def _key(self, settings: S) -> str:
        if settings not in self._keys:
            values = settings.to_dict()
            values |= {name: self._hashes.get(text, text) for name, text in settings.named_files().items()}
            what = {"settings": values, "program": type(settings).__module__, **self._how(settings), **own_versions()}
            what |= {"plugins": self._plugins}
            text = json.dumps(what, sort_keys=True)
            self._keys[settings] = hashlib.sha256(text.encode()).hexdigest()
        return self._keys[settings]
