"""An avatar beside a capture: which frames are looked at, and both pictures of each."""

from dataclasses import dataclass
from typing import TypeVar

from incarnate.avatars.avatar import Avatar, render
from incarnate.avatars.encoder import ExpressionEncoder
from incarnate.avatars.head import HeadAvatar
from incarnate.capture.capture import Capture
from incarnate.capture.reading import Size, has_relit, has_truth, read_frame, read_relit_frame
from incarnate.capture.tracks import load_track
from incarnate.drive.encoding import encoded_poses
from incarnate.errors import AvatarError, CaptureError, RenderError
from incarnate.evaluate.maps import SurfaceComparison, compare_surfaces
from incarnate.evaluate.scores import Options, Pair
from incarnate.rigs.moments import moment
from incarnate.rigs.rig import Pose, fits

Item = TypeVar("Item")

MIN_SIZE = 16
"""Height in pixels below which a window of SSIM hardly fits."""


@dataclass(frozen=True)
class Trial:
    """Draws an avatar as each frame of a capture shows the person."""

    avatar: Avatar
    capture: Capture
    poses: Pose
    """Batched over the capture's frames."""
    options: Options

    @property
    def size(self) -> Size:
        """(width, height) in pixels at which pictures are compared."""
        camera = self.capture.cameras[self.options.camera]
        height = self.options.size or camera.height
        return round(camera.width * height / camera.height), height

    def pose(self, index: int) -> Pose:
        """The pose of a frame, with how its clip came to it."""
        return moment(self.poses, self.capture.times, index, self.capture.clips)

    def pair(self, index: int, light: str | None = None) -> Pair:
        """The avatar's picture of a frame and the true one, under the capture's or another light.

        Args:
            index: Frame index in the capture.
            light: One of the capture's other lights; None is its own.

        Raises:
            AvatarError: The avatar draws values that are not numbers.
        """
        which = (index, self.options.camera, self.size)
        if light is None:
            frame, environment = read_frame(self.capture, *which), None
        else:
            frame = read_relit_frame(self.capture, light, *which)
            environment = self.capture.relights[light]
        image = render(self.avatar, self.pose(index), frame.camera, environment)
        if not image.isfinite().all():
            raise AvatarError(
                f"cannot evaluate on frame {index} of capture {self.capture.name!r}: the avatar "
                "draws values that are not numbers; train it again."
            )
        return Pair(image, frame.image * frame.matte[..., None], frame.matte)

    def surfaces(self, index: int) -> SurfaceComparison:
        """The avatar's and the true surface maps of a frame."""
        return compare_surfaces(
            self.avatar, self.capture, index, self.pose(index), self.options.camera
        )

    def has_surfaces(self, index: int) -> bool:
        """Whether the capture knows the truth about surfaces in a frame."""
        camera = self.options.camera
        return any(has_truth(self.capture, kind, index, camera) for kind in ("normal", "albedo"))

    def relit_frames(self, light: str, indices: list[int]) -> list[int]:
        """Those of the frames that the capture also has under another light."""
        camera = self.options.camera
        return [index for index in indices if has_relit(self.capture, light, index, camera)]


def open_trial(
    avatar: Avatar, capture: Capture, *, options: Options | None = None, poses: Pose | None = None
) -> Trial:
    """Put an avatar beside a capture, with the capture's tracked poses unless others are given.

    An avatar that has an encoder reads expression, eyelids and jaw of the frames that are looked
    at from their pictures, unless the options say otherwise.

    Raises:
        CaptureError: The capture has no such camera, or no track.
        AvatarError: The poses are made for another rig than the avatar's.
        RenderError: The options ask for pictures that can't be compared.
    """
    options = options or Options()
    _check(options, capture)
    track = load_track(capture) if poses is None else None
    poses = track.poses if track is not None else poses
    assert poses is not None
    if not fits(poses, avatar.rig):
        raise AvatarError(
            f"cannot evaluate on capture {capture.name!r}: its poses have "
            f"{len(poses.expression_names)} expressions and {poses.joint_rotations.shape[-2] + 1} "
            f"joints, the avatar's rig {avatar.rig.name!r} has {avatar.rig.num_expressions} and "
            f"{avatar.rig.num_joints}, or their names differ. Track the capture with the rig that "
            "the avatar was trained on."
        )
    encoder = _encoder(avatar, options)
    if track is not None and encoder is not None:
        indices = chosen_frames(capture, options)
        poses = encoded_poses(encoder, capture, track, indices)
    return Trial(avatar, capture, poses, options)


def _encoder(avatar: Avatar, options: Options) -> ExpressionEncoder | None:
    if options.expressions == "tracked" or not isinstance(avatar, HeadAvatar):
        return None
    return avatar.encoder


def _check(options: Options, capture: Capture) -> None:
    if not 0 <= options.camera < len(capture.cameras):
        raise CaptureError(
            f"capture {capture.name!r} has no camera {options.camera}: it has "
            f"{len(capture.cameras)}, counted from 0 ({', '.join(capture.camera_names)})."
        )
    if options.size is not None and options.size < MIN_SIZE:
        raise RenderError(
            f"pictures of {options.size} pixels are too small to compare; give at least {MIN_SIZE}."
        )
    if options.stride < 1:
        raise RenderError(f"a stride of {options.stride} uses no frame; give 1 or more.")


def chosen_frames(capture: Capture, options: Options) -> list[int]:
    """Indices of the test frames that the options leave, in time order.

    Raises:
        CaptureError: There are none.
    """
    indices = thinned(capture.indices("test"), options)
    if not indices:
        raise CaptureError(
            f"capture {capture.name!r} leaves no frame to evaluate: {capture.num_frames} frames, "
            f"{len(capture.indices('test'))} of them in the split 'test'. Mark the last 15 % as "
            "'test' in its capture.json, or make the capture anew with `incarnate track`."
        )
    return indices


def thinned(items: list[Item], options: Options) -> list[Item]:
    """Those that stride and number of frames leave, spread evenly."""
    items = items[:: options.stride]
    if options.max_frames is None or options.max_frames >= len(items):
        return items
    step = len(items) / max(options.max_frames, 1)
    return [items[int((i + 0.5) * step)] for i in range(options.max_frames)]
