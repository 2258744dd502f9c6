"""What no file of the project may contain, read off its syntax tree."""

import ast
from collections.abc import Iterator

import pytest
from tests.house.sources import (
    PACKAGE,
    TESTS,
    Source,
    dotted_name,
    module_level_statements,
    package_sources,
    python_sources,
    report,
)

MUTABLE_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "deque"}
BANNED_CALLS = {
    "eval": "evaluates text as code",
    "exec": "runs text as code",
    "torch.load": "unpickles; checkpoints are safetensors and JSON",
    "pickle.load": "unpickles without an allow-list; subclass pickle.Unpickler with find_class",
    "pickle.loads": "unpickles without an allow-list; subclass pickle.Unpickler with find_class",
    "pickle.Unpickler": "unpickles without an allow-list; subclass it with find_class",
}


def calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def test_no_banned_calls() -> None:
    offences = [
        source.at(call, f"{dotted_name(call.func)} {BANNED_CALLS[dotted_name(call.func)]}")
        for source in python_sources(PACKAGE, TESTS)
        for call in calls(source)
        if dotted_name(call.func) in BANNED_CALLS
    ]
    assert not offences, report(offences)


def test_unpicklers_have_an_allow_list() -> None:
    offences = [
        source.at(node, f"{node.name} unpickles whatever it is given; define find_class")
        for source in package_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and any(dotted_name(base).endswith("Unpickler") for base in node.bases)
        and "find_class"
        not in {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    ]
    assert not offences, report(offences)


def test_numpy_loads_no_pickles() -> None:
    offences = [
        source.at(call, "allow_pickle: arrays of objects are pickles")
        for source in package_sources()
        for call in calls(source)
        for keyword in call.keywords
        if keyword.arg == "allow_pickle"
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    ]
    assert not offences, report(offences)


def test_no_cuda_method() -> None:
    offences = [
        source.at(call, ".cuda() picks a device for the caller; follow the input's device")
        for source in python_sources(PACKAGE, TESTS)
        for call in calls(source)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "cuda"
    ]
    assert not offences, report(offences)


def test_nobody_edits_the_import_path() -> None:
    offences = [
        source.at(node, "sys.path: install the package instead")
        for source in python_sources(PACKAGE, TESTS)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted_name(node) == "sys.path"
    ]
    assert not offences, report(offences)


def test_no_star_imports() -> None:
    offences = [
        source.at(node, "import * hides where names come from")
        for source in python_sources(PACKAGE, TESTS)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert not offences, report(offences)


def test_only_the_command_line_prints() -> None:
    offences = [
        source.at(call, "print: a library reports through its return value or `progress`")
        for source in package_sources()
        if source.room != "cli"
        for call in calls(source)
        if dotted_name(call.func) == "print"
    ]
    assert not offences, report(offences)


def test_no_mutable_state_at_module_level() -> None:
    offences = [
        source.at(statement, "a mutable module-level value: annotate it Final, or make it a tuple")
        for source in package_sources()
        for statement in module_level_statements(source.tree)
        if holds_mutable_state(statement)
    ]
    assert not offences, report(offences)


def test_no_global_statements() -> None:
    offences = [
        source.at(node, "global: module-level state that changes")
        for source in python_sources(PACKAGE, TESTS)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Global)
    ]
    assert not offences, report(offences)


def holds_mutable_state(statement: ast.stmt) -> bool:
    """Whether a statement binds a list, dictionary or set that isn't declared Final."""
    match statement:
        case ast.AnnAssign(annotation=annotation, value=value):
            head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
            if dotted_name(head) in ("Final", "typing.Final"):
                return False
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return False
        case ast.Assign(value=value):
            pass
        case _:
            return False
    if isinstance(value, ast.Call):
        return dotted_name(value.func).rpartition(".")[2] in MUTABLE_CALLS
    return isinstance(value, MUTABLE_DISPLAYS)


@pytest.mark.parametrize(
    ("code", "is_mutable"),
    [
        ("table = {}", True),
        ("table: dict[str, int] = {}", True),
        ("table = collections.defaultdict(list)", True),
        ("names = [n for n in 'ab']", True),
        ("table: Final = {}", False),
        ("table: Final[dict[str, int]] = {}", False),
        ("names = ('a', 'b')", False),
        ("table = MappingProxyType({'a': 1})", False),
        ("__all__ = ['a']", False),
    ],
)
def test_the_rule_about_mutable_state_sees_what_it_should(code: str, is_mutable: bool) -> None:
    assert holds_mutable_state(ast.parse(code).body[0]) is is_mutable
