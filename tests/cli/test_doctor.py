"""``incarnate doctor``: one line a part, a remedy under what is not there, a status for scripts."""

from pathlib import Path

import pytest

from incarnate import model_files
from incarnate.cli import inspections, main
from incarnate.cli.inspections import Finding
from incarnate.errors import ModelFileError

GOOD = Finding("one", "ok", "1.0")
ABSENT = Finding("two", "absent", "draws pictures", "pip install two")
BROKEN = Finding("three", "broken", "cannot be imported", "pip install three")


def put(monkeypatch: pytest.MonkeyPatch, *found: Finding) -> None:
    monkeypatch.setattr(inspections, "findings", lambda: iter(found))


def test_parts_remedies_and_the_sum(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, GOOD, ABSENT, BROKEN)
    assert main(["doctor"]) == 1
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["ok", "one", "1.0"]
    assert lines[1] == ["--", "two", "draws", "pictures"]
    assert lines[2] == ["get", "it:", "pip", "install", "two"]
    assert lines[3] == ["!!", "three", "cannot", "be", "imported"]
    assert lines[5] == ["1", "parts", "to", "mend,", "1", "optional", "parts", "absent"]


def test_absent_parts_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, GOOD, ABSENT)
    assert main(["doctor"]) == 0


def test_this_machine_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) in (0, 1)
    assert "ok  python" in capsys.readouterr().out


def test_fetching_tries_every_missing_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, GOOD)
    monkeypatch.setenv("INCARNATE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tried: list[str] = []

    def fetch(name: model_files.ModelName) -> Path:
        tried.append(name)
        if len(tried) == 1:
            raise ModelFileError("the publisher cannot be reached")
        return tmp_path / "fetched"

    monkeypatch.setattr(model_files, "fetch_model", fetch)
    assert main(["doctor", "--fetch"]) == 0
    assert tried == list(model_files.MODEL_NAMES)
    shown = capsys.readouterr()
    assert shown.err == "error: the publisher cannot be reached\n"
    assert f"fetched {tmp_path / 'fetched'}" in shown.out
