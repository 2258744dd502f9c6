"""Live motion, where from and how taken over: options that ``drive`` and ``view`` share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from incarnate.avatars.avatar import Avatar
    from incarnate.drive.live import LiveFrame, LiveSource
    from incarnate.drive.live_beginning import Beginning
    from incarnate.drive.recorder import Recorder
    from incarnate.view.live_bridge import Bridge

LOOPBACK: Final = "127.0.0.1"
_PAGE_NAMES: Final = MappingProxyType(
    {"livelink": "Live Link Face", "vmc": "VMC", "webcam": "Webcam of incarnate"}
)


@dataclass(frozen=True)
class Hearing:
    """Whose motion is taken."""

    address: str = LOOPBACK
    """Address of this machine to listen on; only programs on this machine reach the default."""
    allow_remote: tuple[str, ...] = ()
    """Addresses of the senders that are listened to; needed with another --address, for these
    protocols have no password. All others are dropped."""
    camera_device: str = "0"
    """Which camera, for webcam: its number, on Windows its name."""


@dataclass(frozen=True)
class Listening(Hearing):
    """Where motion is listened for, and whose."""

    port: int | None = None
    """UDP port; 11111 for livelink and 39539 for vmc if left out."""
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


FROM_THIS_MACHINE: Final = Hearing()
ON_THIS_MACHINE: Final = Listening()
CALIBRATED: Final = Following()


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


def beginning_of(source: str, listening: Listening, following: Following) -> "Beginning":
    """How an avatar begins to follow a source.

    Raises:
        DriveError: There is no such calibration or filter.
    """
    from incarnate.drive.live_beginning import Beginning

    return Beginning(
        where=_place(source, listening),
        calibrate=following.calibrate,
        cutoff=following.smooth or None,
        patience=listening.wait,
    )


def bridge_to(source: str, package: bytes, listening: Listening, following: Following) -> "Bridge":
    """A bridge from what is named with --source to pages that show a package.

    Raises:
        DriveError: There is no such source, or its options don't fit.
    """
    from incarnate.cli.take import tell
    from incarnate.view.live_bridge import Bridge
    from incarnate.view.package import package_from

    shown = package_from(package)
    return Bridge(
        lambda: live_source(source, shown.avatar, listening, None),
        shown.avatar.rig,
        shown.stage.poses,
        beginning_of(source, listening, following),
        name=_PAGE_NAMES.get(source, Path(source).name),
        tell=tell,
    )


def _place(source: str, listening: Listening) -> str:
    from incarnate.drive import livelink, vmc

    usual = {"livelink": livelink.USUAL_PORT, "vmc": vmc.USUAL_PORT}.get(source)
    if usual is None:
        return source
    port = usual if listening.port is None else listening.port
    return f"{source} on {listening.address} port {port}"
