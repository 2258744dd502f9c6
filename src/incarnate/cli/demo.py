"""``incarnate demo``: make a capture, train an avatar on it, judge it and relight it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro

from incarnate.cli.demo_notes import DemoNotes, open_notes
from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.capture.capture import Capture
    from incarnate.train.recipes import HeadRecipe

Preset = Literal["demo", "smoke", "quick", "standard"]

_EXPLAINED: Final = MappingProxyType(
    {
        "capture": "pictures of a person, with mattes and a fitted rig",
        "start": "measuring the avatar before its training, as the figure to beat",
        "train": "fitting the avatar to the training frames",
        "evaluate": "measuring it on frames that training never saw",
        "render": "turning and relighting it",
    }
)


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


@dataclass(frozen=True)
class Stage:
    """A part of the job."""

    name: str
    is_done: Callable[[], bool]
    """Whether an earlier run has done it."""
    run: Callable[[ConsoleProgress], None]


def demo(
    preset: Preset = "demo",
    out: Annotated[Path, tyro.conf.arg(aliases=["-o", "--output"])] = Path("demo"),
    video: Path | None = None,
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
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.cli.threads import use_threads
    from incarnate.train.recipes import recipe_of

    use_threads(threads)
    work = Work(out, preset, video, recipe_of("quick" if preset == "demo" and video else preset))
    notes = open_notes(out, preset, video)
    for stage in _stages(work, notes):
        _run(stage, notes)
    _print_summary(work, notes)


def _stages(work: Work, notes: DemoNotes) -> tuple[Stage, ...]:
    trained = work.avatar / "avatar.json"
    return (
        Stage(
            "capture",
            lambda: (work.capture / "capture.json").is_file(),
            lambda progress: _capture(work, progress),
        ),
        Stage(
            "start",
            lambda: notes.untrained_psnr is not None,
            lambda _: _measure_start(work, notes),
        ),
        Stage("train", lambda: _is_trained(work), lambda progress: _train(work, progress)),
        Stage(
            "evaluate",
            lambda: _is_newer(work.report / "report.html", trained),
            lambda progress: _evaluate(work, progress),
        ),
        Stage(
            "render",
            lambda: _is_newer(work.clip, trained),
            lambda progress: _render(work, progress),
        ),
    )


def _run(stage: Stage, notes: DemoNotes) -> None:
    if stage.is_done():
        print(f"{stage.name}: done before", flush=True)
        return
    print(f"{stage.name}: {_EXPLAINED[stage.name]}", flush=True)
    wall, cpu = time.monotonic(), time.process_time()
    with ConsoleProgress() as progress:
        stage.run(progress)
    notes.add_seconds(stage.name, time.monotonic() - wall, time.process_time() - cpu)


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


def _is_trained(work: Work) -> bool:
    from incarnate.avatars.files import read_manifest
    from incarnate.errors import AvatarError

    try:
        about = read_manifest(work.avatar)
    except AvatarError:
        return False
    return about.get("steps") == work.recipe.steps


def _evaluate(work: Work, progress: ConsoleProgress) -> None:
    from incarnate.avatars.files import load_avatar
    from incarnate.evaluate.protocol import evaluate
    from incarnate.evaluate.report import write_report

    report = evaluate(load_avatar(work.avatar), _load(work), progress=progress)
    write_report(replace(report, avatar=f"{work.preset} avatar"), work.report)


def _render(work: Work, progress: ConsoleProgress) -> None:
    """The person's own motion, seen from both sides, under a sky that turns once around."""
    from incarnate.avatars.files import load_avatar, load_stage
    from incarnate.cli.render import Lighting, Motion, View, shots_of
    from incarnate.view.clip import Look, write_clip
    from incarnate.view.video import VideoWriter

    avatar, stage = load_avatar(work.avatar), load_stage(work.avatar)
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


def _is_newer(file: Path, than: Path) -> bool:
    return file.is_file() and file.stat().st_mtime >= than.stat().st_mtime
