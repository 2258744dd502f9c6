"""An avatar finds its own pose again in its own picture; corrections are calm in time."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.avatars.people import (
    portrait_camera,
    small_avatar,
    talking_poses,
    write_painted_capture,
)

from incarnate.avatars.avatar import render, render_alpha
from incarnate.avatars.head import HeadAvatar, HeadModel
from incarnate.capture.tracks import load_track
from incarnate.errors import AvatarError
from incarnate.geometry.colors import srgb_from_linear
from incarnate.rigs.rig import Pose
from incarnate.rigs.skinning import pose_rig, world_from_rest_joints
from incarnate.train.frames import TrainingFrame
from incarnate.train.pose_alignment import (
    AlignmentSettings,
    align_frame,
    align_track,
    frames_to_look_at,
    landmark_errors,
    smoothed,
)
from incarnate.train.pose_freedom import head_freedom

CAMERA = portrait_camera(64)


@pytest.fixture(scope="module")
def avatar() -> HeadAvatar:
    """Striped, so that every motion shows."""
    avatar = small_avatar(HeadModel(num_codes=4, shadows="off"), 1200)
    stripes = 0.15 + 0.6 * torch.sin(40 * avatar.means.detach() + 1) ** 2
    avatar.albedo_logits.data = torch.logit(stripes)
    return avatar.requires_grad_(False)


def picture(avatar: HeadAvatar, pose: Pose) -> TrainingFrame:
    target = srgb_from_linear(render(avatar, pose, CAMERA)).clamp(0, 1)
    return TrainingFrame(0, CAMERA, target, render_alpha(avatar, pose, CAMERA))


def head_turn(avatar: HeadAvatar, pose: Pose) -> torch.Tensor:
    return world_from_rest_joints(avatar.rig, pose)[avatar.rig.joint_index("head"), :3, :3]


def test_an_avatar_finds_its_pose_in_its_own_picture(avatar: HeadAvatar) -> None:
    freedom, true = head_freedom(avatar.rig), talking_poses(avatar.rig, 12)[2]
    error = torch.zeros(len(freedom))
    # A nod of 3 degrees, a turn of 2 and a shift of 3 mm: what tracking gets wrong.
    error[9], error[10], error[3] = 0.05, 0.035, 0.003
    start = freedom.moved(true, error)
    frame = picture(avatar, true)
    # Nothing but the pose differs, so every pixel counts: the prior hardly pulls.
    settings = AlignmentSettings(correlation=1.0, iterations=6)
    change, _ = align_frame(avatar, start, frame, freedom, settings)
    found = freedom.moved(start, change.float())

    def misfit(pose: Pose) -> float:
        return float((picture(avatar, pose).target - frame.target).square().mean())

    # Shifts and turns look much the same on 64 pixels: the picture is matched closer than the pose.
    assert misfit(found) < 0.05 * misfit(start)
    before = (head_turn(avatar, start) - head_turn(avatar, true)).norm()
    after = (head_turn(avatar, found) - head_turn(avatar, true)).norm()
    assert after < 0.5 * before


def test_smoothing_leaves_straight_lines_and_heeds_what_is_certain() -> None:
    times = torch.arange(9, dtype=torch.float64) / 30
    line = 0.1 * torch.arange(9, dtype=torch.float64)[:, None].expand(9, 2).contiguous()
    sure = torch.eye(2, dtype=torch.float64).expand(9, 2, 2).clone()
    calm = torch.tensor([0.1, 0.1])
    # A line has no acceleration: it stays to rounding.
    assert torch.allclose(smoothed(line, sure, times, calm), line, atol=1e-9)
    kinked = line.clone()
    kinked[4] += 1
    doubted = sure.clone()
    doubted[4] *= 1e-6
    assert float((smoothed(kinked, doubted, times, calm)[4] - line[4]).abs().max()) < 1e-2
    certain = sure.clone()
    certain[4] *= 1e6
    assert float((smoothed(kinked, certain, times, calm)[4] - kinked[4]).abs().max()) < 1e-2


def test_frames_are_looked_at_ten_times_a_second() -> None:
    assert frames_to_look_at(8, 30.0, 10.0) == [0, 3, 6, 7]
    assert frames_to_look_at(7, 24.0, 10.0) == [0, 2, 4, 6]
    assert frames_to_look_at(3, 8.0, 10.0) == [0, 1, 2]
    assert frames_to_look_at(1, 30.0, 10.0) == [0]


def test_a_pose_is_kept_where_none_looks_better(avatar: HeadAvatar) -> None:
    pose = talking_poses(avatar.rig, 12)[2]
    frame = picture(avatar, pose)
    # Another person in the dark: the step that would fit best is far too long.
    strange = replace(frame, target=torch.rand(frame.target.shape).round())
    freedom = head_freedom(avatar.rig)
    change, curvature = align_frame(avatar, pose, strange, freedom, AlignmentSettings())
    tried = align_frame(avatar, pose, frame, freedom, AlignmentSettings())
    assert change.isfinite().all()
    assert curvature.isfinite().all()
    assert float(tried[0].abs().max()) < 1e-6


def test_a_track_is_aligned_in_all_its_frames(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "painted", size=32, num_frames=4)
    track = load_track(capture)
    told: list[int] = []
    aligned = align_track(
        small_avatar(), capture, track, settings=AlignmentSettings(iterations=1, rate=25.0),
        progress=lambda done, total, text: told.append(done),
    )  # fmt: skip
    assert told == [1, 2, 3, 4]
    assert (aligned.poses.root_translation != track.poses.root_translation).any(-1).all()
    assert torch.equal(aligned.poses.expression, track.poses.expression)
    assert aligned.rig is track.rig


def test_landmarks_are_compared_in_pixels(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "painted", size=32, num_frames=4)
    track, camera = load_track(capture), capture.cameras[0]
    assert torch.equal(landmark_errors(track, camera), track.residuals)
    points = track.rig.landmarks["mediapipe478"]
    posed = pose_rig(track.rig, track.poses).vertices
    seen = camera.project(points.on(posed, track.rig.faces))
    seen[2] += torch.tensor([3.0, -4.0])
    errors = landmark_errors(replace(track, observations={"landmarks": seen}), camera)
    # Pixels of a 32-pixel picture in float32.
    assert torch.allclose(errors, torch.tensor([0.0, 0.0, 5.0, 0.0]), atol=1e-4)


def test_the_avatar_of_another_rig_is_refused(tmp_path: Path) -> None:
    capture = write_painted_capture(tmp_path / "painted", size=32, num_frames=4)
    track = load_track(capture)
    other = replace(track, rig=replace(track.rig, vertices=1.1 * track.rig.vertices))
    with pytest.raises(AvatarError, match="was not trained on the track"):
        align_track(small_avatar(), capture, other)
