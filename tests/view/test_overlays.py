"""Overlays show the mesh where it projects, the matte's edge, and landmarks that can be seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from incarnate.capture.capture import Frame
from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.rigs.rig import Rig, SurfacePoints, rest_pose
from incarnate.view import overlays


@pytest.fixture
def camera() -> Camera:
    return Camera(
        pinhole_intrinsics(0.6, 40, 40),
        look_at(torch.tensor([0.0, 0.0, 2.0]), torch.zeros(3)),
        40,
        40,
    )


@pytest.fixture
def frame(camera: Camera) -> Frame:
    matte = torch.zeros(40, 40)
    matte[5:30, 10:20] = 1
    return Frame(0, 0.0, camera, torch.full((40, 40, 3), 0.2), matte)


@pytest.fixture
def panel() -> Rig:
    """Two squares of 20 cm: one at z = 0 that faces +z, one 10 cm behind it."""
    corners = torch.tensor([[-0.1, -0.1, 0.0], [0.1, -0.1, 0.0], [0.1, 0.1, 0.0], [-0.1, 0.1, 0.0]])
    vertices = torch.cat([corners, corners - torch.tensor([0.0, 0.0, 0.1])])
    square = torch.tensor([[0, 1, 2], [0, 2, 3]])
    faces = torch.cat([square, square + 4])
    middle = torch.tensor([[0.5, 0.0, 0.5]])
    return Rig(
        name="panel",
        vertices=vertices,
        faces=faces,
        uv=vertices[:, :2],
        uv_faces=faces,
        parts=torch.zeros(8, dtype=torch.int64),
        part_names=("skin",),
        shape_basis=torch.zeros(0, 8, 3),
        shape_names=(),
        expression_basis=torch.zeros(0, 8, 3),
        expression_names=(),
        joints=torch.zeros(1, 3),
        joint_shape_basis=torch.zeros(0, 1, 3),
        joint_names=("head",),
        parents=(-1,),
        skinning_weights=torch.ones(8, 1),
        landmarks={"mediapipe478": SurfacePoints(torch.tensor([0]), middle)},
    )


def test_the_mesh_covers_its_projection_and_nothing_else(frame: Frame, panel: Rig) -> None:
    frame = replace(frame, matte=torch.zeros(40, 40))
    plain = overlays.draw_matte(frame)
    picture = overlays.draw_rig(frame, panel, rest_pose(panel))
    changed = (picture != plain).any(-1)
    # 0.2 m at 2 m with a focal length of 20 / tan 0.3 = 64.7 pixels: 6.5 pixels wide, so the
    # centres at 16.5 … 22.5 at most are inside ±3.2 of the middle.
    assert np.flatnonzero(changed.any(0)).tolist() == list(range(17, 23))
    assert np.flatnonzero(changed.any(1)).tolist() == list(range(17, 23))


def test_a_visible_landmark_is_marked_and_a_hidden_one_is_not(frame: Frame, panel: Rig) -> None:
    seen = overlays.draw_rig(frame, panel, rest_pose(panel))
    assert (seen == overlays.LANDMARK_RGB).all(-1).sum() == 1
    behind = SurfacePoints(torch.tensor([2]), panel.landmarks["mediapipe478"].barycentric)
    hidden = replace(panel, landmarks={"mediapipe478": behind})
    picture = overlays.draw_rig(frame, hidden, rest_pose(hidden))
    assert not (picture == overlays.LANDMARK_RGB).all(-1).any()


def test_a_landmark_outside_the_picture_is_left_out(frame: Frame, panel: Rig) -> None:
    away = replace(rest_pose(panel), root_translation=torch.tensor([50.0, 0.0, 0.0]))
    np.testing.assert_array_equal(overlays.draw_rig(frame, panel, away), overlays.draw_matte(frame))


def test_the_mattes_edge_is_drawn_one_pixel_wide(frame: Frame) -> None:
    marked = (overlays.draw_matte(frame) == overlays.MATTE_RGB).all(-1)
    assert marked.sum() == 2 * 25 + 2 * 10 - 4
    assert not marked[6:29, 11:19].any()


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (3, 1, 3), (4, 2, 3)])
def test_a_sheet_has_room_for_all(count: int, rows: int, columns: int) -> None:
    green = (0, 200, 0)  # A colour that black letters on white do not have.
    picture = np.full((20, 40, 3), green, np.uint8)
    captions = [f"frame {i}" for i in range(count)]
    page = overlays.contact_sheet([picture] * count, captions, columns=3, width=60)
    assert page.shape == (rows * (30 + overlays.CAPTION_HEIGHT), columns * 60, 3)
    assert (page == green).all(-1).sum() == count * 60 * 30


def test_spread_keeps_the_ends() -> None:
    assert overlays.spread(range(100), 3) == [0, 50, 99]
    assert overlays.spread([4, 7], 5) == [4, 7]
    assert overlays.spread(range(9), 0) == []


def test_pictures_of_two_shapes_share_a_sheet() -> None:
    high, low = np.zeros((40, 20, 3), np.uint8), np.zeros((10, 20, 3), np.uint8)
    page = overlays.contact_sheet([high, low], ["", ""], width=20)
    assert page.shape == (40 + overlays.CAPTION_HEIGHT, 40, 3)
    assert (page[:40, :20] == 0).all()
    assert (page[10:40, 20:] == 255).all()
