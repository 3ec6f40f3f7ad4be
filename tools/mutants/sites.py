"""Places in the source where a number could be computed wrongly, and the text that would do so."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

FOLDERS = ("batches", "engine", "layers", "optim", "training")
MODULES = (
    "activations",
    "calibration",
    "erf",
    "finite_differences",
    "generate",
    "gradient_check",
    "initializers",
    "losses",
    "metrics",
    "network",
    "noise",
    "parameter_layout",
    "ranking_metrics",
    "reference",
    "sequences",
    "targets",
)
SKIPPED = ("log", "learning_curves", "progress", "interruption", "sanity_checks", "non_finite", "callbacks")
"""Modules of training that compute no numbers."""

SWAPPED_NAMES = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "floor": "ceil",
}
SWAPPED_OPERATORS = {"+": "-", "-": "+", "*": "/", "/": "*", "@": "@"}
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.MatMult: "@",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}

Part: TypeAlias = ast.expr | ast.stmt
Change: TypeAlias = tuple[Part, str, str]
"""What is replaced, by which text, and the kind."""
Show: TypeAlias = Callable[[ast.AST], str]
"""The text of a node."""


@dataclass(frozen=True)
class Mutant:
    """A change of one place.

    file         relative to the package: "layers/dense.py"
    line         its number, from 1
    start, end   of the text that is replaced, in characters of the file
    old, new     the text before and after
    kind         such as "axis swapped"
    source_line  the line as it is, without spaces around
    """

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str
    kind: str
    source_line: str

    @property
    def key(self) -> str:
        """What stays the same when lines move."""
        return f"{self.file} | {self.source_line} | {self.old} -> {self.new}"

    def apply(self, source: str) -> str:
        """The source of the file with the change."""
        return source[: self.start] + self.new + source[self.end :]


def numeric_files(package: Path) -> list[str]:
    """The files that are mutated, relative to the package."""
    found = [path for folder in FOLDERS for path in (package / folder).rglob("*.py") if path.stem not in SKIPPED]
    return sorted(path.relative_to(package).as_posix() for path in [*found, *(package / f"{m}.py" for m in MODULES)])


def mutants_of(package: Path, file: str) -> list[Mutant]:
    """All mutants of a file."""
    source = (package / file).read_text("utf-8")
    lines = source.splitlines(keepends=True)
    offsets = [0]
    for text in lines:
        offsets.append(offsets[-1] + len(text))

    def place(line: int, column: int) -> int:
        return offsets[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found: dict[tuple[int, int, str], Mutant] = {}
    for node in _numeric(ast.parse(source)):
        for part, new, kind in _changes(node, source):
            start = place(part.lineno, part.col_offset)
            end = place(part.end_lineno or part.lineno, part.end_col_offset or 0)
            old = source[start:end]
            if new != old:
                line = part.lineno
                found[start, end, new] = Mutant(file, line, start, end, old, new, kind, lines[line - 1].strip())
    return list(found.values())


def choose(package: Path, count: int, seed: int) -> list[Mutant]:
    """A sample of all mutants, the same for the same source."""
    every = [mutant for file in numeric_files(package) for mutant in mutants_of(package, file)]
    return random.Random(seed).sample(every, min(count, len(every)))


def _numeric(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that compute: not annotations, messages, decorators or what is shown."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
            continue
        if isinstance(child, ast.FunctionDef) and (child.name.startswith("_repr") or child.name == "__repr__"):
            continue
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in {"require", "remark"}:
            continue
        if isinstance(child, ast.If) and all(isinstance(part, ast.Raise) for part in child.body):
            continue
        if isinstance(tree, (ast.FunctionDef, ast.arg, ast.AnnAssign)) and _is_annotation(tree, child):
            continue
        yield child
        yield from _numeric(child)


def _is_annotation(parent: ast.AST, child: ast.AST) -> bool:
    if isinstance(parent, ast.FunctionDef):
        return child is parent.returns or child in parent.decorator_list
    return child is getattr(parent, "annotation", None)


def _changes(node: ast.AST, source: str) -> Iterator[Change]:
    """Changes of a node."""

    def text(part: ast.AST) -> str:
        return ast.get_source_segment(source, part) or ""

    def inner(part: ast.AST) -> str:
        return f"({text(part)})"

    if isinstance(node, ast.BinOp):
        yield from _of_operation(node, inner)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield node, inner(node.operand), "sign dropped"
    elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        target, value, sign = text(node.target), text(node.value), OPERATORS[type(node.op)]
        yield node, f"{target} = {value}", "= for +="
        if sign in "+-":
            yield node, f"{target} {SWAPPED_OPERATORS[sign]}= {value}", "sign changed"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
        sign = COMPARISONS[OPERATORS[type(node.ops[0])]]
        yield node, f"{text(node.left)} {sign} {text(node.comparators[0])}", "bound of a comparison"
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node, text(node.value), "transpose dropped"
    elif isinstance(node, ast.Call):
        yield from _of_call(node, text)
    elif isinstance(node, ast.keyword) and node.arg == "axis":
        yield from _of_axis(node.value)
    elif isinstance(node, ast.keyword) and node.arg == "keepdims" and text(node.value) == "True":
        yield node.value, "False", "keepdims dropped"
    elif isinstance(node, ast.Slice):
        for bound in filter(None, (node.lower, node.upper)):
            yield bound, f"{inner(bound)} + 1", "off by one"
    elif isinstance(node, ast.Constant) and type(node.value) is float and node.value not in {0.0, 1.0}:
        yield node, repr(node.value * 1.25), "constant changed"


def _of_operation(node: ast.BinOp, show: Show) -> Iterator[Change]:
    """Changes of an arithmetic operation; not of the joining of texts and tuples."""
    left, right, sign = show(node.left), show(node.right), OPERATORS.get(type(node.op))
    joined = (ast.Tuple, ast.List, ast.JoinedStr, ast.ListComp)
    if isinstance(node.left, joined) or isinstance(node.right, joined) or '"' in left + right:
        return
    if sign in {"+", "-", "*", "/"}:
        yield node, f"{left} {SWAPPED_OPERATORS[sign]} {right}", "operator changed"
    if sign in {"*", "/"}:
        yield node, left, "factor dropped"
    if sign in {"-", "/", "@"}:
        yield node, f"{right} {sign} {left}", "operands swapped"
    if sign == "@":
        yield node, f"{left} @ {right}.T", "transpose added"
    if sign in {"+", "-"} and "epsilon" in right:
        yield node, left, "epsilon dropped"
    if sign == "-" and left in {"(1)", "(1.0)"}:
        yield node, right, "1 - x replaced by x"
    if isinstance(node.op, ast.Pow):
        yield node, left, "power dropped"


def _of_call(node: ast.Call, show: Show) -> Iterator[Change]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else str(getattr(node.func, "id", ""))
    if name in SWAPPED_NAMES:
        new = "max" if name == "sum" and isinstance(node.func, ast.Name) else SWAPPED_NAMES[name]
        yield node.func, show(node.func).removesuffix(name) + new, f"{new} for {name}"
    if name == "range" and len(node.args) == 1:
        yield node.args[0], f"({show(node.args[0])}) - 1", "off by one"
    if name == "sqrt" and node.args:
        yield node, show(node.args[0]), "root dropped"
    if name == "transpose" and node.args and isinstance(node.func, ast.Attribute):
        yield node, show(node.func.value), "transpose dropped"


def _of_axis(value: ast.expr) -> Iterator[Change]:
    if isinstance(value, ast.Constant) and type(value.value) is int:
        yield value, str({0: 1, 1: 0}.get(value.value, 0)), "axis swapped"
    elif isinstance(value, ast.UnaryOp) and isinstance(value.operand, ast.Constant):
        yield value, "0" if value.operand.value == 1 else "-1", "axis swapped"
    elif isinstance(value, ast.Tuple) and len(value.elts) > 1:
        kept = ", ".join(ast.unparse(part) for part in value.elts[:-1])
        yield value, f"({kept},)", "axis dropped"
