"""The command line's frame: overview, dispatch, exit status, the text of mistakes."""

import importlib
import inspect
import subprocess
import sys
import time

import pytest

from incarnate import cli
from incarnate.cli import COMMANDS, Command, main
from incarnate.errors import CaptureError


def greet(name: str = "you", times: int = 1) -> None:
    """Say hello."""
    print(f"hello {name} " * times)


def find_faults() -> int:
    return 1


def make_a_mistake() -> None:
    raise CaptureError("the folder is empty; give another")


def write_nowhere() -> None:
    raise PermissionError(13, "Permission denied", "/locked/out.mp4")


def wait() -> None:
    raise KeyboardInterrupt


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands whose functions stand in this file."""
    functions = {
        ("greet",): greet,
        ("find", "faults"): find_faults,
        ("mistake",): make_a_mistake,
        ("write",): write_nowhere,
        ("wait",): wait,
    }
    commands = tuple(Command(words, f"does {words[-1]}") for words in functions)
    monkeypatch.setattr(cli, "COMMANDS", commands)
    monkeypatch.setattr(Command, "function", lambda self: functions[self.words])


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_overview_lists_every_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert f"{command.name} " in shown
        assert command.summary in shown


def test_the_overview_imports_neither_torch_nor_tyro_and_is_fast() -> None:
    code = (
        "import sys; from incarnate.cli import main; main(['--help']); "
        "print(sorted({'torch', 'numpy', 'tyro', 'rich'} & set(sys.modules)))"
    )
    start = time.perf_counter()
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # It takes 0.06 s; the bound leaves room for a machine that runs other tests beside it.
    assert time.perf_counter() - start < 2
    assert shown.stdout.rstrip().endswith("[]")


def test_a_group_lists_its_commands_and_wants_the_second_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train"]) == 2
    assert main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "train head" in shown
    assert "evaluate" not in shown


def test_an_unknown_command_is_named_beside_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trian", "head"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: there is no command 'trian head'; these exist: demo, track,")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "incarnate 0.1.0\n"


@pytest.mark.usefixtures("stand_ins")
def test_arguments_are_parsed_by_the_functions_types(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["greet", "--name", "Ada", "--times", "2"]) == 0
    assert capsys.readouterr().out == "hello Ada hello Ada \n"


@pytest.mark.usefixtures("stand_ins")
def test_a_commands_status_is_passed_on() -> None:
    assert main(["find", "faults"]) == 1


@pytest.mark.usefixtures("stand_ins")
def test_a_users_mistake_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mistake"]) == 2
    assert capsys.readouterr().err == "error: the folder is empty; give another\n"


@pytest.mark.usefixtures("stand_ins")
def test_a_place_that_cannot_be_written_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["write"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: cannot write or read /locked/out.mp4 (Permission denied); give")


@pytest.mark.usefixtures("stand_ins")
def test_an_interruption_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wait"]) == 130
    assert capsys.readouterr().err == "stopped: what was written whole stays\n"


@pytest.mark.usefixtures("stand_ins")
def test_a_wrong_argument_is_status_2() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["greet", "--times", "often"])
    assert stop.value.code == 2


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_shows_its_help(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*command.words, "--help"])
    assert stop.value.code == 0
    assert f"incarnate {command.name}" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_has_no_markup_and_no_none(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.words, "--help"])
    shown = capsys.readouterr().out
    # A terminal shows double backticks as they are; nobody types None or --no-something.
    for text in ("``", "{None}", "--no-", " PATH PATH"):
        assert text not in shown


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_documents_every_argument(command: Command) -> None:
    function = command.function()
    text = inspect.getdoc(inspect.unwrap(function)) or ""
    for name in inspect.signature(function).parameters:
        assert f"{name}:" in text, f"{command.name}: {name} is not in the docstring"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_commands_module_imports_quickly(command: Command) -> None:
    # Heavy imports stand inside the functions, so that --help of a command is fast too.
    module = f"incarnate.cli.{command.words[0]}"
    code = f"import sys, {module}; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
    assert importlib.import_module(module).__doc__
