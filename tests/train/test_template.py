"""Fitting a template, end to end on small pictures: clothes that the rig lacks are found."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from incarnate.avatars.template import TemplateMesh, template_of_rig
from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.reading import read_frame
from incarnate.capture.tracks import load_track
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.errors import AvatarError
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.meshes import vertex_normals
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.embedded import default_body_rig
from incarnate.rigs.position_maps import unposed
from incarnate.rigs.rig import rest_pose
from incarnate.rigs.skinning import (
    apply_affine,
    blend_transforms,
    pose_rig,
    world_from_rest_joints,
)
from incarnate.train.canonical_rays import RaySettings
from incarnate.train.distance_field import FieldSettings
from incarnate.train.template import TEMPLATE_PRESETS, TemplateRecipe, fit_template

TINY = TemplateRecipe(
    num_poses=4,
    hull_voxel=0.03,
    surface_voxel=0.025,
    weight_voxels=20**3,
    reach=0.12,
    rays=RaySettings(per_frame=60, num_samples=20),
    surface=FieldSettings(steps=10, rays_per_step=200, correction_voxel=0.05),
)
SIZE = 96
COAT = 0.05


def write_coat_capture(folder: Path, *, split: str = "train") -> Capture:
    """The embedded body in a coat 5 cm thick, moving; the last of four cameras is for tests."""
    rig = default_body_rig()
    coated = replace(rig, vertices=rig.vertices + COAT * vertex_normals(rig.vertices, rig.faces))
    poses = rest_pose(rig, 4)
    poses.joint_rotations[:, rig.joint_index("left_shoulder") - 1, 2] = torch.linspace(-0.6, 0.6, 4)
    poses.joint_rotations[:, rig.joint_index("right_hip") - 1, 0] = torch.linspace(-0.6, 0.3, 4)
    cameras = {}
    for number in range(4):
        angle = 2 * math.pi * number / 4 + 0.4
        eye = torch.tensor([3 * math.sin(angle), 1.2, 3 * math.cos(angle)])
        view = look_at(eye, torch.tensor([0.0, 0.85, 0.0]))
        cameras[f"cam{number}"] = Camera(pinhole_intrinsics(0.65, SIZE, SIZE), view, SIZE, SIZE)
    header = CaptureHeader("coat", cameras, 25.0, rig="incarnate-body", test_cameras=("cam3",))
    with CaptureWriter(folder, header) as writer:
        for index in range(4):
            frame = writer.add_frame(index / 25, "test" if split == "test" else "train")
            vertices = pose_rig(coated, poses[index]).vertices
            for number, camera in enumerate(cameras.values()):
                covered = rasterize_mesh(vertices, rig.faces, camera).covered.numpy()
                rgba = np.full((SIZE, SIZE, 4), 150, np.uint8)
                rgba[..., 3] = 255 * covered
                writer.write_image(frame, rgba, number)
        writer.set_track(Track(rig, poses, torch.zeros(4), origin="truth"))
    return load_capture(folder)


def silhouette_iou(capture: Capture, track: Track, mesh: TemplateMesh, camera: int) -> float:
    joints = world_from_rest_joints(track.rig, canonical_pose(track.rig))
    rest = unposed(mesh.vertices, mesh.weights, joints)
    scores = []
    for index in range(capture.num_frames):
        live = world_from_rest_joints(track.rig, track.poses[index])
        posed = apply_affine(blend_transforms(mesh.weights, live), rest)
        frame = read_frame(capture, index, camera)
        drawn, seen = rasterize_mesh(posed, mesh.faces, frame.camera).covered, frame.matte > 0.5
        scores.append(float((drawn & seen).sum() / (drawn | seen).sum()))
    return sum(scores) / len(scores)


@pytest.mark.slow
def test_a_coat_is_found_and_beats_the_bare_rig_on_a_camera_not_used(tmp_path: Path) -> None:
    capture = write_coat_capture(tmp_path / "coat")
    track = load_track(capture)
    told: list[str] = []
    template = fit_template(
        capture, track, TINY, progress=lambda done, total, text: told.append(text)
    )
    # Weights are float32 sums over 55 joints.
    torch.testing.assert_close(
        template.weights.sum(-1), torch.ones(len(template.vertices)), rtol=0, atol=1e-5
    )
    assert (template.colors >= 0).all()
    bare = template_of_rig(track.rig, canonical_pose(track.rig))
    found = silhouette_iou(capture, track, template, 3)
    # 5 cm of coat are two pixels all around a body ten pixels wide.
    assert found > silhouette_iou(capture, track, bare, 3) + 0.1
    stages = list(dict.fromkeys(text.split(" · ")[1] for text in told))
    assert stages == [
        "reading frames",
        "weights of the volume",
        "silhouettes of many poses",
        "rays through the poses",
        "surface",
        "pieces that no matte needs",
    ]


def test_without_training_frames_there_is_nothing_to_fit(tmp_path: Path) -> None:
    capture = write_coat_capture(tmp_path / "coat", split="test")
    with pytest.raises(AvatarError, match="no training frames"):
        fit_template(capture, load_track(capture), TINY)


def test_presets_grow() -> None:
    smoke, quick, standard = (TEMPLATE_PRESETS[name] for name in ("smoke", "quick", "standard"))
    assert smoke.surface_voxel > quick.surface_voxel > standard.surface_voxel
    assert smoke.num_poses < quick.num_poses < standard.num_poses
    assert smoke.surface.steps < quick.surface.steps < standard.surface.steps
