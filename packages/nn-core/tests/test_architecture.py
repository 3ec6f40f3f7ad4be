"""Imports run one way, and start-up stays cheap. Read from the source, not by importing it."""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import nn_core

SOURCE = Path(nn_core.__file__).parent
PACKAGE = Path(__file__).resolve().parents[1]
# In the workspace the apps stand beside the packages; an sdist has none.
IN_WORKSPACE = PACKAGE.parent.name == "packages"
APPS = sorted(PACKAGE.parents[1].glob("apps/*/src/*/")) if IN_WORKSPACE else []

# From the ground up: a module imports from its own floor and the floors below.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"arrays", "errors", "lazy_import"}),
    frozenset({"registry", "sequences"}),
    frozenset({"storage"}),
    frozenset(
        {"activations", "batches", "engine", "initializers", "losses", "metrics", "products"}
    ),
    frozenset({"optim"}),
    frozenset({"layers"}),
    frozenset({"folding", "fusion", "lanes", "summary", "network", "slicing"}),
    frozenset({"checkpoint", "gradient_check", "generate", "training"}),
    frozenset({"cli", "testing"}),
)
FLOOR_OF = {name: height for height, names in enumerate(FLOORS) for name in names}
LAB_NEEDS = {"PIL", "click", "h5py", "matplotlib", "pooch", "requests", "threadpoolctl", "tqdm"}
SLOW = {"PIL", "click", "h5py", "matplotlib", "pooch", "requests", "tqdm"}


def imports(path: Path, package: str) -> Iterator[tuple[str, bool]]:
    """Every dotted name that a file imports, and whether importing the file does so at once."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    later = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_for_types_only(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node not in later) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            for alias in node.names:
                # `from nn_core import spec` names a module.
                whole = f"{module}.{alias.name}" if module == package else module
                yield whole, node not in later


def is_for_types_only(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def module_of(path: Path) -> str:
    """The module or subpackage right under nn_core that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def nn_core_files() -> list[Path]:
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if path.parent / path.name != SOURCE / "__init__.py"
    ]


def internal_imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules right under nn_core that a file imports."""
    for name, at_once in imports(path, "nn_core"):
        root, _, rest = name.partition(".")
        if root == "nn_core":
            yield rest.partition(".")[0], at_once


def test_every_module_has_its_floor() -> None:
    assert {module_of(path) for path in nn_core_files()} == set(FLOOR_OF)


@pytest.mark.parametrize("path", nn_core_files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_run_one_way(path: Path) -> None:
    own = module_of(path)
    for module, at_once in internal_imports(path):
        assert module in FLOOR_OF, f"{own} imports nn_core.{module}, which has no floor"
        if at_once:
            assert FLOOR_OF[module] <= FLOOR_OF[own], f"{own} imports {module} from above it"
        assert module != "cli" or own == "cli", f"{own} knows the command lines"


def test_no_circles_within_a_floor() -> None:
    below: dict[str, set[str]] = {name: set() for name in FLOOR_OF}
    for path in nn_core_files():
        own = module_of(path)
        below[own] |= {module for module, at_once in internal_imports(path) if at_once} - {own}
    while below:
        free = {name for name, needs in below.items() if not needs & set(below)}
        assert free, f"these import each other: {sorted(below)}"
        below = {name: needs for name, needs in below.items() if name not in free}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_the_maths_needs_numpy_alone(path: Path) -> None:
    in_lab = path.is_relative_to(SOURCE / "cli") or path == SOURCE / "testing.py"
    for name, at_once in imports(path, "nn_core"):
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in {"nn_core", "numpy"}:
            continue
        if in_lab:
            assert root in LAB_NEEDS, f"{path} imports {root}"
        else:
            optional = {
                ("checkpoint.py", "h5py", False),
                ("hdf5.py", "h5py", False),
                ("thread_pool.py", "threadpoolctl", False),
            }
            assert (path.name, root, at_once) in optional


@pytest.mark.skipif(not APPS, reason="there are no apps beside this package")
def test_apps_know_nn_core_and_not_each_other() -> None:
    names = {app.name for app in APPS}
    for app in APPS:
        for path in app.rglob("*.py"):
            known = {name.partition(".")[0] for name, _ in imports(path, app.name)}
            assert not known & (names - {app.name}), f"{path} imports another app"
            assert not known & {"scipy", "torch", "tensorflow", "sklearn", "jax"}


@pytest.mark.skipif(not APPS, reason="there are no apps beside this package")
def test_nn_core_knows_no_app() -> None:
    names = {app.name for app in APPS}
    for path in SOURCE.rglob("*.py"):
        known = {name.partition(".")[0] for name, _ in imports(path, "nn_core")}
        assert not known & names, f"{path} imports an app"


def test_training_loads_nothing_slow() -> None:
    program = """
        import importlib, pkgutil, sys

        import numpy as np

        import nn_core
        from nn_core.losses import binary_cross_entropy
        from nn_core.optim.optimizers import Adam

        for module in pkgutil.iter_modules(nn_core.__path__, "nn_core."):
            if module.name not in {"nn_core.cli", "nn_core.testing"}:
                importlib.import_module(module.name)
        rng = np.random.default_rng(0)
        network = nn_core.Network([nn_core.Dense(1)], input_shape=(2,), rng=rng)
        x, y = rng.normal(size=(8, 2)), np.arange(8) % 2
        recipe = nn_core.Recipe(binary_cross_entropy, Adam())
        nn_core.Trainer(network, x, y, recipe, epochs=2, rng=rng).run()
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
    """
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    loaded = set(finished.stdout.split())
    assert "numpy" in loaded
    assert not loaded & (SLOW | {"scipy", "torch"})
