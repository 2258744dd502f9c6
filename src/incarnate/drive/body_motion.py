"""Motion files of bodies: BVH, glTF, VRM and VRMA, AMASS and SMPL-X, on any rig."""

from pathlib import Path
from typing import Final

from incarnate.drive.body_retargeting import retargeted
from incarnate.drive.bvh import read_bvh
from incarnate.drive.clips import Clip
from incarnate.drive.gltf_motion import read_gltf_motion
from incarnate.drive.resampling import resampled
from incarnate.drive.smplx_motion import clip_from_smplx, read_smplx_motion
from incarnate.errors import DriveError
from incarnate.rigs.rig import Rig

_GLTF_ENDINGS: Final = (".glb", ".gltf", ".vrma", ".vrm")

MOTION_ENDINGS: Final = (".bvh", *_GLTF_ENDINGS, ".npz")
"""What `load_body_motion` reads."""


def load_body_motion(path: Path, rig: Rig, fps: float | None = None) -> Clip:
    """Read a motion file as poses of a rig.

    The file's ground becomes the plane y = 0 and its way is scaled by the lengths of the legs; see
    docs/motion.md for what each format holds.

    Args:
        path: Its ending tells the format.
        rig: Whose poses are wanted.
        fps: The rate to bring the motion to; its own if left out.

    Raises:
        DriveError: The file is absent, damaged, of another format, or not of a body.
    """
    match path.suffix.lower():
        case ".bvh":
            clip = retargeted(read_bvh(path), rig)
        case ".npz":
            clip = clip_from_smplx(read_smplx_motion(path), rig)
        case ending if ending in _GLTF_ENDINGS:
            clip = retargeted(read_gltf_motion(path), rig)
        case _:
            raise DriveError(
                f"{path} is no motion file that is read: give one of {', '.join(MOTION_ENDINGS)}"
            )
    return clip if fps is None else resampled(clip, fps)
