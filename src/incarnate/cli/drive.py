"""``incarnate drive``: an avatar follows someone live; what came in becomes a video."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import tyro

from incarnate.cli.live import (
    CALIBRATED,
    ON_THIS_MACHINE,
    Following,
    Listening,
    beginning_of,
    live_source,
)
from incarnate.cli.render import Lighting, View

CAPTURED: Final = Lighting()
FROM_THE_CAMERA: Final = View()


@dataclass(frozen=True)
class Taking:
    """How much is taken, and when it is drawn."""

    seconds: float = 10.0
    """Length of the take."""
    fps: float = 30.0
    """Pictures a second of the video."""
    pace: Literal["steady", "live"] = "steady"
    """steady takes every pose at its moment and draws the pictures afterwards; live draws at once,
    and shows a picture again where this machine is too slow."""
    record: Path | None = None
    """Keep what arrives: a .csv of ARKit's channels (faces), or a .npz of SMPL-X's (bodies)."""


def drive(
    avatar: tyro.conf.Positional[Path],
    source: str,
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    taking: tyro.conf.OmitArgPrefixes[Taking] = Taking(),
    listening: tyro.conf.OmitArgPrefixes[Listening] = ON_THIS_MACHINE,
    *,
    following: tyro.conf.OmitArgPrefixes[Following] = CALIBRATED,
    lighting: tyro.conf.OmitArgPrefixes[Lighting] = CAPTURED,
    view: tyro.conf.OmitArgPrefixes[View] = FROM_THE_CAMERA,
) -> None:
    """Let someone drive an avatar live, and write a video of what came in.

    Args:
        avatar: Folder of the avatar.
        source: livelink for the Live Link Face app, vmc for programs that send a VRM model's
            motion, webcam, or a file that plays at its own pace: a video, or any that render
            --drive takes.
        output: A name that ends in .mp4, or a folder for PNG pictures.
        taking: How much is taken.
        listening: Where from.
        following: How it is taken over.
        lighting: What lights the avatar.
        view: From where it is seen.
    """
    from incarnate.avatars.body import BodyAvatar
    from incarnate.avatars.files import load_stage
    from incarnate.avatars.opening import load_avatar
    from incarnate.cli.take import SetUp, draw_live, draw_steady, prepare, tell
    from incarnate.cli.threads import use_threads
    from incarnate.drive.live_beginning import begin
    from incarnate.drive.live_take import Pace
    from incarnate.drive.recorder import recorder_for
    from incarnate.view.clip import Look, colour_of
    from incarnate.view.video import VideoWriter

    pace = Pace(taking.fps, taking.seconds)
    beginning = beginning_of(source, listening, following)
    recorder = None if taking.record is None else recorder_for(taking.record)
    use_threads(0)
    who, stage = load_avatar(avatar), load_stage(avatar)
    if isinstance(who, BodyAvatar):
        who.projects = True
    background = None if view.background == "light" else colour_of(view.background)
    look = Look(background, lighting.exposure)
    prepare(who, stage, look, lighting, view)
    with (
        live_source(source, who, listening, recorder) as live,
        VideoWriter(output, taking.fps) as writer,
    ):
        follower = begin(live, who.rig, stage.poses, beginning, tell=tell, announce=_announced)
        set_up = SetUp(who, stage, follower, lighting, view)
        print(f"taking {taking.seconds:g} s")
        draw = draw_live if taking.pace == "live" else draw_steady
        print(draw(set_up, live, pace, look, writer))
        count = writer.num_frames
    print(f"wrote {output}: {count} pictures, {taking.fps:g} a second")
    if recorder is not None and taking.record is not None:
        print(f"wrote {taking.record}: {recorder.write()}")
        print(f"next: incarnate render {avatar} --drive {taking.record} -o {avatar.name}-take.mp4")
    else:
        print("next: --record take.csv keeps what arrives, for incarnate render --drive")


def _announced(phase: str, text: str) -> None:
    del phase
    print(text)
