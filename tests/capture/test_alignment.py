"""The posed rig lies on the mattes of calibrated cameras, and of no others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.capture.tiny import tiny_rig

from incarnate.capture.alignment import share_inside, shares_on_mattes
from incarnate.capture.capture import Capture, Track
from incarnate.capture.files import load_capture
from incarnate.capture.reading import image_path
from incarnate.capture.tracks import load_track
from incarnate.capture.validate import validate
from incarnate.capture.writing import CaptureHeader, CaptureWriter
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.rigs.rig import rest_pose
from incarnate.rigs.skinning import pose_rig

SIZE = 24


def ring(count: int = 4) -> dict[str, Camera]:
    """Cameras about the tetrahedron."""
    cameras, middle = {}, torch.full((3,), 0.03)
    for number in range(count):
        turn = torch.tensor(2 * torch.pi * number / count)
        eye = middle + 0.6 * torch.stack([turn.sin(), torch.tensor(0.2), turn.cos()])
        view = Camera(pinhole_intrinsics(0.4, SIZE, SIZE), look_at(eye, middle), SIZE, SIZE)
        cameras[f"cam{number}"] = view
    return cameras


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    """The tiny rig, moved a little from frame to frame, seen by a ring of cameras."""
    rig, cameras = tiny_rig(), ring()
    poses = replace(rest_pose(rig, 4), root_translation=0.01 * torch.arange(12.0).reshape(4, 3) / 3)
    with CaptureWriter(tmp_path / "c", CaptureHeader("ring", cameras, 25.0, rig="rig.npz")) as w:
        for index in range(4):
            w.add_frame(index / 25, "train")
            vertices = pose_rig(rig, poses[index]).vertices
            for camera, view in enumerate(cameras.values()):
                covered = rasterize_mesh(vertices, rig.faces, view).covered.numpy()
                # Two pixels more on each side, as clothes have it; tips are thinner than a pixel.
                covered = sum(np.roll(covered, (y, x), (0, 1)) for y in range(-2, 3)
                              for x in range(-2, 3)) > 0  # fmt: skip
                rgba = np.full((SIZE, SIZE, 4), 120, np.uint8)
                rgba[..., 3] = 255 * covered
                w.write_image(index, rgba, camera)
        w.write_rig(rig)
        w.set_track(Track(rig, poses, torch.zeros(4), origin="truth"))
    return load_capture(tmp_path / "c")


def test_calibrated_cameras_see_the_whole_rig_on_the_mattes(capture: Capture) -> None:
    assert torch.equal(shares_on_mattes(capture, load_track(capture)), torch.ones(4))
    assert validate(capture) == []


def test_a_turned_camera_is_named(capture: Capture) -> None:
    cameras = list(capture.cameras)
    turned = look_at(cameras[2].center, torch.tensor([0.1, 0.03, 0.03]))
    cameras[2] = replace(cameras[2], camera_from_world=turned)
    (problem,) = validate(replace(capture, cameras=tuple(cameras)))
    assert (problem.frame, problem.camera) == (None, "cam2")
    assert "in 100 of the rig's vertices lie on the mattes, against 100 in the" in problem.what


def test_a_rig_beside_all_mattes_is_a_fault_of_the_poses(capture: Capture) -> None:
    track = load_track(capture)
    away = replace(track.poses, root_translation=track.poses.root_translation + 5.0)
    # Outside every picture nothing lies on a matte.
    assert float(shares_on_mattes(capture, replace(track, poses=away)).max()) == 0.0


def test_a_camera_without_pictures_is_not_judged(capture: Capture) -> None:
    for index in range(4):
        image_path(capture, index, 1).unlink()
    shares = shares_on_mattes(capture, load_track(capture))
    assert shares.isnan().tolist() == [False, True, False, False]
    assert {problem.camera for problem in validate(capture)} == {"cam1"}


def test_points_outside_the_picture_do_not_count() -> None:
    covered = torch.tensor([[True, False], [True, False]])
    points = torch.tensor([[0.5, 0.5], [1.5, 0.5], [-3.0, 0.5], [0.5, 7.0]])
    assert share_inside(points, covered) == 0.5
    assert share_inside(points[2:], covered) == 0.0
