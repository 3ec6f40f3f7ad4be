"""Imports run one way, types included, and start-up stays cheap. Read from the source."""

import ast
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import nn_core

SOURCE = Path(nn_core.__file__).parent
PACKAGE = Path(__file__).resolve().parents[1]
# In the workspace the apps stand beside the packages; an sdist has none.
IN_WORKSPACE = PACKAGE.parent.name == "packages"
APPS = sorted(PACKAGE.parents[1].glob("apps/*/src/*/")) if IN_WORKSPACE else []

# From the ground up: a part of nn_core imports from its own floor and the floors below.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {"arguments", "arrays", "errors", "extras", "html", "lazy_import", "memory", "ranks", "overflow", "printable"}
        | {"progress", "progress_bar", "signals", "source_code", "standard_streams"}
    )
    | frozenset({"foreign", "hints", "version"}),  # lazy_import answers unknown names
    frozenset({"registry", "plugins", "noise", "plots", "sequences", "erf", "finite_differences", "storage"})
    | frozenset({"tables"}),
    frozenset(
        {"activations", "calibration", "initializers", "losses", "metrics", "optim", "ranking_metrics", "targets"}
    ),
    frozenset({"layers"}),
    frozenset({"network", "parameter_layout"}),
    frozenset({"reference", "summary"}),
    frozenset({"backpropagation", "batches", "engine", "generate", "gradient_check", "training"}),
    frozenset({"backends", "checkpoint"}),
    frozenset({"model", "model_checks", "model_file"}),
    frozenset({"exchange", "sklearn", "distributed", "sweeps"}),
    frozenset({"cli", "testing", "testing_json"}),
)
FLOOR_OF = {name: height for height, names in enumerate(FLOORS) for name in names}
SPECIFICATION = ("layers", "network", "reference", "losses", "activations", "initializers", "optim")
CLI_NEEDS = {"PIL", "click", "h5py", "matplotlib", "pooch", "requests", "threadpoolctl", "tqdm"}
EXTRAS = {"onnx", "onnxruntime", "pyarrow", "safetensors", "tensorboardX"}
SLOW = {"PIL", "click", "h5py", "matplotlib", "pooch", "requests", "tqdm", *EXTRAS}
FORBIDDEN = {"scipy", "torch", "tensorflow", "sklearn", "jax", "numba", "keras"}


def modules_of(root: Path, package: str) -> dict[str, Path]:
    """Dotted name -> file, of every module of a package; a folder is its __init__."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        dotted = ".".join((package, *parts)).removesuffix(".__init__")
        found[dotted] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[tuple[str, bool]]:
    """Every module that a file imports, wherever it does, and whether it does so at once."""
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
                # `from nn_core import noise` names a module.
                whole = f"{module}.{alias.name}"
                yield whole if whole in known else module, node not in later
        elif isinstance(node, ast.Call) and names_a_module(node):
            yield from ((arg.value, False) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def names_a_module(call: ast.Call) -> bool:
    """Whether it imports the module that its first argument names, at once or when it is needed."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"import_module", "import_extra", "__import__", "Lazy"}


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def part_of(module: str) -> str:
    """The module or folder right under nn_core that a module belongs to."""
    return module.split(".")[1] if "." in module else ""


NN_CORE = modules_of(SOURCE, "nn_core")
PACKAGES = {"nn_core": NN_CORE} | {app.name: modules_of(app, app.name) for app in APPS}


@cache
def needs(package: str) -> dict[str, set[str]]:
    """Module -> the modules of its own package that it imports, for types and later too.

    Not counted is that a lazily importing __init__ names its modules for type checkers.
    """
    known = PACKAGES[package]
    return {
        module: {
            name
            for name, _ in imports(path, known)
            if name in known and not (path.name == "__init__.py" and name.startswith(module))
        }
        for module, path in known.items()
    }


def test_every_part_has_its_floor() -> None:
    assert {part_of(module) for module in NN_CORE} - {""} == set(FLOOR_OF)


@pytest.mark.parametrize("module", [name for name in NN_CORE if name != "nn_core"])
def test_imports_run_one_way(module: str) -> None:
    floor = FLOOR_OF[part_of(module)]
    for name in needs("nn_core")[module]:
        assert name != "nn_core", f"{module} imports the whole package"
        assert FLOOR_OF[part_of(name)] <= floor, f"{module} imports {name}, a floor above"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_imports_run_in_a_circle_types_included(package: str) -> None:
    left = {module: set(names) - {module} for module, names in needs(package).items()}
    while free := [module for module, names in left.items() if not names & left.keys()]:
        for module in free:
            del left[module]
    assert not left, f"in a circle, or importing from one: {', '.join(sorted(left))}"


@pytest.mark.parametrize("module", NN_CORE)
def test_no_module_imports_a_package_that_it_is_in(module: str) -> None:
    """It would run in a circle, since the package names its modules."""
    assert not {name for name in needs("nn_core")[module] if module.startswith(f"{name}.")}


@pytest.mark.parametrize(
    "line",
    [
        "import nn_core.engine.engine",
        "from nn_core.engine.engine import Engine",
        "from nn_core.engine import engine",
        "if TYPE_CHECKING:\n    from nn_core.engine.engine import Engine",
        "def later():\n    from nn_core.engine.engine import Engine",
        "importlib.import_module('nn_core.engine.engine')",
        "ENGINE = Lazy('nn_core.engine.engine', 'Engine')",
    ],
)
def test_every_import_is_seen(line: str, tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text(line, encoding="utf-8")
    assert "nn_core.engine.engine" in {name for name, _ in imports(file, NN_CORE)}


@pytest.mark.parametrize("part", SPECIFICATION)
def test_the_specification_never_imports_the_engine(part: str) -> None:
    seen: set[str] = set()
    todo = [module for module in NN_CORE if part_of(module) == part]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += needs("nn_core")[module]
    assert not {module for module in seen if part_of(module) == "engine"}


@pytest.mark.parametrize("module", NN_CORE)
def test_only_the_command_lines_need_more_than_numpy(module: str) -> None:
    roots = {name.partition(".")[0]: at_once for name, at_once in imports(NN_CORE[module], NN_CORE)}
    at_once = {root for root, now in roots.items() if now}
    assert not roots.keys() & FORBIDDEN - {part_of(module)}  # nn_core.sklearn is for scikit-learn
    assert not at_once & EXTRAS
    if part_of(module) not in ("cli", "testing"):
        assert not at_once & CLI_NEEDS


@pytest.mark.skipif(not APPS, reason="there are no apps beside this package")
def test_nn_core_knows_no_app_and_apps_not_each_other() -> None:
    names = {app.name for app in APPS}
    for package, modules in PACKAGES.items():
        for module, path in modules.items():
            roots = {name.partition(".")[0] for name, _ in imports(path, modules)}
            assert not roots & (names - {package}), f"{path} imports another app"
            assert not roots & FORBIDDEN - {part_of(module)}, f"{path} imports what computes for us"


PRINTS = "nn_core.standard_streams"
"""The one module that writes to standard output and standard error."""


def printing(source: str) -> Iterator[str]:
    """What in a module writes to the terminal by itself."""
    streams = {"stdout", "stderr", "__stdout__", "__stderr__"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "sys" and node.attr in streams:
                yield f"sys.{node.attr}"
            elif node.value.id == "click" and node.attr in {"echo", "secho", "echo_via_pager"}:
                yield f"click.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in {"sys", "click", "click.utils"}:
            yield from (alias.name for alias in node.names if alias.name in streams | {"echo", "secho"})
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            yield "print"


@pytest.mark.parametrize("package", PACKAGES)
def test_one_module_writes_to_the_terminal(package: str) -> None:
    found = {module: set(printing(path.read_text(encoding="utf-8"))) for module, path in PACKAGES[package].items()}
    assert {module for module, names in found.items() if names} == ({PRINTS} & found.keys())


@pytest.mark.parametrize(
    "line", ["print(1)", "sys.stderr.write('a')", "click.echo('a')", "from click import echo", "out = sys.__stdout__"]
)
def test_every_way_to_write_to_the_terminal_is_seen(line: str) -> None:
    assert list(printing(line))


OPENERS: dict[str, str] = {
    "zipfile": "nn_core.storage.archives",
    "tarfile": "",
    "gzip": "",
    "bz2": "",
    "lzma": "",
    "zlib.decompress": "",
    "zlib.decompressobj": "nn_core.storage.compressed nn_core.storage.hdf5_chunks",
    "pickle": "",
    "marshal": "",
    "shelve": "",
    "yaml": "",
    "tomllib": "nn_core.storage.toml_file",
    "numpy.lib.format": "nn_core.storage.npz",
    "numpy.load": "",
    "numpy.fromfile": "nn_core.storage.safetensors",
    "numpy.genfromtxt": "",
    "numpy.loadtxt": "nn_core.tables.builder",
    "PIL.Image.open": "nn_core.storage.images",
    "json.load": "",
    "json.loads": "nn_core.storage.json_file",
    "open": "nn_core.storage.files",
    "read_bytes": "",
    "read_text": "",
}
"""What reads foreign files -> the modules that use it; "" for none. For h5py they are nn_core.storage.hdf5*."""
NOT_FOREIGN = {
    "nn_core.memory": "the system's own files",
    "nn_core.checkpoint.format": "it asks only whether h5py is installed",
    "nn_core.registry": "the metadata of installed packages",
    "nn_core.testing": "what tests wrote",
    "nn_core.testing_json": "what tests wrote",
    "nn_core.cli.output_kinds": "files that are replaced",
    "nn_core.storage.atomic": "files that are replaced",
    "nn_core.storage.archives": "files that were just unpacked",
    "nn_core.plots.animations": "an animation that was just made",
}
"""Modules that open files that are no foreign ones."""
PLAIN = {"open", "read_bytes", "read_text"}


def opening(source: str) -> Iterator[str]:
    """The names of OPENERS, and h5py, that a module uses."""
    names: dict[str, str] = {}  # name in the module -> what it stands for
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
            yield from (alias.name for alias in node.names if alias.name in {"h5py", *OPENERS})
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = whole = f"{node.module}.{alias.name}"
                yield from {node.module or "", whole} & {"h5py", *OPENERS}
        elif isinstance(node, ast.Call) and names_a_module(node):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and arg.value == "h5py")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            whole = ".".join([names.get(first, first), *rest])
            yield from {whole} & OPENERS.keys()
        if isinstance(node, ast.Call) and not writes(node):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
            if name in PLAIN and name not in names and owner not in {"Image", "os", "archive"}:
                yield name


def writes(call: ast.Call) -> bool:
    """Whether a call of open is for writing."""
    mode = call.args[isinstance(call.func, ast.Name) :][:1]
    return any(isinstance(arg, ast.Constant) and set("wax") & set(str(arg.value)) for arg in mode)


@pytest.mark.parametrize("package", PACKAGES)
def test_one_module_opens_each_kind_of_foreign_file(package: str) -> None:
    for module, path in PACKAGES[package].items():
        for name in opening(path.read_text(encoding="utf-8")):
            if name == "h5py":
                assert module.startswith("nn_core.storage.hdf5") or module in NOT_FOREIGN, f"{module} uses h5py"
            elif module not in OPENERS[name].split():
                assert name in PLAIN or module.startswith("nn_core.testing"), (
                    f"{module} uses {name}, unlike {OPENERS[name]!r}"
                )
                assert module in NOT_FOREIGN, f"{module} uses {name}; foreign files are opened by storage.files"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import h5py", "h5py"),
        ("def f():\n    import h5py", "h5py"),
        ("import_extra('h5py', 'cli')", "h5py"),
        ("import zipfile", "zipfile"),
        ("from zipfile import is_zipfile", "zipfile"),
        ("import numpy as np\nnp.load('a')", "numpy.load"),
        ("from numpy import load", "numpy.load"),
        ("import numpy as np\nnp.lib.format.read_magic(a)", "numpy.lib.format"),
        ("from PIL import Image\nImage.open('a')", "PIL.Image.open"),
        ("import PIL.Image\nPIL.Image.open('a')", "PIL.Image.open"),
        ("import json\njson.loads(a)", "json.loads"),
        ("from json import loads", "json.loads"),
        ("open('a')", "open"),
        ("path.open('rb')", "open"),
        ("path.read_bytes()", "read_bytes"),
    ],
)
def test_every_way_to_open_a_foreign_file_is_seen(line: str, name: str) -> None:
    assert name in set(opening(line))


def run(program: str) -> set[str]:
    """The modules that are loaded once a program has run, in a process of its own."""
    program = textwrap.dedent(program) + "\nimport sys\nprint(*sorted(sys.modules))\n"
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


TRAIN = """
    import numpy as np
    from nn_core import Dense, Network, Recipe, Trainer
    from nn_core.losses import binary_cross_entropy
    from nn_core.optim.optimizers import Adam
    from {module} import {backend}

    rng = np.random.default_rng(0)
    network = Network([Dense(1)], input_shape=(2,), rng=rng)
    x, y = rng.normal(size=(8, 2)), np.arange(8) % 2
    recipe = Recipe(binary_cross_entropy, Adam())
    Trainer({backend}(network), x, y, recipe, epochs=2, seed=0).run()
"""


def test_training_loads_nothing_slow() -> None:
    loaded = run(TRAIN.format(module="nn_core.engine.engine", backend="Engine"))
    roots = {name.partition(".")[0] for name in loaded}
    assert "numpy" in roots
    assert not roots & (SLOW | FORBIDDEN)


def test_the_reference_runs_without_the_engine() -> None:
    loaded = run(TRAIN.format(module="nn_core.reference", backend="Reference"))
    assert not {name for name in loaded if name.startswith("nn_core.engine")}


def test_importing_loads_no_random_generators() -> None:
    """An evaluated annotation would import them: 17 ms at start-up."""
    loaded = run("import nn_core.engine.engine, nn_core.training.trainer, nn_core.checkpoint")
    assert "numpy.random" not in loaded - run("import numpy")  # NumPy 1 loads them itself
