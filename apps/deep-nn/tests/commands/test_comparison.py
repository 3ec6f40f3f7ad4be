"""The commands `compare-*`: fairness, table, JSON and options."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import PROGRAM, invoke, json_of, refusal, succeed, trained

from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.testing import strict_json
from nn_core.training.trainer import Trainer

SETTINGS = {
    "compare-optimizers": "optimizer",
    "compare-initializers": "initializer",
    "compare-learning-rates": "learning_rate",
    "compare-batch-sizes": "batch_size",
    "compare-dropout": "dropout",
    "compare-l2": "l2",
    "compare-hidden": "hidden",
    "compare-activations": "activation",
}
FITS = ("compare-dropout", "compare-l2", "compare-hidden")
"""Those that compare training with validation."""
NAMES = list(SETTINGS)
DEFAULTS = {
    "compare-optimizers": ["gradient-descent @ 3", "momentum @ 3", "rmsprop @ 0.3", "adam @ 0.3"],
    "compare-initializers": ["zeros", "normal:scale=0.01", "xavier", "he", "orthogonal"],
    "compare-learning-rates": ["0.01", "0.1", "1", "10"],
    "compare-batch-sizes": ["8", "32", "128", "full"],
    "compare-dropout": ["0", "0.1", "0.2", "0.5"],
    "compare-l2": ["0", "0.001", "0.01", "0.1"],
    "compare-hidden": ["2", "8", "64,64"],
    "compare-activations": ["sigmoid", "tanh", "relu", "leaky-relu", "gelu"],
}
TINY = ("--epochs", 2, "--seeds", 2, "--data", "moons:points=60")
SMALL = (*TINY, "--hidden", "4")
SEARCH = ("--rates", "0.3,3")


def small(name: str) -> tuple[object, ...]:
    """Options for a short run."""
    return {"compare-hidden": TINY, "compare-optimizers": (*SMALL, *SEARCH)}.get(name, SMALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the figure."""
    monkeypatch.setattr("nn_core.cli.sweep_plot.draw_comparison", lambda *arguments, **options: None)


@pytest.mark.parametrize("name", NAMES)
def test_each_compares_its_values_and_plots_them(name: str, folder: Path) -> None:
    figure = folder / f"{name}.png"
    result = succeed(name, *small(name), "--figure", figure, "--json")
    found = strict_json(result.stdout)
    assert found["command"] == name
    assert found["seeds"] == [0, 1]
    assert [trial["trial"] for trial in found["trials"]] == DEFAULTS[name]
    for trial in found["trials"]:
        assert [run["seed"] for run in trial["runs"]] == [0, 1]
        for run in trial["runs"]:
            assert len(run["losses"]) == len(run["steps"]) == len(run["seconds"]) == 3
            assert run["diverged"] is None
            for part in ("training", "validation"):
                assert 0 <= run[f"{part}_accuracy"] <= 1
                assert run[f"{part}_accuracies"][-1] == run[f"{part}_accuracy"]
            assert run["validation_losses"][-1] == run["validation_loss"]
        ends = [run["losses"][-1] for run in trial["runs"]]
        assert trial["final_loss"] == pytest.approx(np.median(ends))
        assert (trial["final_loss_lowest"], trial["final_loss_highest"]) == (min(ends), max(ends))
    assert found["figure"] == str(figure)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert result.stderr.splitlines()[-1] == f"wrote {figure}"


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", NAMES)
def test_the_table_has_a_row_per_trial(name: str) -> None:
    lines = succeed(name, *small(name)).stdout.splitlines()
    fits = name in FITS
    assert ("final loss" in lines[0], "validation loss" in lines[0]) == (not fits, fits)
    assert "training accuracy" in lines[0]
    labels = DEFAULTS[name]
    for label, line in zip(labels, lines[1:], strict=False):
        assert line.startswith(f"{label} ")
    note = lines[1 + len(labels)]
    assert note.startswith("medians" if fits else "baseline: lowest loss of plain gradient descent")
    assert note.endswith("medians over 2 seeds")


@pytest.mark.usefixtures("undrawn")
def test_the_default_optimizers_all_learn_and_differ() -> None:
    found = json_of("compare-optimizers", "--seeds", 2, "--rates", "0.01,3")
    finals = []
    for trial in found["trials"]:
        for run in trial["runs"]:
            assert run["losses"][-1] < run["losses"][0] / 2
            assert run["validation_accuracy"] > 0.85
        finals.append(tuple(run["losses"][-1] for run in trial["runs"]))
    assert len(finals) == 4
    for k in range(2):
        assert len({ends[k] for ends in finals}) == 4


@pytest.mark.usefixtures("undrawn")
def test_momentum_at_its_best_rate_is_much_faster_than_gradient_descent() -> None:
    found = json_of("compare-optimizers", "gradient-descent@3", "momentum@10")
    plain, momentum = (trial["steps_to_baseline"] for trial in found["trials"])
    assert (plain, momentum) == pytest.approx((189, 54), rel=0.15)


@pytest.mark.usefixtures("undrawn")
def test_small_networks_underfit_and_large_ones_overfit() -> None:
    found = json_of("compare-hidden", "2", "8", "64,64", "--seeds", 1)
    small, right, large = found["trials"]
    assert right["validation_accuracy"] > max(small["validation_accuracy"], large["validation_accuracy"])
    assert large["training_accuracy"] - large["validation_accuracy"] > 0.08
    assert small["training_accuracy"] < right["training_accuracy"] < large["training_accuracy"]
    losses = large["runs"][0]["validation_losses"]
    assert losses[-1] > 2 * min(losses)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("name", "values", "labels"),
    [
        ("optimizers", ("adam@0.003", "momentum:beta=0.5"), ["adam @ 0.003"]),
        ("initializers", ("lecun", "xavier-uniform"), ["lecun", "xavier-uniform"]),
        ("learning-rates", ("0.2", "1e-3"), ["0.2", "0.001"]),
        ("batch-sizes", ("full", "16"), ["full", "16"]),
        ("dropout", ("0.3",), ["0.3"]),
        ("l2", ("0.5", "0"), ["0.5", "0"]),
        ("hidden", ("", "3,2"), ["none", "3,2"]),
    ],
)
def test_other_values_can_be_compared(name: str, values: tuple[str, ...], labels: list[str]) -> None:
    found = json_of(f"compare-{name}", *values, *small(f"compare-{name}"))
    shown = [trial["trial"] for trial in found["trials"]]
    assert len(shown) == len(values)
    assert shown[: len(labels)] == labels


@pytest.mark.usefixtures("undrawn")
class TestFairness:
    def seen(self, monkeypatch: pytest.MonkeyPatch, name: str, *values: str) -> list[dict[str, Any]]:
        """The settings, initial weights and batches of every run of a comparison."""
        runs: list[dict[str, Any]] = []

        def build(settings: NetworkSettings) -> Trainer:
            trainer = build_trainer(settings)
            run: dict[str, Any] = {"settings": settings, "weights": trainer.network.vector.copy(), "batches": []}
            runs.append(run)
            batch = trainer.batches.batch

            def recorded(seed: tuple[int, int]) -> Any:
                x, y, weights = batch(seed)
                run["batches"].append((x.copy(), y.copy()))
                return x, y, weights

            trainer.batches.batch = recorded  # type: ignore[method-assign]
            return trainer

        monkeypatch.setattr("deep_nn.commands._comparison.build_trainer", build)
        noise = ("--l2", "0.1") if name == "dropout" else ("--dropout", "0.5")
        rates = ("--rates", "0.1") if name == "optimizers" else ()
        succeed(f"compare-{name}", *values, *SMALL, *noise, *rates)
        return runs

    @pytest.mark.parametrize("name", ["optimizers", "learning-rates", "dropout", "l2"])
    def test_trials_of_a_seed_share_weights_and_batches(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        runs = self.seen(monkeypatch, name)
        assert len(runs) >= 8
        for seed in (0, 1):
            first, *others = [run for run in runs if run["settings"].seed == seed]
            for run in others:
                np.testing.assert_array_equal(run["weights"], first["weights"])
                for (x, y), (first_x, first_y) in zip(run["batches"], first["batches"], strict=True):
                    np.testing.assert_array_equal(x, first_x)
                    np.testing.assert_array_equal(y, first_y)

    def test_trials_of_batch_size_share_weights_and_the_order_of_examples(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs = self.seen(monkeypatch, "batch-sizes")
        for seed in (0, 1):
            mine = [run for run in runs if run["settings"].seed == seed]
            shuffled = [run for run in mine if (run["settings"].batch_size or 99) < 48]
            assert len(shuffled) == 2
            orders = [np.concatenate([x for x, _ in run["batches"]]) for run in shuffled]
            np.testing.assert_array_equal(orders[0], orders[1])
            for run in mine:
                np.testing.assert_array_equal(run["weights"], mine[0]["weights"])

    def test_seeds_differ(self, monkeypatch: pytest.MonkeyPatch) -> None:
        runs = self.seen(monkeypatch, "l2")
        weights = {run["settings"].seed: run["weights"].tobytes() for run in runs}
        assert weights[0] != weights[1]

    @pytest.mark.parametrize(
        ("name", "value", "setting", "usual"),
        [
            ("batch-sizes", "5", "batch_size", 64),
            ("learning-rates", "0.07", "learning_rate", None),
            ("initializers", "zeros", "initializer", "he"),
        ],
    )
    def test_the_baseline_has_the_default_value_of_the_setting(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, setting: str, usual: object
    ) -> None:
        runs = self.seen(monkeypatch, name, value)
        values = [getattr(run["settings"], setting) for run in runs]
        assert usual not in values[::2]
        assert values[1::2] == [usual, usual]
        assert {run["settings"].optimizer for run in runs[1::2]} == {"gradient-descent"}

    def test_the_baseline_of_optimizers_is_the_gradient_descent_among_them(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs = self.seen(monkeypatch, "optimizers", "adam@0.2", "gradient-descent@0.1")
        found = [(run["settings"].optimizer, run["settings"].learning_rate) for run in runs]
        assert found == [("adam", 0.2), ("gradient-descent", 0.1)] * 2
        runs = self.seen(monkeypatch, "optimizers", "adam@0.2")
        found = [(run["settings"].optimizer, run["settings"].learning_rate) for run in runs]
        assert found == [("gradient-descent", 0.1), *[("adam", 0.2), ("gradient-descent", 0.1)] * 2]

    @pytest.mark.parametrize(
        ("name", "count"), [("optimizers", 4), ("initializers", 5), ("batch-sizes", 5), ("dropout", 4), ("l2", 4)]
    )
    def test_the_baseline_runs_once_or_not_at_all(self, monkeypatch: pytest.MonkeyPatch, name: str, count: int) -> None:
        runs = self.seen(monkeypatch, name)[4 if name == "optimizers" else 0 :]  # after a search
        assert len({run["settings"] for run in runs}) == len(runs) == count * 2
        plain = [run for run in runs if run["settings"].optimizer == "gradient-descent"]
        assert bool(plain) == (name not in {"dropout", "l2"})


@pytest.mark.usefixtures("undrawn")
class TestOptions:
    def figures_of(self, *options: object) -> Any:
        found = json_of("compare-optimizers", "gradient-descent", "adam", *SMALL, *SEARCH, *options)
        del found["figure"]
        for trial in found["trials"]:
            del trial["seconds"]
            for run in trial["runs"]:
                del run["seconds"]
        return found

    def test_the_number_of_workers_changes_no_number(self) -> None:
        assert self.figures_of("--workers", 2) == self.figures_of()

    def test_the_same_seed_gives_the_same_numbers_and_another_does_not(self) -> None:
        first = self.figures_of("--seed", 5)
        assert first["seeds"] == [5, 6]
        assert self.figures_of("--seed", 5) == first
        assert self.figures_of("--seed", 7) != first

    def test_a_trial_is_the_same_run_as_that_of_train(self, tmp_path: Path) -> None:
        found = self.figures_of("--l2", "0.1")
        adam = found["trials"][1]["runs"][1]
        rate = found["learning_rate_search"]["best"]["adam"]
        options = ("--optimizer", "adam", "--learning-rate", rate, "--l2", "0.1", "--seed", 1)
        alone = ("--epochs", 2, "--data", "moons:points=60", "--hidden", "4")
        result = json_of("train", *alone, *options)
        assert adam["losses"][-1] == result["training_loss"]
        assert adam["validation_accuracy"] == result["validation_accuracy"]
        assert adam["training_accuracy"] == result["training_accuracy"]
        assert adam["steps"][-1] == result["steps"]

    def test_one_learning_rate_can_be_set_for_all(self) -> None:
        found = self.figures_of("--learning-rate", "0.05")
        shown = [trial["trial"] for trial in found["trials"]]
        assert shown == ["gradient-descent @ 0.05", "adam @ 0.05"]
        assert "learning_rate_search" not in found
        stderr = succeed("compare-optimizers", "adam@0.1", "gd@0.1", *SMALL, *SEARCH).stderr
        assert "Note: --rates has no effect, since every optimizer has a learning rate" in stderr

    def test_a_rate_after_the_name_overrides_it(self) -> None:
        found = json_of("compare-optimizers", "adam@0.1", *SMALL, "--learning-rate", "0.05")
        assert found["trials"][0]["trial"] == "adam @ 0.1"

    def test_a_diverged_trial_is_reported_and_the_others_continue(self) -> None:
        result = invoke("compare-optimizers", "gradient-descent@1e30", "adam", *SMALL, *SEARCH, "--json")
        assert result.exit_code == 0
        wild, calm = strict_json(result.stdout)["trials"]
        assert wild["final_loss"] is None
        assert "smaller learning rate" in wild["runs"][0]["diverged"]
        assert calm["final_loss"] > 0
        table = invoke("compare-optimizers", "gradient-descent@1e30", "adam", *SMALL, *SEARCH).stdout
        assert "diverged" in table.splitlines()[1]
        assert "gradient-descent @ 1e+30, seed 0: the " in table

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("optimizers", "adm"), "did you mean 'adam'?"),
            (("optimizers", "adam@fast"), "'adam@fast' is not a positive number"),
            (("optimizers", "adam@0"), "'adam@0' is not positive"),
            (("optimizers", "adam@nan"), "'adam@nan' is not positive"),
            (("optimizers", "adam@"), "'adam@' is not a positive number"),
            (("initializers", "hee"), "did you mean 'he'?"),
            (("learning-rates", "0"), "not above 0"),
            (("batch-sizes", "0"), "batch size must be at least 1"),
            (("dropout", "1"), "1 is not below 1 and at least 0"),
            (("dropout", "0.5,,0.5"), "empty item"),
            (("l2", "x"), "not a number"),
            (("l2", "--l2", "0.1"), "write the value alone: deep-nn compare-l2 0.1"),
            (("l2", "--seeds", "0"), "--seeds"),
            (("optimizers", "--rates", "0.1,0"), "not above 0"),
            (("hidden", "8,0"), "0 is not in the range"),
            (("l2", "--boundaries", "l2.png", "--figure", "l2.png"), "would overwrite"),
            (("l2", "--workers", "0"), "--workers"),
            (("l2", "--figure", "curves.gif"), "must end in .png or .jpg or .jpeg or .svg or .pdf"),
        ],
    )
    def test_invalid_arguments_are_refused_before_anything_runs(self, arguments: tuple[str, ...], words: str) -> None:
        name, *rest = arguments
        assert words in refusal(f"compare-{name}", *rest, status=2)

    def test_each_optimizer_has_the_rate_found_with_the_same_rates(self) -> None:
        found = json_of("compare-optimizers", "momentum", "adam", "adam@0.02", *SMALL, "--rates", "3,0.01,0.3")
        search = found["learning_rate_search"]
        assert (search["rates"], search["seed"]) == ([0.01, 0.3, 3], 0)
        assert set(search["losses"]) == {"momentum", "adam", "gradient-descent"}
        best = search["best"]
        for name, losses in search["losses"].items():
            assert best[name] == search["rates"][losses.index(min(losses))]
        shown = [trial["trial"] for trial in found["trials"]]
        assert shown == [f"momentum @ {best['momentum']:g}", f"adam @ {best['adam']:g}", "adam @ 0.02"]

    def test_the_table_says_how_rates_were_found_and_what_momentum_averages(self) -> None:
        table = succeed("compare-optimizers", "momentum", "adam@0.01", *SMALL, "--rates", "1,3").stdout
        assert "learning rates: for each optimizer, of 1, 3 the one with the lowest mean training loss" in table
        assert (
            "momentum averages gradients, v = beta v + (1 - beta) g: 3 is 0.3 in PyTorch, where v = beta v + g" in table
        )
        assert "momentum: 3 is the highest of the learning rates; a higher one may be better" in table
        assert "times are not compared: runs take less than 1 s" in table

    def test_a_fraction_to_hold_out_is_for_the_default_data(self, monkeypatch: pytest.MonkeyPatch) -> None:
        held: list[float] = []

        def build(settings: NetworkSettings) -> Trainer:
            held.append(settings.validation)
            return build_trainer(settings)

        monkeypatch.setattr("deep_nn.commands._comparison.build_trainer", build)
        for options in ((), ("--data", "moons"), ("--data", "moons", "--validation", "0.9")):
            succeed("compare-l2", "0", "--epochs", 1, "--seeds", 1, *options)
        assert held == [0.9, 0.2, 0.9]

    def test_without_validation_data_only_training_is_shown(self) -> None:
        lines = succeed("compare-l2", "0", "1", *SMALL, "--validation", 0).stdout.splitlines()
        assert lines[1].split()[2::2] == ["-", "-"]

    def test_bad_data_is_one_line_from_workers_too(self, tmp_path: Path) -> None:
        data = ("--data", tmp_path / "none.csv", "--seeds", 10)
        line = refusal("compare-l2", *data, "--workers", 2, status=1)
        assert line == f"no such file: {tmp_path / 'none.csv'}"


EXECUTION = {"workers", "executor", "scheduler", "journal"}
OF_OPTIMIZERS = {"rates", "tune", "target_loss", "suite", "landscape"}


def test_the_options_are_those_of_train_without_the_setting() -> None:
    options = {name: {p.name for p in PROGRAM.commands()[name].params} for name in NAMES}
    of_train = {p.name for p in PROGRAM.commands()["train"].params}
    of_train -= {"save", "resume", "start", "fold", "cross_validate", "log", "log_format", "early_stopping", "threads"}
    for name, setting in SETTINGS.items():
        own = OF_OPTIMIZERS if name == "compare-optimizers" else set()
        assert options[name] == (of_train - {setting}) | {"values", "seeds", "boundaries"} | EXECUTION | own


def test_the_defaults_of_an_option_are_one_for_train_and_comparisons(tmp_path: Path) -> None:
    trained(tmp_path / "m.h5")
    settings = json_of("summary", "--model", tmp_path / "m.h5")["settings"]
    shown = {p.name: p.default for p in PROGRAM.commands()["compare-optimizers"].params}
    for name in ("hidden", "activation", "dropout", "seed", "dtype", "schedule"):
        assert shown[name] == settings[name]


def test_the_default_figure_is_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    succeed("compare-l2", *SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["compare-l2.png"]
