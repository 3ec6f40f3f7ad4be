#!/usr/bin/env python3
# /// script
# dependencies = ["nox[uv]>=2025.2.9"]
# ///
"""Every task of the workspace: `nox` checks it, `nox -l` lists the rest.

A new app is one line in PACKAGES and one entry in JOBS.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
OUT = ROOT / "out"

# Distribution: its folder. nn-core first, since the others are built on it.
PACKAGES = {
    "nn-core": "packages/nn-core",
    "deep-nn": "apps/deep-nn",
    "cnn-sign": "apps/cnn-sign-digits",
    "char-rnn-dino": "apps/char-rnn-dino",
}
# Program: what `demo` runs of it. `smoke` runs the first, its main job, with no options; "" is the
# program by itself.
JOBS = {
    "deep-nn": [
        "compare-optimizers --figure out/compare-optimizers.png",
        "train --save out/moons.h5 --figure out/moons-training.png",
        "boundary --model out/moons.h5 --figure out/moons-boundary.png",
    ],
    "cnn-sign": [
        "train --save out/hands-model.h5 --figure out/hands-training.png",
        "evaluate --figure out/confusion.png --mistakes out/mistakes.png",
        "filters --figure out/filters.png",
        "animate-convolution --figure out/convolution.gif",
        "make-data --save out/hands.h5 --count 200 --test-count 100 --figure out/hands.png",
    ],
    "dino-gen": [
        "",
        "train --save out/names.h5 --figure out/names-training.png",
        "novelty --figure out/novelty.png",
        "hidden-states Yutyrannus --figure out/hidden-states.png",
        "vanishing-gradients --figure out/vanishing-gradients.png",
    ],
    "char-rnn": [
        "train --epochs 12 --save out/notes.h5 --figure out/notes-training.png",
        "sample --model out/notes.h5 --start Day --length 300 --temperature 0.7 --seed 0",
    ],
}

# Each test process has a core; many start programs, which would compile all modules anew without bytecode.
TESTING = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": None}

# Tests of nn-core that read and write files.
MEASURED = ("storage", "checkpoint", "cli", "exchange", "training")

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


def editable(*packages: str) -> list[str]:
    """Arguments that install packages from here; nn-core never comes from an index."""
    arguments = ["-e", f"{PACKAGES['nn-core']}[cli]"]
    for name in packages:
        if name != "nn-core":
            arguments += ["-e", PACKAGES[name]]
    return arguments


def install_and_test(session: nox.Session, *packages: str) -> None:
    """Install packages with what their tests need, and run these; words after -- go to pytest."""
    session.install(*editable(*packages), *test_groups(*packages))
    run_tests(session, *packages)


def test_groups(*packages: str) -> list[str]:
    """What the packages' tests need, from their dependency groups `test`."""
    needed: dict[str, None] = {}
    for name in packages:
        pyproject = nox.project.load_toml(f"{PACKAGES[name]}/pyproject.toml")
        needed |= dict.fromkeys(nox.project.dependency_groups(pyproject, "test"))
    return list(needed)


def run_tests(session: nox.Session, *packages: str) -> None:
    """Pytest for each package, whose settings it reads, in a process for each core."""
    for name in packages:
        session.run("pytest", "--numprocesses=auto", PACKAGES[name], *session.posargs, env=TESTING)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format, and the schema and safety of the workflows."""
    session.install("ruff", "check-jsonschema", "zizmor")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    workflows = sorted(str(path) for path in Path(".github/workflows").glob("*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("zizmor", "--offline", "--pedantic", ".github")


@nox.session
def typecheck(session: nox.Session) -> None:
    """Mypy, strict."""
    session.install("mypy", *editable(*PACKAGES))
    session.run("mypy", *(f"{folder}/src" for folder in PACKAGES.values()))


@nox.session
def tests(session: nox.Session) -> None:
    """The tests of every package, in one environment; words after -- go to pytest."""
    install_and_test(session, *PACKAGES)


def add_tests_of(package: str) -> None:
    """A session for one package, which finds what the package uses and does not depend on."""

    @nox.session(name=f"tests({package})", default=False)
    def tests_of_package(session: nox.Session) -> None:
        """The tests of one package, in an environment of its own."""
        install_and_test(session, package)


for each in PACKAGES:
    add_tests_of(each)


@nox.session(name="other-pythons", default=False, python=["3.12", "3.13"])
def other_pythons(session: nox.Session) -> None:
    """The tests on the Python versions between the oldest and the newest."""
    install_and_test(session, *PACKAGES)


@nox.session(default=False, python="3.11")
@nox.parametrize("package", [nox.param(name, id=name) for name in PACKAGES])
def minimums(session: nox.Session, package: str) -> None:
    """The tests once more, on the lowest versions that the package claims."""
    session.install("uv")
    lowest = ("uv", "pip", "install", "--resolution=lowest-direct")
    session.run(*lowest, *editable(package), *test_groups(package))
    session.run("uv", "pip", "list")
    run_tests(session, package)


@nox.session(default=False)
def slow(session: nox.Session) -> None:
    """The cases that the default tests leave out, such as figures in all styles and sizes."""
    session.install(*editable(*PACKAGES), *test_groups(*PACKAGES))
    for folder in PACKAGES.values():
        options = ("--numprocesses=auto", "-m", "slow", *session.posargs)
        session.run("pytest", *options, folder, env=TESTING, success_codes=[0, 5])  # 5: it has none


@nox.session(default=False)
def distributed(session: nox.Session) -> None:
    """The tests that need Dask, MPI or Optuna, with schedulers, workers and ranks on this machine."""
    session.install(*editable(*PACKAGES), *test_groups(*PACKAGES), "-e", f"{PACKAGES['nn-core']}[cli,dask,mpi,optuna]")
    session.run("pytest", f"{PACKAGES['nn-core']}/tests/cli/executors", "-m", "", *session.posargs, env=TESTING)
    session.run("pytest", f"{PACKAGES['nn-core']}/tests/sweeps", *session.posargs, env=TESTING)
    session.run("pytest", f"{PACKAGES['deep-nn']}/tests/test_mpi.py", "-m", "", *session.posargs, env=TESTING)


@nox.session(default=False)
def review(session: nox.Session) -> None:
    """The Scientific Python checklist, on the workspace and on each package."""
    session.install("sp-repo-review[cli]")
    session.run("sp-repo-review", ".", *PACKAGES.values())


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """The main jobs of every app, with their figures in out/."""
    session.install(*editable(*PACKAGES))
    OUT.mkdir(exist_ok=True)
    for program, jobs in JOBS.items():
        for job in jobs:
            session.run(program, *job.split())
    print("\nWritten:")
    for path in sorted(OUT.iterdir()):
        print(f"{path.stat().st_size / 1024:8.1f} KiB  {path.relative_to(ROOT)}")


@nox.session(default=False)
def options(session: nox.Session) -> None:
    """Write docs/options.md, the table of all options; a test fails if it is out of date."""
    session.install(*editable(*PACKAGES))
    session.run("python", "docs/options_table.py")


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    """The pictures of docs/gallery.md and the READMEs; words after -- go to docs/gallery.py, such as --check."""
    session.install(*editable(*PACKAGES))
    session.run("python", "docs/gallery.py", *session.posargs)


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Numbers of nn-core's source changed one by one, to see a test fail; words after -- go to tools/mutants."""
    session.install(*editable("nn-core"), *test_groups("nn-core"), "coverage")
    session.run("python", "-m", "mutants", *session.posargs, env=TESTING | {"PYTHONPATH": "tools"})


@nox.session(name="onnx-vectors", default=False)
def onnx_vectors(session: nox.Session) -> None:
    """Layers, losses and optimizers against the test vectors of ONNX's operators; --refused lists what is left."""
    session.install("-e", f"{PACKAGES['nn-core']}[onnx]")
    session.run("python", "-W", "ignore", "-m", "onnx_vectors", *session.posargs, env={"PYTHONPATH": "tools"})


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Training runs, or `sweeps`, killed at random moments, continued, and compared; --kills N, --seed N."""
    session.install(*editable(*PACKAGES))
    if session.posargs[:1] == ["sweeps"]:
        session.install("-e", f"{PACKAGES['nn-core']}[dask,mpi]")
        session.run("python", "tools/kill_sweeps.py", *session.posargs[1:])
    else:
        session.run("python", "tools/kill_runs.py", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Hostile files for all readers; words after -- go to the fuzzer, alone --coverage measures the tests with it."""
    session.install(*editable(*PACKAGES), *test_groups("nn-core"), "coverage")
    environment = TESTING | {"PYTHONPATH": "tools"}
    if session.posargs == ["--coverage"]:
        measured = ("python", "-m", "coverage", "run", "--append", "--branch", "--source=nn_core.storage", "-m")
        session.run("python", "-m", "coverage", "erase")
        folders = [
            f"packages/nn-core/tests/{name}" for name in ("storage", "checkpoint", "cli", "exchange", "training")
        ]
        session.run(*measured, "pytest", "-q", *folders, env=environment)
        session.run(*measured, "fuzz", "--in-process", "--count=5000", env=environment)
        session.run("python", "-m", "coverage", "report", "--show-missing", "--fail-under=95")
        return
    session.run("pytest", "-q", "tools/tests/test_fuzz.py", env=environment)
    session.run("python", "-m", "fuzz", *session.posargs, env=environment)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time beside PyTorch and scikit-learn; words after -- go to the bench, see benchmarks/."""
    session.install(*editable(*PACKAGES), "pytest", "scikit-learn", "torch==2.13.0")
    environment = {"OPENBLAS_CORETYPE": None, "PYTHONDONTWRITEBYTECODE": None, "PYTHONPATH": "benchmarks"}
    session.run("pytest", "-q", "benchmarks/tests", env=environment)
    session.run("python", "-m", "bench", *session.posargs, env=environment)


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """A wheel and an sdist of each package, or of those named after --, in dist/."""
    session.install("build")
    shutil.rmtree(DIST, ignore_errors=True)
    for name in session.posargs or PACKAGES:
        outputs = ("--sdist", "--wheel", "--outdir", str(DIST))
        session.run("python", "-m", "build", *outputs, PACKAGES[name])


@nox.session(default=False, requires=["build"])
def smoke(session: nox.Session) -> None:
    """The built wheels in a fresh environment, both far from this checkout."""
    session.install("virtualenv")
    wheels = {path.name.split("-")[0]: str(path) for path in DIST.glob("*.whl")}
    with tempfile.TemporaryDirectory() as away, session.chdir(away):
        session.run("python", "-m", "virtualenv", "env")
        scripts = Path(away, "env", "Scripts" if os.name == "nt" else "bin")

        def run(program: str, *arguments: str) -> None:
            session.run(str(scripts / program), *arguments, external=True)

        run("python", "-m", "pip", "install", wheels["nn_core"])
        run("python", "-c", "import nn_core")  # with NumPy alone
        run("python", "-m", "pip", "install", *wheels.values())
        for program, (main_job, *_) in JOBS.items():
            run(program, "--help")
            run(program, *main_job.split()[:1])


if __name__ == "__main__":
    nox.main()
