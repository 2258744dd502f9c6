"""A watched body looks as it does unwatched, and says how strange its poses were."""

from dataclasses import replace

import pytest
import torch
from tests.avatars.moving_bodies import ring_of_cameras, small_body, waving_poses

from incarnate.avatars.avatar import render
from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.watched_body import WatchedBody
from incarnate.rigs.moments import moments
from incarnate.rigs.rig import Pose

CAMERA = ring_of_cameras(1, 32)["cam00"]


@pytest.fixture
def body() -> BodyAvatar:
    body = small_body().requires_grad_(False).eval()
    assert body.network is not None
    for parameter in body.network.parameters():
        parameter += 0.1 * torch.randn_like(parameter)
    return body


@pytest.fixture
def poses(body: BodyAvatar) -> list[Pose]:
    """Four poses of the training, and one that is far from it."""
    known = waving_poses(body.rig, 4)
    folded = replace(known[1], joint_rotations=known[1].joint_rotations + 0.6)
    return [*moments(known, 10.0), folded]


@pytest.mark.parametrize("projects", [False, True])
@torch.no_grad()
def test_pictures_are_the_same_and_distances_those_of_the_true_poses(
    body: BodyAvatar, poses: list[Pose], projects: bool
) -> None:
    body.learn_poses([body.condition(pose) for pose in poses[:4]])
    body.projects = projects
    watched = WatchedBody(body)
    for pose in poses:
        assert torch.equal(render(watched, pose, CAMERA), render(body, pose, CAMERA))
    assert watched.distances == [body.pose_distance(body.condition(pose)) for pose in poses]
    assert watched.distances[4] > 10 * max(*watched.distances[:4], 1.0)
    assert watched.rig is body.rig


@torch.no_grad()
def test_a_body_that_knows_no_poses_tells_no_distance(body: BodyAvatar, poses: list[Pose]) -> None:
    watched = WatchedBody(body)
    render(watched, poses[0], CAMERA)
    assert watched.distances == []
