"""What is committed: nothing large, nothing of one machine, nothing left to be done."""

import re
from pathlib import Path

import pytest
from tests.house.sources import REPOSITORY, committed_files, report

MAX_BYTES = 3_000_000
# Put together here, so that this file does not offend against itself.
OPEN_WORK = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(" + "|".join(("work", "root", "home")) + r")/\w")
REGISTRIES = re.compile(
    "|".join(("py" + r"pi\.org", "npm" + r"js\.(org|com)", "deb" + r"ian\.org"))
)


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    """Every committed text file."""
    if not committed_files():
        pytest.skip("not a git checkout")
    found = {}
    for path in committed_files():
        content = path.read_bytes()
        # A light probe's header is text and its pixels are not.
        if b"\0" not in content[:8192] and path.suffix != ".hdr":
            found[path] = content.decode("utf-8")
    return found


def lines_with(pattern: re.Pattern[str], texts: dict[Path, str]) -> list[str]:
    return [
        f"{path.relative_to(REPOSITORY).as_posix()}:{number}: {match[0]}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_no_file_is_large() -> None:
    offences = [
        f"{path.relative_to(REPOSITORY).as_posix()}: {size} bytes, at most {MAX_BYTES}"
        for path in committed_files()
        if (size := path.stat().st_size) > MAX_BYTES
    ]
    assert not offences, report(offences)


def test_no_open_work_is_left_in_comments(texts: dict[Path, str]) -> None:
    offences = lines_with(OPEN_WORK, texts)
    assert not offences, report(offences)


def test_no_path_of_one_machine(texts: dict[Path, str]) -> None:
    offences = lines_with(MACHINE_PATHS, texts)
    assert not offences, report(offences)


def test_no_package_registry_is_named(texts: dict[Path, str]) -> None:
    offences = lines_with(REGISTRIES, texts)
    assert not offences, report(offences)
