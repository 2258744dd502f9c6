from dataclasses import replace

import pytest
import torch
from tests.avatars.moving_bodies import SMALL_BODY, ring_of_cameras, small_body, waving_poses
from tests.avatars.tiny_networks import awake

from incarnate.avatars.avatar import Avatar, render, render_alpha
from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.pose_changes import decode_changes
from incarnate.geometry.rotations import matrix_from_axis_angle
from incarnate.geometry.transforms import rigid_transform, transform_points
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.light.environment import Environment
from incarnate.rigs.moments import moment
from incarnate.rigs.rig import Pose, rest_pose
from incarnate.rigs.skinning import pose_rig


@pytest.fixture(scope="module")
def body() -> BodyAvatar:
    return small_body()


@pytest.fixture(scope="module")
def poses(body: BodyAvatar) -> Pose:
    return waving_poses(body.rig, 4)


TIMES = (0.0, 0.1, 0.2, 0.3)
CAMERA = next(iter(ring_of_cameras(1, 96).values()))


def test_is_an_avatar(body: BodyAvatar) -> None:
    assert isinstance(body, Avatar)


@torch.no_grad()
def test_before_training_it_covers_the_posed_rig(body: BodyAvatar, poses: Pose) -> None:
    alpha = render_alpha(body, poses[1], CAMERA) > 0.5
    mesh = rasterize_mesh(pose_rig(body.rig, poses[1]).vertices, body.rig.faces, CAMERA).covered
    overlap = (alpha & mesh).sum() / (alpha | mesh).sum()
    # Splats of 3 cm stand out by a pixel of 2 cm all around a body of 250 pixels.
    assert overlap > 0.65


@torch.no_grad()
def test_normals_point_out_of_the_posed_body(body: BodyAvatar, poses: Pose) -> None:
    splats = body.splat(poses[0], CAMERA)
    transforms = pose_rig(body.rig, poses[0]).world_from_rest
    middle = transform_points(transforms[0], body.rig.joints[:1])[0]
    away = torch.nn.functional.normalize(splats.means - middle, dim=-1)
    # Most of a body faces away from its pelvis; turned inside out, it would face it.
    assert ((splats["normal"] * away).sum(-1) > 0).float().mean() > 0.8


@torch.no_grad()
def test_a_moved_root_moves_the_splats_rigidly(body: BodyAvatar, poses: Pose) -> None:
    awake(body)
    pose = poses[2]
    turn, shift = torch.tensor([0.0, 0.7, 0.0]), torch.tensor([0.3, 0.1, -0.2])
    rotation = matrix_from_axis_angle(turn)
    straight = replace(pose, root_rotation=torch.zeros(3), root_translation=torch.zeros(3))
    moved = replace(straight, root_rotation=turn, root_translation=shift)
    pivot = body.rig.joints[0]
    world = rigid_transform(rotation, pivot + shift - rotation @ pivot)
    before, after = body.splat(straight, CAMERA), body.splat(moved, CAMERA)
    # The condition is in the root's frame, so that changes turn with the body: to float32's noise.
    torch.testing.assert_close(
        after.means, transform_points(world, before.means), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(after["normal"], before["normal"] @ rotation.T, atol=1e-4, rtol=0)


@torch.no_grad()
def test_only_a_posed_body_changes_with_its_pose(poses: Pose) -> None:
    for dependence in ("posed", "static"):
        body = small_body(replace(SMALL_BODY, dependence=dependence))
        awake(body)
        still, raised = body.splat(poses[0], CAMERA), body.splat(poses[2], CAMERA)
        changed = (still.log_scales - raised.log_scales).abs().max() > 0
        assert bool(changed) == (dependence == "posed")


@torch.no_grad()
def test_recalls_the_poses_it_has_keys_for(poses: Pose) -> None:
    body = small_body(replace(SMALL_BODY, network=None))
    assert body.memory is not None
    body.memory.fields[1, :, 3] = 1.0
    conditions = body.conditions(poses, TIMES)
    moved = [decode_changes(body.painted(c)).offsets[:, 0].mean() for c in conditions]
    assert moved[1] == max(moved)
    assert moved[1] > 0.01


@torch.no_grad()
def test_history_tells_motion_from_rest(poses: Pose) -> None:
    body = small_body(replace(SMALL_BODY, history=(0.1,), network=None))
    moving, held = body.conditions(poses, TIMES)[2], body.condition(poses[2])
    assert not torch.allclose(moving.signature, held.signature, atol=1e-4)
    # A single pose that remembers its past says the same as the frame of the clip.
    remembered = body.condition(moment(poses, TIMES, 2))
    torch.testing.assert_close(remembered.signature, moving.signature)


def test_gradients_reach_everything_that_training_changes(poses: Pose) -> None:
    body = small_body()
    awake(body)
    render(body, poses[1], CAMERA).square().sum().backward()
    without = [name for name, value in body.named_parameters() if value.grad is None]
    assert not without
    assert all(bool(value.grad.isfinite().all()) for value in body.parameters())  # pyright: ignore


@torch.no_grad()
def test_relights_and_bakes(poses: Pose) -> None:
    body = small_body()
    dark = Environment(torch.full((4, 8, 3), 0.1))
    lit = render(body, poses[0], CAMERA).sum()
    assert render(body, poses[0], CAMERA, dark).sum() < 0.3 * lit
    baked = small_body(replace(SMALL_BODY, shading="baked"))
    torch.testing.assert_close(
        render(baked, poses[0], CAMERA, dark), render(baked, poses[0], CAMERA)
    )


@torch.no_grad()
def test_stands_at_rest(body: BodyAvatar) -> None:
    splats = body.splat(rest_pose(body.rig), CAMERA)
    assert bool(splats.means.isfinite().all())
    assert splats.means[:, 1].min() > -0.2


@torch.no_grad()
def test_a_far_pose_is_told_and_projected(poses: Pose) -> None:
    body = small_body()
    awake(body)
    seen = body.conditions(poses, TIMES)
    assert body.pose_distance(seen[0]) is None
    body.learn_poses(seen)
    folded = replace(poses[0], joint_rotations=poses[0].joint_rotations + 0.6)
    near, far = (body.pose_distance(c) for c in (seen[1], body.condition(folded)))
    assert near is not None
    assert far is not None
    assert far > 10 * max(near, 1.0)
    condition, space = body.condition(folded), body.pose_space
    assert space is not None
    plain, remembered = body.painted_maps(condition)
    body.projects = True
    projected, recalled = body.painted_maps(condition)
    assert (projected - plain).abs().max() > 1e-3
    # The memory sees the true pose, as skinning does.
    assert torch.equal(recalled, remembered)
    nearest = replace(condition, maps=space.project(condition.maps))
    torch.testing.assert_close(next(body.painted_maps(nearest)), projected)
    distance = body.pose_distance(nearest)
    assert distance is not None
    assert distance < 0.1 * far
