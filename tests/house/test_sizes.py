"""Sizes beyond which a file or a function has to be split by noun."""

import ast
from pathlib import Path

from tests.house.sources import (
    FUNCTIONS,
    PACKAGE,
    REPOSITORY,
    TESTS,
    python_sources,
    report,
)

MAX_LINES_SOURCE = 350
MAX_LINES_TEST = 250
MAX_LINES_KERNEL = 300
MAX_STATEMENTS = 40
MAX_POSITIONAL = 5

SCRIPTS = REPOSITORY / "scripts"
BENCHMARKS = REPOSITORY / "benchmarks"
KERNEL = REPOSITORY / "kernel"


def too_long(paths: list[Path], limit: int) -> list[str]:
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    return [
        f"{path.relative_to(REPOSITORY).as_posix()}:{count}: {count} lines, at most {limit}"
        for path, count in sorted(counts.items())
        if count > limit
    ]


def test_no_file_is_too_long() -> None:
    sources = [s.path for s in python_sources(PACKAGE, SCRIPTS, BENCHMARKS)]
    tests = [s.path for s in python_sources(TESTS)]
    kernel = [path for path in KERNEL.rglob("*") if path.suffix in (".cpp", ".h", ".hpp")]
    offences = [
        *too_long(sources, MAX_LINES_SOURCE),
        *too_long(tests, MAX_LINES_TEST),
        *too_long(kernel, MAX_LINES_KERNEL),
    ]
    assert not offences, report(offences)


def test_no_function_is_too_long() -> None:
    offences = [
        source.at(function, f"{function.name} has {count} statements, at most {MAX_STATEMENTS}")
        for source in python_sources(PACKAGE, TESTS, SCRIPTS, BENCHMARKS)
        for function in ast.walk(source.tree)
        if isinstance(function, FUNCTIONS) and (count := num_statements(function)) > MAX_STATEMENTS
    ]
    assert not offences, report(offences)


def test_no_function_takes_too_many_positional_arguments() -> None:
    offences = [
        source.at(function, f"{function.name} takes {count} positional arguments")
        for source in python_sources(PACKAGE, TESTS, SCRIPTS, BENCHMARKS)
        for function in ast.walk(source.tree)
        if isinstance(function, FUNCTIONS) and (count := num_positional(function)) > MAX_POSITIONAL
    ]
    assert not offences, report(offences)


def num_statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Statements in a function, its docstring and the def itself not counted."""
    has_docstring = ast.get_docstring(function) is not None
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1 - has_docstring


def num_positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Arguments that may be given by position, self and cls not counted."""
    names = [argument.arg for argument in function.args.posonlyargs + function.args.args]
    return len([name for name in names if name not in ("self", "cls")])
