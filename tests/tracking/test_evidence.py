"""Landmarks as evidence: a robust cost, its gradient, and curvature that never misleads."""

from dataclasses import replace

import pytest
import torch
from tests.tracking.heads import packed, seen_head
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.tracking.evidence import (
    Evidence,
    normal_equations,
    project_frames,
    sum_of,
)
from incarnate.tracking.head_model import LandmarkModel, landmark_model

Scene = tuple[LandmarkModel, Tensor, Camera, Evidence]


@pytest.fixture(scope="module")
def scene() -> Scene:
    # More than one chunk of 32 frames.
    head = seen_head(35, noise=2.0, shape_spread=0.0)
    points = torch.from_numpy(head.seen.points[..., :2])
    weights = torch.linspace(0.1, 1, points.shape[1]).double().expand(points.shape[:2])
    model = landmark_model(head.rig, head.rig.landmarks["mediapipe478"])
    evidence = Evidence(points, weights, sigma=1.5)
    return model, packed(head.pose), head.camera.to(torch.float64), evidence


def test_the_cost_is_quadratic_then_linear() -> None:
    points = torch.zeros(1, 1, 2).double()
    evidence = Evidence(points, torch.ones(1, 1).double(), sigma=2.0, knee=2.5)
    costs = [evidence.cost(torch.tensor([[[x, 0.0]]]).double()).item() for x in (1, 4, 5, 7, 9)]
    assert costs[:2] == pytest.approx([0.5 * 0.25, 0.5 * 4])
    assert costs[2] == pytest.approx(0.5 * 2.5**2)
    assert costs[4] - costs[3] == pytest.approx(2.5)  # the knee's slope for two pixels, one sigma


def test_the_gradient_is_that_of_the_cost(scene: Scene) -> None:
    model, parameters, camera, evidence = scene
    equations = normal_equations(model, parameters, camera, evidence)
    with torch.enable_grad():
        leaf = parameters.clone().requires_grad_()
        cost = evidence.cost(project_frames(model, leaf, camera))
        (expected,) = torch.autograd.grad(cost.sum(), leaf)
    torch.testing.assert_close(equations.cost, cost.detach())
    torch.testing.assert_close(equations.gradient, expected, atol=1e-6, rtol=1e-8)


def test_the_shared_gradient_is_that_of_the_cost(scene: Scene) -> None:
    model, parameters, camera, evidence = scene
    few = slice(0, 3)
    equations = normal_equations(model, parameters[few], camera, evidence[few], shared=True)
    assert equations.shared_gradient is not None
    with torch.enable_grad():
        identity = torch.zeros(len(model.by_identity)).double().requires_grad_()
        log_focal = torch.zeros(()).double().requires_grad_()
        intrinsics = camera.intrinsics.clone()
        intrinsics[[0, 1], [0, 1]] *= log_focal.exp()
        lens = replace(camera, intrinsics=intrinsics)
        points = project_frames(model.with_identity(identity), parameters[few], lens)
        by_focal, by_identity = torch.autograd.grad(
            evidence[few].cost(points).sum(), [log_focal, identity]
        )
    expected = torch.cat([by_focal[None], by_identity])
    torch.testing.assert_close(equations.shared_gradient, expected, atol=1e-6, rtol=1e-8)


def test_the_blocks_make_one_positive_matrix(scene: Scene) -> None:
    model, parameters, camera, evidence = scene
    equations = normal_equations(model, parameters[:1], camera, evidence[:1], shared=True)
    assert equations.mixed is not None
    assert equations.shared_hessian is not None
    top = torch.cat([equations.hessian[0], equations.mixed[0]], 1)
    bottom = torch.cat([equations.mixed[0].T, equations.shared_hessian], 1)
    whole = torch.cat([top, bottom])
    torch.testing.assert_close(whole, whole.T)
    eigenvalues = torch.linalg.eigvalsh(whole)
    # A sum of squares: negative by rounding alone.
    assert float(eigenvalues[0]) > -1e-9 * float(eigenvalues[-1])


def test_chunks_do_not_change_the_result(scene: Scene) -> None:
    model, parameters, camera, evidence = scene
    whole = normal_equations(model, parameters, camera, evidence, shared=True)
    order = [slice(0, 10), slice(10, 35)]
    parts = [
        normal_equations(model, parameters[p], camera, evidence[p], shared=True) for p in order
    ]
    torch.testing.assert_close(whole.gradient, torch.cat([part.gradient for part in parts]))
    assert whole.shared_hessian is not None
    torch.testing.assert_close(
        whole.shared_hessian, sum_of([part.shared_hessian for part in parts])
    )
