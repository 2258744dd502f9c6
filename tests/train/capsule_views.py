"""Pictures of two limbs in sleeves half as thick again as they are, in a few poses."""

import math

import torch
from tests.rigs.capsules import HALF_DISTANCE, capsule_body, capsule_poses

from incarnate.capture.capture import Frame
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.canonical_body import CanonicalBody
from incarnate.rigs.skinning import apply_affine, blend_transforms
from incarnate.train.visual_hull import PoseViews

SLEEVE = 1.5
"""Thickness of sleeve over limb."""
COLOR = (0.6, 0.3, 0.1)


def sleeve_views(*, size: int = 64, num_cameras: int = 5) -> tuple[CanonicalBody, list[PoseViews]]:
    """The body, and each of its poses seen by a ring of cameras."""
    body = capsule_body()
    side = HALF_DISTANCE * body.vertices[:, :1].sign() * torch.tensor([1.0, 0, 0])
    clothed = side + (body.vertices - side) * torch.tensor([SLEEVE, 1.0, SLEEVE])
    views = []
    for joints in capsule_poses():
        affine = blend_transforms(body.rig.skinning_weights, joints)
        posed = apply_affine(affine, clothed)
        frames = []
        for number in range(num_cameras):
            angle = 2 * math.pi * (number + 0.3) / num_cameras
            eye = 1.5 * torch.tensor([math.sin(angle), 0.2, math.cos(angle)])
            view = look_at(eye, torch.zeros(3))
            camera = Camera(pinhole_intrinsics(0.6, size, size), view, size, size)
            matte = rasterize_mesh(posed, body.rig.faces, camera).covered.float()
            image = torch.tensor(COLOR).expand(size, size, 3)
            frames.append(Frame(0, 0.0, camera, image, matte))
        views.append(PoseViews(joints, tuple(frames)))
    return body, views
