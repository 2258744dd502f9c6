import pytest
import torch
from tests.avatars.moving_bodies import ring_of_cameras, small_body, waving_poses
from tests.avatars.tiny_networks import awake

from incarnate.avatars.avatar import render
from incarnate.avatars.body import BodyAvatar, BodyCondition
from incarnate.avatars.body_model import BodyModel
from incarnate.avatars.distilled import DistilledModel
from incarnate.errors import AvatarError
from incarnate.rigs.rig import Pose
from incarnate.train.body_distillation import BodyDistillation, distil_body

MODEL = DistilledModel(num_components=16, hidden=32, steps=300)
CAMERA = next(iter(ring_of_cameras(1).values()))


@pytest.fixture(scope="module")
def poses() -> Pose:
    return waving_poses(small_body().rig, 41)


@pytest.fixture(scope="module")
def body() -> BodyAvatar:
    body = small_body()
    awake(body)
    return body.requires_grad_(False)


@pytest.fixture(scope="module")
def conditions(body: BodyAvatar, poses: Pose) -> list[BodyCondition]:
    # Without a past: each is held.
    return [body.condition(pose) for pose in poses]


@pytest.fixture(scope="module")
def found(body: BodyAvatar, conditions: list[BodyCondition]) -> BodyDistillation:
    return distil_body(body, conditions[::2], MODEL, num_mixed=60)


def test_poses_between_those_of_the_fit_are_painted_as_in_full(
    body: BodyAvatar, conditions: list[BodyCondition], found: BodyDistillation
) -> None:
    assert found.num_poses == 21 + 60
    assert 0.97 < found.variance_explained <= found.variance_kept
    body.distilled = found.painter
    full = torch.stack([body.painted(condition) for condition in conditions[1::2]])
    body.decoder = "distilled"
    fast = torch.stack([body.painted(condition) for condition in conditions[1::2]])
    body.decoder = "full"
    missed = (fast - full).square().mean((0, 1))
    # A smooth path, asked for at every other pose: a twentieth of the variance is left at most.
    assert bool((missed < 0.05 * full.var(0, correction=0).mean(0)).all())


def test_a_picture_needs_no_condition(
    body: BodyAvatar, poses: Pose, conditions: list[BodyCondition], found: BodyDistillation
) -> None:
    body.distilled, body.decoder = found.painter, "distilled"
    picture = render(body, poses[5], CAMERA)
    splats = body.splat(poses[5], CAMERA, condition=conditions[5])
    body.decoder = "full"
    # Both ways tell the decoder the same signature.
    assert torch.equal(splats.means, _distilled_means(body, poses[5]))
    assert float((picture - render(body, poses[5], CAMERA)).abs().mean()) < 0.01


def test_equal_seeds_give_equal_painters(
    body: BodyAvatar, conditions: list[BodyCondition], found: BodyDistillation
) -> None:
    again = distil_body(body, conditions[::2], MODEL, num_mixed=60)
    state = again.painter.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in found.painter.state_dict().items())


def test_a_static_body_has_nothing_to_distil(conditions: list[BodyCondition]) -> None:
    body = small_body(BodyModel(map_size=64, dependence="static", network=None, key_poses=0))
    with pytest.raises(AvatarError, match="--dependence posed"):
        distil_body(body, conditions, MODEL)


def _distilled_means(body: BodyAvatar, pose: Pose) -> torch.Tensor:
    body.decoder = "distilled"
    splats = body.splat(pose, CAMERA)
    body.decoder = "full"
    return splats.means
