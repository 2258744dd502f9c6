"""The documentation is whole: every page is in the menu, every name in the reference."""

import re

import pytest
from tests.house.sources import REPOSITORY, package_sources, python_sources, report
from tests.house.test_public_api import PUBLIC_NAMES

DOCS = REPOSITORY / "docs"
PAGE_NAMES = re.compile(r"docs/([a-z-]+\.md)")


def test_every_page_that_the_code_names_exists() -> None:
    sources = (*package_sources(), *python_sources(REPOSITORY / "scripts"))
    offences = [
        f"{source.name}:{number}: docs/{name} does not exist"
        for source in sources
        for number, line in enumerate(source.text.splitlines(), 1)
        for name in PAGE_NAMES.findall(line)
        if not (DOCS / name).is_file()
    ]
    assert not offences, report(offences)


def test_every_page_is_in_the_menu() -> None:
    menu = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert pages == set(re.findall(r": (\S+\.md)$", menu, re.MULTILINE))


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert f"\n::: incarnate.{PUBLIC_NAMES[name]}.{name}\n" in text


def test_every_command_is_in_the_readme() -> None:
    from incarnate.cli import COMMANDS

    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"| `incarnate {command.name}" in text


def test_pages_and_readme_show_only_pictures_that_exist() -> None:
    pages = [REPOSITORY / "README.md", *DOCS.rglob("*.md")]
    offences = [
        f"{page.relative_to(REPOSITORY)}: {target} does not exist"
        for page in pages
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).is_file()
    ]
    assert not offences, report(offences)
