"""The landmark model: it is the rig's own posing, and its derivatives are those of that."""

import pytest
import torch
from tests.tracking.heads import packed, random_parameters, seen_head, talking
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.skinning import pose_rig
from incarnate.tracking.bundle import with_focal
from incarnate.tracking.head_model import LandmarkModel, landmark_model, linearize

STEP = 1e-6
# Central differences in double precision are good to about step² and rounding / step.
TOLERANCE = 2e-4


@pytest.fixture(scope="module")
def model() -> LandmarkModel:
    rig = default_head_rig()
    return landmark_model(rig, rig.landmarks["mediapipe478"])


@pytest.fixture(scope="module")
def camera() -> Camera:
    return seen_head(2).camera.to(torch.float64)


def test_landmarks_are_those_of_the_posed_rig(model: LandmarkModel) -> None:
    rig = default_head_rig()
    pose = talking(rig, 5)
    expected = rig.landmarks["mediapipe478"].on(pose_rig(rig, pose).vertices, rig.faces)
    # The rig is in single precision: a micrometre or two on 1.5 m.
    torch.testing.assert_close(model.points(packed(pose)).float(), expected, atol=2e-6, rtol=0)


def test_identity_moves_landmarks_and_joints_as_the_rig_does(
    model: LandmarkModel, generator: torch.Generator
) -> None:
    rig = default_head_rig()
    shape = torch.randn(len(rig.shape_names), generator=generator)
    person, pose = rig.with_identity(shape), talking(rig, 3)
    expected = person.landmarks["mediapipe478"].on(pose_rig(person, pose).vertices, rig.faces)
    found = model.with_identity(shape.double()).points(packed(pose))
    # Single precision in the rig, a little more for the sum over shapes.
    torch.testing.assert_close(found.float(), expected, atol=5e-6, rtol=0)


def test_packing_is_undone_by_unpacking(model: LandmarkModel, generator: torch.Generator) -> None:
    parameters = random_parameters(model.rig, 4, generator)
    assert torch.equal(model.pack(model.unpack(parameters)), parameters)
    assert parameters.shape[1] == model.num_parameters


def test_the_derivative_by_pose_is_that_of_finite_differences(
    model: LandmarkModel, camera: Camera, generator: torch.Generator
) -> None:
    parameters = random_parameters(model.rig, 2, generator)
    linear = linearize(model, parameters, camera)
    torch.testing.assert_close(linear.pixels, camera.project(model.points(parameters)))
    for index in range(model.num_parameters):
        change = torch.zeros_like(parameters)
        change[:, index] = STEP
        ahead = camera.project(model.points(parameters + change))
        behind = camera.project(model.points(parameters - change))
        close(linear.by_pose[..., index], (ahead - behind) / (2 * STEP))


def test_the_derivative_by_identity_and_focal_length_is_that_of_finite_differences(
    model: LandmarkModel, camera: Camera, generator: torch.Generator
) -> None:
    parameters = random_parameters(model.rig, 2, generator)
    linear = linearize(model, parameters, camera, shared=True)
    assert linear.by_shared is not None
    num_shapes = len(model.by_identity)
    assert linear.by_shared.shape[-1] == 1 + num_shapes

    def at(identity: Tensor, log_focal: float = 0.0) -> Tensor:
        lens = with_focal(camera, float(camera.intrinsics[0, 0] * torch.tensor(log_focal).exp()))
        return lens.project(model.with_identity(identity).points(parameters))

    none = torch.zeros(num_shapes, dtype=torch.float64)
    close(linear.by_shared[..., 0], (at(none, 1e-4) - at(none, -1e-4)) / 2e-4)
    for index in range(num_shapes):
        change = none.clone()
        change[index] = STEP
        close(linear.by_shared[..., 1 + index], (at(change) - at(-change)) / (2 * STEP))


def close(found: Tensor, expected: Tensor) -> None:
    scale = max(1.0, float(expected.abs().max()))
    assert float((found - expected).abs().max()) < TOLERANCE * scale
