#!/usr/bin/env python3
# /// script
# dependencies = ["nox>=2025.2.9"]
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

# Distribution: where it stands. nn-core first, since the rest are built on it.
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
        "boundary out/moons.h5 --figure out/moons-boundary.png",
    ],
    "cnn-sign": [
        "train --save out/hands-model.h5 --figure out/hands-training.png",
        "evaluate --figure out/confusion.png --mistakes out/mistakes.png",
        "filters --figure out/filters.png",
        "animate-convolution --figure out/convolution.gif",
        "make-data --save out/hands.h5 --count 200 --test 100 --figure out/hands.png",
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
        "sample --model out/notes.h5 --prime Day --length 300 --temperature 0.7 --seed 0",
    ],
}

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"

per_package = nox.parametrize("package", [nox.param(name, id=name) for name in PACKAGES])


def editable(*packages: str) -> list[str]:
    """Arguments that install packages from here; nn-core never comes from an index."""
    arguments = ["-e", f"{PACKAGES['nn-core']}[cli]"]
    for name in packages:
        if name != "nn-core":
            arguments += ["-e", PACKAGES[name]]
    return arguments


def test_group(package: str) -> list[str]:
    """What the package's tests need, from its dependency group `test`."""
    pyproject = nox.project.load_toml(f"{PACKAGES[package]}/pyproject.toml")
    return list(nox.project.dependency_groups(pyproject, "test"))


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
@per_package
def typecheck(session: nox.Session, package: str) -> None:
    """Mypy, strict, against what the package itself depends on."""
    session.install("mypy", *editable(package))
    session.run("mypy", f"{PACKAGES[package]}/src")


@nox.session
@per_package
def tests(session: nox.Session, package: str) -> None:
    """Pytest in random order; words after -- go to pytest."""
    session.install(*editable(package), *test_group(package))
    session.run("pytest", PACKAGES[package], *session.posargs)


@nox.session(default=False, python="3.11")
@per_package
def minimums(session: nox.Session, package: str) -> None:
    """The tests once more, on the lowest versions that the package claims."""
    session.install("uv")
    lowest = ("uv", "pip", "install", "--resolution=lowest-direct")
    session.run(*lowest, *editable(package), *test_group(package))
    session.run("uv", "pip", "list")
    session.run("pytest", PACKAGES[package], *session.posargs)


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
def bench(session: nox.Session) -> None:
    """Time beside PyTorch and scikit-learn; words after -- go to the bench, see benchmarks/."""
    session.install(*editable(*PACKAGES), "pytest", "scikit-learn", "torch==2.13.0")
    environment = {
        "OPENBLAS_CORETYPE": None,
        "PYTHONDONTWRITEBYTECODE": None,
        "PYTHONPATH": "benchmarks",
    }
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
