"""Cameras around a person."""

import pytest
import torch

from incarnate.capture.synthetic_body.clips import CLIP_NAMES, make_clip
from incarnate.capture.synthetic_body.doll import Doll
from incarnate.capture.synthetic_body.ring import camera_ring
from incarnate.rigs.skinning import pose_rig


@pytest.mark.parametrize("count", [3, 8, 12])
def test_they_stand_around_and_no_two_are_alike(count: int) -> None:
    cameras = list(camera_ring(count, 384, 7).values())
    assert len(cameras) == count
    centres = torch.stack([camera.center for camera in cameras])
    assert torch.allclose(centres[:, [0, 2]].norm(dim=-1), torch.tensor(3.4))
    assert centres[0, 2] == pytest.approx(3.4)
    off = torch.stack([camera.intrinsics[:2, 2] / 384 - 0.5 for camera in cameras])
    # Off the centre, and by less than a twentieth of the picture.
    assert off.abs().max() < 0.05
    assert off.std(0).min() > 0.005
    focal = torch.stack([camera.intrinsics[0, 0] for camera in cameras])
    assert len(focal.unique()) == count


@pytest.mark.parametrize("name", CLIP_NAMES)
def test_the_whole_person_is_seen_in_every_clip(doll: Doll, name: str) -> None:
    rig = doll.person.personal
    poses = make_clip(rig, name, frames=8, seed=7, train=True).poses
    points = torch.cat([pose_rig(rig, poses[i]).vertices[::9] for i in range(8)])
    for camera in camera_ring(8, 384, 7).values():
        pixels = camera.project(points)
        # Three pixels are left for hair and shoes.
        assert pixels.min() > 3
        assert pixels.max() < 381
