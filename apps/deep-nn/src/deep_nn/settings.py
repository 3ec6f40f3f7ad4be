"""The settings of a deep-nn run: the options of `train`, stored in the checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from deep_nn.datasets.table_options import TableOptions
from nn_core.cli.settings import Settings
from nn_core.errors import CheckpointError, SettingError

TABLE_FIELDS = tuple(field.name for field in fields(TableOptions))


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(TableOptions, Settings):
    """Settings of the data and the network, besides those of tables and those common to all programs.

    hidden        units of each hidden layer, "20,7,5"; "" for none
    dropout       dropout rate after each hidden layer: one rate, or one per layer, "0.2,0.5"
    class_weight  "balanced", or weights by class, "fraud=10"; None for equal weights
    """

    network_fields = Settings.network_fields | {
        "hidden", "activation", "initializer", *TABLE_FIELDS,
    }  # fmt: skip

    data: str
    test: str | None
    validation: float
    hidden: str
    activation: str
    initializer: str
    dropout: str
    class_weight: str | None = None

    @property
    def table_options(self) -> TableOptions:
        """How to read a table."""
        return TableOptions(**{name: getattr(self, name) for name in TABLE_FIELDS})

    def is_data_name(self, text: str) -> bool:
        """Whether a text names a data set of the program, not a file."""
        from deep_nn.datasets.catalog import CATALOG

        return text.partition(":")[0].strip() in CATALOG.names

    def units(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(int(units) for units in self.hidden.split(",") if units.strip())

    def dropout_rates(self) -> tuple[float, ...]:
        """One rate per hidden layer. Raises SettingError if there are too few or too many."""
        rates = tuple(float(rate) for rate in self.dropout.split(","))
        layers = len(self.units())
        if len(rates) not in {1, layers}:
            raise SettingError(
                f"{len(rates)} dropout rates for {layers} hidden layers; give one rate, or one per layer"
            )
        return rates * layers if len(rates) == 1 else rates


def migrate_settings(saved: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an older checkpoint under their current names.

    keep_prob  until 0.1: the probability of keeping a unit; dropout = 1 - keep_prob
    Raises CheckpointError if it is none.
    """
    settings = dict(saved)
    if "keep_prob" in settings:
        kept = str(settings.pop("keep_prob")).split(",")
        try:
            settings["dropout"] = ",".join(f"{1 - float(p):.15g}" for p in kept)
        except ValueError:
            raise CheckpointError("keep_prob must be numbers, separated by commas") from None
    return settings
