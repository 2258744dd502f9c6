"""``incarnate demo --body``: a made person in a skirt, from eight cameras to a new motion."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from incarnate.cli.demo_notes import DemoNotes
from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.stages import Stage, is_newer, is_trained

if TYPE_CHECKING:
    from incarnate.capture.capture import Capture
    from incarnate.train.body_recipes import BodyRecipe

# Pictures of each split that the report is made from.
_PICTURES: Final = 16


@dataclass(frozen=True)
class BodyWork:
    """What is to be done, and where its parts lie."""

    out: Path
    preset: str
    recipe: "BodyRecipe"

    @property
    def capture(self) -> Path:
        """The capture's folder."""
        return self.out / "capture"

    @property
    def avatar(self) -> Path:
        """The avatar's folder."""
        return self.out / "body"

    @property
    def report(self) -> Path:
        """The report's folder."""
        return self.out / "report"

    @property
    def clip(self) -> Path:
        """The video of a motion that training never saw."""
        return self.out / "new-motion.mp4"


def body_stages(work: BodyWork) -> tuple[Stage, ...]:
    """Capture, template and training, report, video."""
    trained = work.avatar / "avatar.json"
    return (
        Stage(
            "capture",
            lambda: (work.capture / "capture.json").is_file(),
            lambda progress: _capture(work, progress),
        ),
        Stage(
            "train",
            lambda: is_trained(work.avatar, work.recipe.steps),
            lambda progress: _train(work, progress),
        ),
        Stage(
            "evaluate",
            lambda: is_newer(work.report / "report.html", trained),
            lambda progress: _evaluate(work, progress),
        ),
        Stage(
            "render",
            lambda: is_newer(work.clip, trained),
            lambda progress: _render(work, progress),
        ),
    )


def print_body_summary(work: BodyWork, notes: DemoNotes) -> None:
    """Times, what was written, and what to do next."""
    from incarnate.cli.demo_notes import seconds_table

    print((work.report / "report.md").read_text(encoding="utf-8").partition("## Protocol")[0])
    print(seconds_table(notes))
    print(f"wrote {work.report / 'report.html'} (open it in a browser)")
    print(f"wrote {work.clip}: a motion that training never saw, seen from all around")
    print(f"next: incarnate render {work.avatar} --light sky --camera turntable -o sky.mp4")


def _capture(work: BodyWork, progress: ConsoleProgress) -> None:
    from incarnate.capture.synthetic_body import BODY_PRESETS, make_body_capture

    settings = BODY_PRESETS["smoke" if work.preset == "smoke" else "demo"]
    make_body_capture(work.capture, settings, progress)


def _train(work: BodyWork, progress: ConsoleProgress) -> None:
    from incarnate.train.body import train_body

    train_body(_load(work), work.recipe, work.avatar, progress=progress)


def _evaluate(work: BodyWork, progress: ConsoleProgress) -> None:
    """On at most so many pictures of each split that a demo stays a demo."""
    from incarnate.avatars.body_files import load_body
    from incarnate.evaluate.body_protocol import evaluate_body
    from incarnate.evaluate.body_report import write_body_report
    from incarnate.evaluate.scores import Options

    options = Options(lpips="alex", max_frames=_PICTURES)
    report = evaluate_body(load_body(work.avatar), _load(work), options=options, progress=progress)
    write_body_report(replace(report, avatar=f"{work.preset} body"), work.report)


def _render(work: BodyWork, progress: ConsoleProgress) -> None:
    """The clips of the test split in turn, while the camera goes around."""
    from incarnate.avatars.body_files import load_body
    from incarnate.avatars.files import load_stage
    from incarnate.cli.render import Lighting, Motion, View, shots_of
    from incarnate.view.clip import Look, colour_of, write_clip
    from incarnate.view.video import VideoWriter

    avatar, stage, capture = load_body(work.avatar), load_stage(work.avatar), _load(work)
    others = [i for i in capture.indices("test") if capture.test_kind(i) == "other clip"]
    motion = Motion(frames=f"{others[0]}:{others[-1] + 1}")
    view = View(camera="turntable", turn=360.0)
    shots, fps = shots_of(avatar, stage, motion=motion, lighting=Lighting(), view=view)
    with VideoWriter(work.clip, fps) as writer:
        write_clip(avatar, shots, writer, look=Look(colour_of("black")), progress=progress)


def _load(work: BodyWork) -> "Capture":
    from incarnate.capture.files import load_capture

    return load_capture(work.capture)
