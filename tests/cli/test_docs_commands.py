"""Commands of the documentation are typed with options that they have."""

import re
from pathlib import Path

import pytest

from incarnate.cli import COMMANDS, main

CALL = re.compile(r"\bincarnate ((?:train|ablate) \w+|\w+)((?: [^`\n]*)?)")
OPTION = re.compile(r"(?<!\S)(--?[a-z][\w.-]*)")


def calls(repository: Path) -> dict[str, set[str]]:
    """The options that pages give to each command."""
    given: dict[str, set[str]] = {command.name: set() for command in COMMANDS}
    for page in [repository / "README.md", *(repository / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for name, words in CALL.findall(text):
            if name in given:
                given[name] |= set(OPTION.findall(words.partition(" #")[0]))
    return given


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_options_of_the_documentation_exist(
    name: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*name.split(), "--help"])
    known = set(re.findall(r"(?<![\w-])(--?[a-z][\w.-]*)", capsys.readouterr().out))
    assert calls(repository)[name] <= known
