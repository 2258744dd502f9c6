"""Every module has its test file, at the same place under tests."""

from tests.house.sources import PACKAGE, REPOSITORY, TESTS, package_sources, report

# Modules without behaviour of their own; the tests of others use them.
WITHOUT_BEHAVIOUR = {"__init__.py", "__main__.py", "errors.py"}


def test_every_module_has_its_test() -> None:
    expected = {
        source.name: TESTS / source.path.relative_to(PACKAGE).with_name(f"test_{source.path.name}")
        for source in package_sources()
        if source.path.name not in WITHOUT_BEHAVIOUR
    }
    offences = [
        f"{name}:1: has no {test.relative_to(REPOSITORY).as_posix()}"
        for name, test in expected.items()
        if not test.is_file()
    ]
    assert not offences, report(offences)


def test_test_files_are_named_after_a_room() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    # Whole paths, and the rules of this folder, belong to no single room.
    rooms |= {"house", "journeys", "golden"}
    folders = {path.parent for path in TESTS.rglob("test_*.py") if path.parent != TESTS}
    offences = [
        f"{folder.relative_to(REPOSITORY).as_posix()}: no room of the package has this name"
        for folder in sorted(folders)
        if folder.relative_to(TESTS).parts[0] not in rooms
    ]
    assert not offences, report(offences)
