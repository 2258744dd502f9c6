"""BVH: what is written is read back in every channel order; damage is told by its line."""

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.drive.skeletal import lively, write_bvh
from tests.rigs.bodies import cmu_body

from incarnate.drive.body_retargeting import retargeted
from incarnate.drive.bvh import read_bvh
from incarnate.errors import DriveError
from incarnate.rigs.skinning import pose_rig

_ARM = """HIERARCHY
ROOT Hips
{
  OFFSET 0 10 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Left Arm {
    OFFSET 1 0 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    End Site
    {
      OFFSET 0.5 0 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
0 10 0 0 0 0 0 0 0
1 12 0 90 0 0 90 0 0
"""


def _written(text: str, folder: Path) -> Path:
    path = folder / "motion.bvh"
    path.write_text(text)
    return path


@pytest.mark.parametrize("order", ["ZXY", "XYZ", "YZX", "ZYX", "XZY", "YXZ"])
def test_a_pose_comes_back_in_every_channel_order(order: str, tmp_path: Path) -> None:
    rig = cmu_body()
    poses = lively(rig, 4)
    path = write_bvh(rig, poses, tmp_path / "walk.bvh", order=order)
    clip = retargeted(read_bvh(path), rig)
    # Written with nine digits; the rest is float32 through a chain of ten joints.
    torch.testing.assert_close(
        pose_rig(rig, clip.poses).vertices, pose_rig(rig, poses).vertices, atol=1e-5, rtol=0
    )
    assert clip.fps == pytest.approx(30)


def test_turns_and_places_by_hand(tmp_path: Path) -> None:
    motion = read_bvh(_written(_ARM, tmp_path))
    assert motion.names == ("Hips", "Left Arm")
    assert motion.fps == pytest.approx(25)
    torch.testing.assert_close(motion.rest_joints[1].tolist(), [1.0, 10.0, 0.0])
    torch.testing.assert_close(motion.positions[1, 1].tolist(), [1.0, 13.0, 0.0])
    # About y by 90°, then about z by 90°: x goes to −z and stays there.
    torch.testing.assert_close(motion.turns[1, 1, :, 0].tolist(), [0.0, 0.0, -1.0])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Xrotation\n  JOINT", "Wrotation\n  JOINT", r"line 5: CHANNELS are .* expected each of"),
        ("CHANNELS 3", "CHANNELS 4", r"line 8: CHANNELS announces 4, 3 follow"),
        ("OFFSET 1 0 0", "OFFSET 1 0", r"line 7: OFFSET has 2 numbers, expected 3"),
        ("OFFSET 1 0 0", "OFFSET 1 0 x", r"line 7: expected numbers, found '1 0 x'"),
        ("OFFSET 1 0 0", "OFFSET 1 0 nan", r"line 7: expected numbers, found '1 0 nan'"),
        ("0 10 0 0 0 0 0 0 0\n", "0 10 0 0\n", r"line 18: a frame has 4 numbers, but 9 channels"),
        ("Frames: 2", "Frames: 3", r"'Frames:' announces 3, the file has 2; was it cut off"),
        ("Frame Time: 0.04", "Frame Time: 0", r"'Frame Time:' is 0; expected seconds"),
        ("MOTION", "}", r"line 15: closes a brace that was never opened"),
        ("  }\n}\nMOTION", "MOTION", r"MOTION starts before the skeleton ends"),
        ("HIERARCHY", "solid cube", r"line 1: 'solid' has no meaning in a BVH skeleton"),
    ],
)
def test_damage_is_told_by_its_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in _ARM
    with pytest.raises(DriveError, match=message):
        read_bvh(_written(_ARM.replace(old, new, 1), tmp_path))


def test_an_absent_file_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match=r"absent.bvh can't be read .* give a .bvh file"):
        read_bvh(tmp_path / "absent.bvh")
    with pytest.raises(DriveError, match="the file ends before MOTION"):
        read_bvh(_written("", tmp_path))


_WORDS = st.sampled_from([*_ARM.split(), "{", "}", "\n", "-1e400", "é", "JOINT", "Frames: 0"])


@given(st.lists(_WORDS, max_size=60), st.integers(0, len(_ARM)), st.integers(0, len(_ARM)))
def test_any_text_is_read_or_refused(words: list[str], first: int, last: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for text in (" ".join(words), _ARM[:first] + " ".join(words[:3]) + _ARM[last:]):
            try:
                motion = read_bvh(_written(text, Path(folder)))
            except DriveError:
                continue
            assert motion.turns.isfinite().all()
            assert len(motion) > 0
