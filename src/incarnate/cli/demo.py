"""``incarnate demo``: make a capture, train an avatar on it, judge it and relight it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.demo_notes import DemoNotes, open_notes
from incarnate.cli.progress import ConsoleProgress
from incarnate.cli.stages import Stage, is_newer, is_trained, run_stage

if TYPE_CHECKING:
    from incarnate.capture.capture import Capture
    from incarnate.train.recipes import HeadRecipe

Preset = Literal["demo", "smoke", "quick", "standard"]


@dataclass(frozen=True)
class Work:
    """What is to be done, and where its parts lie."""

    out: Path
    preset: Preset
    video: Path | None
    recipe: "HeadRecipe"

    @property
    def capture(self) -> Path:
        """The capture's folder."""
        return self.out / "capture"

    @property
    def avatar(self) -> Path:
        """The avatar's folder."""
        return self.out / "avatar"

    @property
    def report(self) -> Path:
        """The report's folder."""
        return self.out / "report"

    @property
    def clip(self) -> Path:
        """The relit video."""
        return self.out / "relit.mp4"


def demo(
    preset: Preset = "demo",
    out: Annotated[Path, tyro.conf.arg(aliases=["-o", "--output"])] = Path("demo"),
    video: Path | None = None,
    body: bool = False,
    threads: int = 0,
) -> None:
    """Do the main job from end to end; run the same command again to go on where it stopped.

    Without a video a made person is captured, so that nothing is needed from elsewhere and the
    truth about surface and light is known.

    Args:
        preset: demo (minutes on two cores), smoke (under a minute), quick or standard (training
            of ten minutes or an hour).
        out: Folder for capture, avatar, report and video.
        video: A talking-head video to use instead of the made person.
        body: A whole body in loose clothes instead of a head, seen by eight cameras.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.cli.threads import use_threads
    from incarnate.train.recipes import recipe_of

    use_threads(threads)
    if body:
        _demo_body(preset, out, video)
        return
    work = Work(out, preset, video, recipe_of("quick" if preset == "demo" and video else preset))
    notes = open_notes(out, preset, video)
    for stage in _stages(work, notes):
        run_stage(stage, notes)
    _print_summary(work, notes)


def _demo_body(preset: Preset, out: Path, video: Path | None) -> None:
    from incarnate.cli.demo_body import BodyWork, body_stages, print_body_summary
    from incarnate.errors import IncarnateError
    from incarnate.train.body_recipes import body_recipe_of

    if video is not None:
        raise IncarnateError("--video is for heads: a body needs several cameras; leave one out")
    work = BodyWork(out, preset, body_recipe_of(preset))
    notes = open_notes(out, f"{preset} body", None)
    for stage in body_stages(work):
        run_stage(stage, notes)
    print_body_summary(work, notes)


def _stages(work: Work, notes: DemoNotes) -> tuple[Stage, ...]:
    trained = work.avatar / "avatar.json"
    captured = Stage(
        "capture",
        lambda: (work.capture / "capture.json").is_file(),
        lambda progress: _capture(work, progress),
    )
    aligned = Stage(
        "align",
        lambda: "refined" in _load(work).provenance,
        lambda progress: _align(work, progress),
    )
    return (
        captured,
        # The poses of a made person are true.
        *(() if work.video is None else (aligned,)),
        Stage(
            "start",
            lambda: notes.untrained_psnr is not None,
            lambda _: _measure_start(work, notes),
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


def _capture(work: Work, progress: ConsoleProgress) -> None:
    if work.video is None:
        from incarnate.capture.synthetic import PRESETS, write_synthetic_capture

        settings = PRESETS["smoke" if work.preset == "smoke" else "demo"]
        write_synthetic_capture(work.capture, settings, progress)
        return
    from incarnate.tracking.track import TrackSettings, track_video

    tracked = track_video(work.video, work.capture, TrackSettings(), progress)
    for warning in tracked.warnings:
        print(f"warning: {warning}")


def _align(work: Work, progress: ConsoleProgress) -> None:
    from incarnate.capture.tracks import load_track
    from incarnate.cli.track import aligned

    capture = _load(work)
    _, _, warnings = aligned(capture, load_track(capture), progress)
    for warning in warnings:
        print(f"warning: {warning}")


def _measure_start(work: Work, notes: DemoNotes) -> None:
    """What the avatar is worth before its first step, so that training has to beat something."""
    from incarnate.capture.tracks import load_track
    from incarnate.evaluate.protocol import mean_psnr
    from incarnate.train.fit import start_head

    capture = _load(work)
    start = start_head(capture, load_track(capture), work.recipe)
    notes.set_untrained_psnr(mean_psnr(start, capture))


def _train(work: Work, progress: ConsoleProgress) -> None:
    from incarnate.train.fit import train_head

    train_head(_load(work), work.recipe, work.avatar, progress=progress)


def _evaluate(work: Work, progress: ConsoleProgress) -> None:
    from incarnate.avatars.files import load_head
    from incarnate.evaluate.protocol import evaluate
    from incarnate.evaluate.report import write_report

    report = evaluate(load_head(work.avatar), _load(work), progress=progress)
    write_report(replace(report, avatar=f"{work.preset} avatar"), work.report)


def _render(work: Work, progress: ConsoleProgress) -> None:
    """The person's own motion, seen from both sides, under a sky that turns once around."""
    from incarnate.avatars.files import load_head, load_stage
    from incarnate.cli.render import Lighting, Motion, View, shots_of
    from incarnate.view.clip import Look, write_clip
    from incarnate.view.video import VideoWriter

    avatar, stage = load_head(work.avatar), load_stage(work.avatar)
    frames = min(len(stage.poses), round(6 * stage.fps))
    motion = Motion(frames=f":{frames}")
    lighting = Lighting(light="sky", light_sweep=True)
    view = View(camera="turntable", turn=25.0)
    shots, fps = shots_of(avatar, stage, motion=motion, lighting=lighting, view=view)
    with VideoWriter(work.clip, fps) as writer:
        write_clip(avatar, shots, writer, look=Look(None), progress=progress)


def _print_summary(work: Work, notes: DemoNotes) -> None:
    from incarnate.cli.demo_notes import figures_table, seconds_table

    print(figures_table(work.report / "report.json", notes))
    print(seconds_table(notes))
    print(f"wrote {work.report / 'report.html'} (open it in a browser)")
    print(f"wrote {work.clip}: the avatar turned and lit by a sky that goes around")
    print(f"next: incarnate render {work.avatar} --light studio --camera turntable -o studio.mp4")
    if work.video is None:
        print("      incarnate demo --video FILE --out FOLDER    the same with your own video")
    else:
        print(f"      incarnate check {work.capture}    to see how well the rig lies on the face")


def _load(work: Work) -> "Capture":
    from incarnate.capture.files import load_capture

    return load_capture(work.capture)
