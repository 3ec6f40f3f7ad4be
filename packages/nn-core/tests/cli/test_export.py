"""`export`: a network without the run that trained it."""

from pathlib import Path

import click
import numpy as np
from toy_runs import build, run_toy, settings_of

from nn_core import checkpoint
from nn_core.cli.app import App
from nn_core.cli.export import export_command
from nn_core.testing import CommandLine


@click.group(cls=App)
def main() -> None:
    pass


main.add_command(export_command("toy"))
TOY = CommandLine("toy", main, module="toy")


def trained(folder: Path) -> Path:
    run_toy(build(settings_of()), save=folder / "model.h5")
    return folder / "model.h5"


def test_the_network_and_its_details_are_kept_and_the_run_is_not(tmp_path: Path) -> None:
    model, small = trained(tmp_path), tmp_path / "small.h5"
    said = TOY.succeed("export", "--model", model, "--save", small).stdout
    sizes = small.stat().st_size, model.stat().st_size
    assert said == f"{small}: {sizes[0]:,} bytes, from {sizes[1]:,}\n"
    assert sizes[0] < sizes[1]
    before, after = (checkpoint.load(path, program="toy") for path in (model, small))
    np.testing.assert_array_equal(after.network.parameters, before.network.parameters)
    assert after.details == before.details
    assert (before.run is None, after.run is None) == (False, True)


def test_what_it_refuses(tmp_path: Path) -> None:
    model = trained(tmp_path)
    for save, message in ((model, "would overwrite --model"), (tmp_path / "a.txt", "must end in")):
        assert message in TOY.refusal("export", "--model", model, "--save", save, status=2)
    gone, small = tmp_path / "gone.h5", tmp_path / "small.h5"
    assert "gone.h5" in TOY.refusal("export", "--model", gone, "--save", small, status=1)
    assert not small.exists()
