"""Crops follow the head and not the mouth, and resample without aliasing."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.people import portrait_camera, talking_poses, write_painted_capture

from incarnate.avatars.crops import (
    RIGID_LANDMARKS,
    CropBoxes,
    boxes_around,
    crop_boxes,
    crop_frame,
    low_passed,
    read_crop,
)
from incarnate.capture.capture import Capture, Frame
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError
from incarnate.geometry.colors import bytes_from_linear
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.skinning import pose_rig


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    return write_painted_capture(tmp_path_factory.mktemp("painted") / "capture")


def test_a_box_does_not_shrink_as_the_head_turns() -> None:
    rest = torch.rand(20, 3) * 0.1
    angles = torch.tensor([[0.0, 0.0, 0.0], [0.2, 0.9, 0.1], [0.0, -0.7, 0.4]])
    turned = rest @ matrix_from_axis_angle(angles).mT
    seen = 800 * turned[..., :2] * torch.tensor([1.0, -1.0]) + 50
    _, sides = boxes_around(rest, seen)
    # Without perspective the fit is exact; float32 pixels.
    torch.testing.assert_close(sides, sides[:1].expand(3), rtol=1e-4, atol=0.0)


def test_the_mouth_does_not_move_the_box(capture: Capture) -> None:
    track = load_track(capture)
    silent = talking_poses(track.rig, 8)
    joints = silent.joint_rotations.clone()
    joints[:, track.rig.joint_index("jaw") - 1] = 0
    silent = replace(silent, joint_rotations=joints, expression=0 * silent.expression)
    ours, theirs = crop_boxes(capture, track), crop_boxes(capture, replace(track, poses=silent))
    assert torch.equal(ours.centers, theirs.centers)
    assert torch.equal(ours.sides, theirs.sides)


def test_detected_landmarks_place_the_box_where_the_track_has_them(capture: Capture) -> None:
    track = load_track(capture)
    rig, camera = track.rig, capture.cameras[0]
    vertices = torch.stack([pose_rig(rig, track.poses[i]).vertices for i in range(8)])
    seen = camera.project(rig.landmarks["mediapipe478"].on(vertices, rig.faces))
    detected = torch.cat([seen, seen[..., :1]], -1)
    shifted = detected + torch.tensor([5.0, -3.0, 0.0])
    boxes = [
        crop_boxes(capture, replace(track, observations={"landmarks": points}))
        for points in (detected, shifted)
    ]
    # Sums of float32 pixels.
    torch.testing.assert_close(
        boxes[1].centers - boxes[0].centers,
        torch.tensor([[5.0, -3.0]]).expand(8, 2),
        atol=1e-3,
        rtol=0.0,
    )
    # Other expressions stretch the skin a little where the points are; the box hardly sees it.
    projected = crop_boxes(capture, track)
    assert (boxes[0].centers - projected.centers).abs().max() < 1.0


def test_a_low_pass_keeps_what_is_constant_and_calms_the_rest() -> None:
    still = torch.full((9, 2), 3.0)
    torch.testing.assert_close(low_passed(still, 4.0), still)
    noise = torch.randn(200, 1)
    assert low_passed(noise, 3.0).std() < 0.5 * noise.std()
    torch.testing.assert_close(low_passed(noise, 0.0), noise)


def test_a_crop_of_whole_pixels_is_the_picture_and_black_beyond() -> None:
    image = torch.rand(12, 12, 3)
    frame = Frame(0, 0.0, portrait_camera(12), image, torch.ones(12, 12))
    crop = crop_frame(frame, torch.tensor([6.0, 6.0]), 12.0, 12, margin=2)
    whole = crop_frame(frame, torch.tensor([6.0, 6.0]), 12.0, 12)
    assert (crop[2:-2, 2:-2] == whole).all()
    assert (crop[:2] == 0).all()
    assert (crop[:, -2:] == 0).all()
    small = crop_frame(frame, torch.tensor([6.0, 6.0]), 12.0, 3)
    mean = image.reshape(3, 4, 3, 4, 3).mean((1, 3))
    # A rounded byte may fall on either side.
    assert abs(small.astype(int) - bytes_from_linear(mean).astype(int)).max() <= 1


def test_crops_of_a_capture_show_the_face(capture: Capture) -> None:
    boxes = crop_boxes(capture, load_track(capture))
    crop = read_crop(capture, boxes, 2, 32, 4)
    assert crop.shape == (40, 40, 3)
    assert (crop[12:28, 12:28].max(-1) > 0).all()
    assert isinstance(boxes, CropBoxes)
    assert len(boxes.sides) == 8


def test_a_rig_without_landmarks_is_refused(capture: Capture) -> None:
    track = load_track(capture)
    bare = replace(track, rig=replace(track.rig, landmarks={}))
    with pytest.raises(AvatarError, match=r"no landmarks 'mediapipe478'.*tracked expressions"):
        crop_boxes(capture, bare)


def test_rigid_landmarks_hardly_move_with_any_expression() -> None:
    rig = default_head_rig()
    points = rig.landmarks["mediapipe478"]
    moved = points.on(rig.expression_basis, rig.faces).norm(dim=-1)
    rigid = moved[:, list(RIGID_LANDMARKS)]
    # The sides of the nose, and the inner corners of the eyes, do move a little.
    assert rigid.mean() < 0.4 * moved.mean()
