"""The command line: one module a command, imported only when that command runs."""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from incarnate.errors import IncarnateError


@dataclass(frozen=True)
class Command:
    """A command as the overview lists it."""

    words: tuple[str, ...]
    """What the user types: the first word names the module here, the last its function."""
    summary: str
    """One line of help."""

    @property
    def name(self) -> str:
        """The command as it is typed."""
        return " ".join(self.words)

    def function(self) -> Callable[..., int | None]:
        """The function that runs the command; imports its module."""
        module = importlib.import_module(f"incarnate.cli.{self.words[0]}")
        return getattr(module, self.words[-1])


# Summaries stand here, not in the modules, so that the overview imports none of them.
COMMANDS: Final = (
    Command(("demo",), "make a capture, train an avatar on it, judge it and relight it"),
    Command(("track",), "turn a talking-head video into a capture"),
    Command(("convert",), "turn a public data set of heads or bodies into a capture"),
    Command(("check",), "validate a capture and draw its rig over its frames"),
    Command(("train", "head"), "train a head avatar on a capture"),
    Command(("train", "body"), "train a body avatar on a capture of several cameras"),
    Command(("distil",), "make a small decoder of a body's networks, for slow machines"),
    Command(("refine",), "track a capture once more, by an avatar trained on it"),
    Command(("evaluate",), "measure an avatar on the test frames of a capture"),
    Command(("ablate", "head"), "measure what each part of the method is worth on a capture"),
    Command(("ablate", "body"), "the same for bodies"),
    Command(("edit",), "change an avatar's colours and gloss, whole or by region"),
    Command(("render",), "drive and relight an avatar, write a video"),
    Command(("drive",), "let someone drive an avatar live: a phone, a VRM program, a webcam"),
    Command(("view",), "show an avatar in the browser: orbit, expressions, light"),
    Command(("export",), "write an avatar as splats for other programs: PLY, SPZ, GLB, USD"),
    Command(("doctor",), "say what is installed, what is missing, and how to get it"),
)

EXIT_MISTAKE: Final = 2
"""Exit status of a user's mistake: bad arguments, or an `IncarnateError`."""
EXIT_INTERRUPTED: Final = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name.

    Args:
        arguments: The words after ``incarnate``; those of the process if left out.

    Returns:
        The exit status: 0 when all went well, 1 when the command found faults in its input, 2 for
        a mistake of the user's, 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = _command_of(words)
    if command is not None:
        return _run(command, words[len(command.words) :])
    if words in (["--version"], ["-V"]):
        from importlib.metadata import version

        print(f"incarnate {version('incarnate')}")
        return 0
    return _overview(words)


def _command_of(words: list[str]) -> Command | None:
    matches = (c for c in COMMANDS if tuple(words[: len(c.words)]) == c.words)
    return next(matches, None)


def _run(command: Command, arguments: list[str]) -> int:
    """Parse the command's arguments and call it; what the user can mend becomes one line."""
    import tyro

    # What may be left out is left out: nobody types None, nor --no-fetch.
    style = (
        tyro.conf.PositionalMetavarFromFieldName,
        tyro.conf.DisallowNone,
        tyro.conf.FlagCreatePairsOff,
    )
    prog = f"incarnate {command.name}"
    try:
        status = tyro.cli(command.function(), prog=prog, args=arguments, config=style)
    except IncarnateError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        return EXIT_MISTAKE
    except OSError as problem:
        print(f"error: {_told(problem)}", file=sys.stderr)
        return EXIT_MISTAKE
    except KeyboardInterrupt:
        print("stopped: what was written whole stays", file=sys.stderr)
        return EXIT_INTERRUPTED
    return status or 0


def _told(problem: OSError) -> str:
    """A sentence on a file that the system refused; the readers of ours name theirs themselves."""
    if problem.filename is None:
        return f"{problem}; is the place yours to write, and has it room?"
    return (
        f"cannot write or read {problem.filename} ({problem.strerror}); give another place, that "
        "is yours to write and has room"
    )


def _overview(words: list[str]) -> int:
    """List the commands, all or those that begin with the given word."""
    asked = [word for word in words if word not in ("-h", "--help")]
    known = [c for c in COMMANDS if not asked or asked[0] == c.words[0]]
    if not known or len(asked) > 1:
        names = ", ".join(c.name for c in COMMANDS)
        print(
            f"error: there is no command {' '.join(asked)!r}; these exist: {names}", file=sys.stderr
        )
        return EXIT_MISTAKE
    width = max(len(c.name) for c in known)
    print("usage: incarnate COMMAND [arguments]\n\ncommands:")
    for command in known:
        print(f"  {command.name:<{width}}  {command.summary}")
    print("\nincarnate COMMAND --help lists a command's arguments and their defaults.")
    # A group without its second word is a mistake; the overview that was asked for is none.
    return 0 if len(words) > len(asked) or not words else EXIT_MISTAKE
