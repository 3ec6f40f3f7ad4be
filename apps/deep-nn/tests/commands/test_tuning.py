"""`compare-optimizers --tune`, `--suite` and `--landscape`, and `sweep`."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import invoke, json_of, refusal, succeed
from PIL import Image

from deep_nn.landscape.paths import best_path, follow
from deep_nn.landscape.surfaces import SURFACES, Surface

TINY = ("--epochs", 2, "--data", "moons:points=80", "--hidden", 4)
FREE = {"seconds", "figure"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def image_of(path: Path) -> tuple[int, int, int]:
    """Width, height and number of frames."""
    with Image.open(path) as image:
        return *image.size, getattr(image, "n_frames", 1)


class TestTune:
    TUNE = ("compare-optimizers", "momentum", "adam", *TINY, "--tune", 2, "--seeds", 2)

    def test_the_table_names_what_was_chosen_and_what_is_clear(self, here: Path) -> None:
        result = succeed(*self.TUNE, "--figure", "tuned.png")
        assert "more than the best" in result.stdout
        assert "tuned with 2 random trials each" in result.stdout
        assert "fewer than 6 seeds: no difference can be clear" in result.stdout
        assert image_of(here / "tuned.png") == (2325, 675, 1)

    def test_json_has_everything_and_does_not_depend_on_workers(self, here: Path) -> None:
        one = json_of(*self.TUNE, "--figure", "a.png")
        two = json_of(*self.TUNE, "--figure", "a.png", "--workers", 2)
        assert one == two
        assert one["seeds"] == [1, 2]
        assert [each["optimizer"] for each in one["optimizers"]] == ["momentum", "adam"]
        assert len(one["pairs"]) == 1

    def test_a_journal_continues_it(self, here: Path) -> None:
        first = json_of(*self.TUNE, "--journal", "runs.jsonl", "--figure", "a.png")
        lines = Path("runs.jsonl").read_text().splitlines()
        assert len(lines) == 2 * 2 + 2 * 2
        Path("runs.jsonl").write_text("\n".join(lines[:3]) + "\n" + lines[3][:50])
        assert json_of(*self.TUNE, "--journal", "runs.jsonl", "--figure", "a.png") == first
        assert len(Path("runs.jsonl").read_text().splitlines()) == len(lines)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("adam@0.1", "--tune", 2), "--tune chooses the learning rate; omit that of 'adam@0.1'"),
            (("--target-loss", 1), "--target-loss needs --tune"),
            (("--tune", 0), "--tune"),
            (("--tune", 2, "--validation", 0), "no validation set to choose and to judge by"),
            (("--suite", "mnist"), "no such workload: 'mnist'"),
            (("--landscape", "--tune", 3), "mutually exclusive"),
            (("--landscape", "everest"), "no surface 'everest'; choose from"),
            (("--figure", "a.gif"), "only --landscape is animated"),
            (("--tune", 2, "--figure", "a.gif"), "only --landscape is animated"),
        ],
    )
    def test_mistakes_are_one_line(self, here: Path, words: tuple[Any, ...], message: str) -> None:
        result = invoke("compare-optimizers", *TINY, *words)
        assert result.exit_code in {1, 2}
        assert message in result.stderr
        assert "Traceback" not in result.stderr


class TestSuite:
    def test_a_problem_is_tuned_and_profiled(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("deep_nn.workloads")
        result = invoke("compare-optimizers", "adam", "lion", "--suite", "moons", "--tune", 1, "--seeds", 1)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("moons: 1,000 points on noisy half moons")
        assert "steps to the target" in result.stdout
        assert (here / "compare-optimizers.png").exists()


@pytest.mark.parametrize("name", SURFACES)
class TestSurfaces:
    def test_the_gradient_is_that_of_finite_differences(self, name: str) -> None:
        surface = SURFACES[name]()
        rng = np.random.default_rng(0)
        for _ in range(5):
            p = rng.uniform(-1.5, 1.5, 2)
            for i, step in enumerate(1e-6 * np.eye(2)):
                up, down = p + step, p - step
                slope = (surface.value(*up) - surface.value(*down)) / 2e-6
                assert surface.gradient(p)[i] == pytest.approx(slope, rel=1e-5, abs=1e-5)

    def test_no_value_is_below_the_lowest(self, name: str) -> None:
        surface = SURFACES[name]()
        x0, x1, y0, y1 = surface.window
        x, y = np.meshgrid(np.linspace(x0, x1, 200), np.linspace(y0, y1, 200))
        assert surface.value(x, y).min() >= surface.lowest - 1e-9
        assert x0 < surface.start[0] < x1
        assert y0 < surface.start[1] < y1


class TestPaths:
    BOWL = Surface("a bowl", lambda x, y: x * x + y * y, lambda p: 2 * p, (1.0, 2.0), (-3, 3, -3, 3))

    def test_gradient_descent_by_hand(self) -> None:
        points = follow(self.BOWL, "gradient-descent", 0.25, 2)
        np.testing.assert_allclose(points, [[1, 2], [0.5, 1], [0.25, 0.5]])

    def test_the_best_rate_is_chosen_and_divergence_left_out(self) -> None:
        assert follow(self.BOWL, "gradient-descent", 1e3, 20) is None
        path = best_path(self.BOWL, "gradient-descent", [1e-3, 0.5, 1e3], 20)
        assert path is not None
        assert path.rate == 0.5
        assert path.steps_to(1e-9) == 1
        assert best_path(self.BOWL, "gradient-descent", [1e3], 20) is None


class TestLandscape:
    def test_the_loss_in_two_weights_is_drawn(self, here: Path) -> None:
        words = ("adam", "momentum", *TINY, "--landscape", "loss", "--rates", "0.1,1", "--figure", "paths.png")
        found = json_of("compare-optimizers", *words)
        assert [path["optimizer"] for path in found["paths"]] == ["adam", "momentum"]
        assert len(found["paths"][0]["points"]) == 101
        assert found["paths"][0]["values"][-1] < found["paths"][0]["values"][0]
        assert image_of(here / "paths.png") == (1800, 750, 1)

    def test_paths_move(self, here: Path) -> None:
        words = (
            "adam",
            "--landscape",
            "valley",
            "--rates",
            "1",
            "--figure",
            "paths.gif",
            "--size",
            "4x2.5",
            "--dpi",
            40,
        )
        table = succeed("compare-optimizers", *words).stdout
        assert "a narrow valley, from (-9, 1.2)" in table
        assert image_of(here / "paths.gif") == (160, 100, 60)


class TestSweep:
    SWEEP = ("sweep", *TINY, "--trials", 4, "--round-size", 2, "--space", "learning-rate=log:0.01:1,hidden=4|8,4")

    def test_the_best_command_repeats_the_best_trial(self, here: Path) -> None:
        found = json_of(*self.SWEEP)
        command = shlex.split(found["best_command"])
        assert command[:2] == ["deep-nn", "train"]
        trained = json_of(*command[1:])
        assert trained["validation_loss"] == found["best_loss"]
        assert (here / "sweep.png").exists()

    @pytest.mark.parametrize("more", [(), ("--prune", "--epochs", 9), ("--sampler", "random", "--seeds", 2)])
    def test_results_do_not_depend_on_the_workers(self, here: Path, more: tuple[Any, ...]) -> None:
        assert json_of(*self.SWEEP, *more) == json_of(*self.SWEEP, *more, "--workers", 2)

    def test_pruned_trials_end_early_and_are_never_the_best(self, here: Path) -> None:
        found = json_of(*self.SWEEP, "--prune", "--epochs", 9, "--round-size", 4)
        assert sorted(trial["epochs"] for trial in found["trials"]) == [1, 1, 3, 9]
        best = found["trials"][found["best_trial"] - 1]
        assert not best["pruned"]

    def test_the_table_ranks_trials(self, here: Path) -> None:
        text = succeed(*self.SWEEP).stdout
        assert text.startswith("trial  validation loss  epochs  learning-rate  hidden")
        losses = [float(line.split()[1]) for line in text.splitlines()[1:5]]
        assert losses == sorted(losses)
        assert text.splitlines()[-1].startswith("deep-nn train --")

    @pytest.mark.parametrize(
        ("space", "message"),
        [
            ("learnin-rate=1:2", "unknown setting 'learnin-rate'; did you mean 'learning-rate'?"),
            ("dropout=0:2", "invalid value of dropout"),
            ("hidden=4|x", "invalid value of hidden"),
            ("optimizer=adam|adm", "invalid value of optimizer"),
            ("epochs=1:3", "unknown setting 'epochs'"),
        ],
    )
    def test_bad_spaces_are_one_line(self, here: Path, space: str, message: str) -> None:
        assert message in refusal("sweep", *TINY, "--space", space, status=2)

    def test_without_a_validation_set_there_is_nothing_to_compare(self, here: Path) -> None:
        assert "no validation set to compare trials by" in refusal(*self.SWEEP, "--validation", 0, status=1)

    def test_json_is_valid(self, here: Path) -> None:
        json.dumps(json_of(*self.SWEEP, "--space", "learning-rate=log:1:1e30"), allow_nan=False)
