"""The project's own files, parsed once, and how a house rule names an offender."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "incarnate"
TESTS = REPOSITORY / "tests"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """A Python file of the project."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the root of the repository."""
        return self.path.relative_to(REPOSITORY).as_posix()

    @property
    def room(self) -> str:
        """The folder of the package that holds it; empty for files at its top."""
        parts = self.path.relative_to(PACKAGE).parts
        return parts[0] if len(parts) > 1 else ""

    def at(self, node: ast.AST, text: str) -> str:
        """An offence as editors link it: ``file:line: text``."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}: {text}"


@cache
def python_sources(*folders: Path) -> tuple[Source, ...]:
    """Every Python file under the given folders."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    return tuple(Source(path, text, ast.parse(text)) for path, text in texts)


def package_sources() -> tuple[Source, ...]:
    """Every Python file of the package."""
    return python_sources(PACKAGE)


def dotted_name(node: ast.AST) -> str:
    """``a.b.c`` of names and attributes; of another expression its last attributes."""
    if isinstance(node, ast.Attribute):
        return f"{dotted_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def imported_modules(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every import statement under a node, with the full name of each module or member."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def module_level_statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run at import: the module's own, and those under its ifs and tries."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop()
        yield statement
        if not isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            waiting.extend(
                child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)
            )


@cache
def committed_files() -> tuple[Path, ...]:
    """Files that git tracks; none where the checkout is not a repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    paths = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def report(offences: list[str]) -> str:
    """All offences, one a line, for an assertion's message."""
    return "\n" + "\n".join(offences)
