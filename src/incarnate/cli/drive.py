"""``incarnate drive``: an avatar follows someone live; what came in becomes a video."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro

from incarnate.cli.render import Lighting, View

if TYPE_CHECKING:
    from incarnate.avatars.avatar import Avatar
    from incarnate.avatars.files import Stage
    from incarnate.drive.live import LiveFrame, LiveSource
    from incarnate.drive.live_follow import Follower
    from incarnate.drive.recorder import Recorder

LOOPBACK: Final = "127.0.0.1"
CAPTURED: Final = Lighting()
FROM_THE_CAMERA: Final = View()


@dataclass(frozen=True)
class Listening:
    """Where motion is listened for, and whose."""

    port: int | None = None
    """UDP port; 11111 for livelink and 39539 for vmc if left out."""
    address: str = LOOPBACK
    """Address of this machine to listen on; only programs on this machine reach the default."""
    allow_remote: tuple[str, ...] = ()
    """Addresses of the senders that are listened to; needed with another --address, for these
    protocols have no password. All others are dropped."""
    camera_device: str = "0"
    """Which camera, for webcam: its number, on Windows its name."""
    wait: float = 30.0
    """How long to wait for the first motion, seconds."""


@dataclass(frozen=True)
class Following:
    """How the avatar takes over the motion."""

    calibrate: float = 1.0
    """For how long the driver holds still and looks ahead at first, seconds: their neutral. 0 takes
    motion as it is. A body's pose is always taken as it is; only its place is moved."""
    smooth: float = 4.0
    """Cut-off in Hz of a One-Euro filter; lower is calmer and lags more. 0 for none."""


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
    listening: tyro.conf.OmitArgPrefixes[Listening] = Listening(),
    *,
    following: tyro.conf.OmitArgPrefixes[Following] = Following(),
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
    from incarnate.avatars.opening import open_avatar
    from incarnate.cli.take import SetUp, draw_live, draw_steady, prepare
    from incarnate.cli.threads import use_threads
    from incarnate.drive.live_take import Pace
    from incarnate.drive.recorder import recorder_for
    from incarnate.view.clip import Look, colour_of
    from incarnate.view.video import VideoWriter

    pace = Pace(taking.fps, taking.seconds)
    recorder = None if taking.record is None else recorder_for(taking.record)
    use_threads(0)
    who, stage = open_avatar(avatar), load_stage(avatar)
    if isinstance(who, BodyAvatar):
        who.projects = True
    background = None if view.background == "light" else colour_of(view.background)
    look = Look(background, lighting.exposure)
    prepare(who, stage, look, lighting, view)
    with (
        live_source(source, who, listening, recorder) as live,
        VideoWriter(output, taking.fps) as writer,
    ):
        follower = _follower(live, who, stage, source=source, options=(listening, following))
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


def live_source(
    source: str, who: "Avatar", listening: Listening, recorder: "Recorder | None"
) -> "LiveSource":
    """What is named with --source.

    Raises:
        DriveError: There is no such source, or its options don't fit.
    """
    from incarnate.drive import livelink, vmc
    from incarnate.drive.live import FeedSource
    from incarnate.drive.live_camera import CameraFeed, camera_pictures, video_pictures
    from incarnate.drive.live_clip import ClipSource
    from incarnate.drive.live_pose import Poser
    from incarnate.drive.live_udp import Ear, UdpFeed
    from incarnate.drive.reenactment import VIDEO_ENDINGS, load_driver
    from incarnate.errors import DriveError

    def ear(port: int) -> Ear:
        given = port if listening.port is None else listening.port
        return Ear(given, listening.address, listening.allow_remote)

    path = Path(source)
    match source:
        case "livelink":
            feed = UdpFeed(ear(livelink.USUAL_PORT), livelink.LiveLinkDecoder())
        case "vmc":
            feed = UdpFeed(ear(vmc.USUAL_PORT), vmc.VmcDecoder())
        case "webcam":
            feed = CameraFeed(lambda: camera_pictures(listening.camera_device))
        case _ if path.suffix.lower() in VIDEO_ENDINGS and path.is_file():
            feed = CameraFeed(lambda: video_pictures(path))
        case _ if path.exists():
            if recorder is not None:
                raise DriveError(f"--record keeps what arrives, but {path} is a recording already")
            return ClipSource(load_driver(path, who.rig).clip)
        case _:
            raise DriveError(
                f"there is no source {source!r}: give livelink, vmc, webcam, or a file that exists"
            )
    record: Callable[[LiveFrame], None] | None = None if recorder is None else recorder.add
    return FeedSource(feed, Poser(who.rig), record=record)


def _follower(
    live: "LiveSource",
    who: "Avatar",
    stage: "Stage",
    *,
    source: str,
    options: tuple[Listening, Following],
) -> "Follower":
    """Wait for the driver, and learn their neutral."""
    from incarnate.cli.take import tell
    from incarnate.drive.live_follow import Follower, FollowSettings, stacked
    from incarnate.drive.live_take import Pace, samples, wait_for_first
    from incarnate.errors import DriveError

    listening, following = options
    if not 0 <= following.calibrate <= 60:
        raise DriveError(f"--calibrate {following.calibrate:g}: give 0 to 60 seconds")
    where = _place(source, listening)
    print(f"waiting for {where}")
    wait_for_first(live, listening.wait, tell, where)
    if following.calibrate:
        print(f"hold still and look ahead for {following.calibrate:g} s")
    still = Pace(30.0, max(following.calibrate, 1e-3))
    at_rest = [sample.pose for sample in samples(live, still, tell)]
    if not at_rest:
        raise DriveError(f"{source} ended before there was anything to take")
    cutoff = following.smooth or None
    settings = FollowSettings(is_calibrated=following.calibrate > 0, cutoff=cutoff)
    return Follower(who.rig, stage.poses, stacked(at_rest), settings)


def _place(source: str, listening: Listening) -> str:
    from incarnate.drive import livelink, vmc

    usual = {"livelink": livelink.USUAL_PORT, "vmc": vmc.USUAL_PORT}.get(source)
    if usual is None:
        return source
    port = usual if listening.port is None else listening.port
    return f"{source} on {listening.address} port {port}"
