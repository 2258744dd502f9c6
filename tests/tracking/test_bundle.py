"""Bundle adjustment: it finds what all frames share, and its step is that of the whole system."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from tests.tracking.heads import packed, seen_head

from incarnate.tracking.bundle import (
    FocalPrior,
    SharedFit,
    SharedProblem,
    fit_shared,
    with_focal,
)
from incarnate.tracking.evidence import Evidence
from incarnate.tracking.head_model import landmark_model
from incarnate.tracking.head_priors import head_prior


def problem_and_truth(
    focal_spread: float = 0.5, expected_focal: float = 800.0
) -> tuple[SharedProblem, SharedFit]:
    head = seen_head(8, focal=1000.0)
    points = torch.from_numpy(head.pixels)
    prior = head_prior(head.rig, head.seen.times, head.seen.scores, head.seen.score_names)
    truth = packed(head.pose)
    # Nothing is expected of poses but the truth: what is tested is the solver.
    prior = replace(prior, mean=truth)
    problem = SharedProblem(
        landmark_model(head.rig, head.rig.landmarks["mediapipe478"]),
        head.camera.to(torch.float64),
        Evidence(points, torch.ones(points.shape[:2]).double(), sigma=0.5),
        prior,
        FocalPrior(expected_focal, focal_spread),
    )
    none = torch.zeros(len(problem.model.by_identity), dtype=torch.float64)
    return problem, SharedFit(none, 800.0, truth)


def test_the_person_and_the_lens_are_found() -> None:
    problem, start = problem_and_truth()
    fit = fit_shared(problem, start, iterations=15)
    model, camera = problem.at(fit)
    pixels = camera.project(model.points(fit.parameters))
    # Without noise the landmarks are met within a tenth of what a detector errs.
    assert float((pixels - problem.evidence.points).norm(dim=-1).mean()) < 0.1
    # Priors pull a little: on the lens by 0.22 / 0.5 of a standard deviation.
    assert fit.focal == pytest.approx(1000, rel=0.06)
    assert problem.cost(fit) < 0.01 * problem.cost(start)


def test_every_step_lowers_the_cost_and_is_reported() -> None:
    problem, start = problem_and_truth()
    costs, told = [problem.cost(start)], []
    fit = start
    for _ in range(3):
        fit = fit_shared(problem, fit, iterations=1, report=told.append)
        costs.append(problem.cost(fit))
    assert told == [1, 1, 1]
    assert all(b <= a for a, b in pairwise(costs))


def test_a_sure_expectation_of_the_lens_is_kept() -> None:
    problem, start = problem_and_truth(focal_spread=1e-4)
    assert fit_shared(problem, start, iterations=4).focal == pytest.approx(800, rel=1e-3)


def test_the_step_solves_the_undivided_system() -> None:
    problem, start = problem_and_truth()
    equations = problem.equations(start)
    assert equations.mixed is not None
    assert equations.shared_hessian is not None
    assert equations.shared_gradient is not None
    frames, width = start.parameters.shape
    blocks = torch.block_diag(*equations.hessian)
    corner = equations.mixed.flatten(0, 1)
    whole = torch.cat(
        [torch.cat([blocks, corner], 1), torch.cat([corner.T, equations.shared_hessian], 1)]
    )
    right = torch.cat([equations.gradient.flatten(), equations.shared_gradient])
    step = torch.linalg.solve(whole, right)
    fit = fit_shared(problem, start, iterations=1)
    taken = (start.parameters - fit.parameters).flatten()
    # The solver damps by a millionth of the diagonal, which matters along the flattest directions.
    torch.testing.assert_close(taken, step[: frames * width], atol=2e-3, rtol=0.02)
    torch.testing.assert_close(-fit.identity, step[frames * width + 1 :], atol=2e-2, rtol=0.02)


def test_another_focal_length_leaves_the_rest() -> None:
    camera = seen_head(2).camera
    other = with_focal(camera, 123.0)
    assert other.intrinsics[0, 0] == other.intrinsics[1, 1] == 123
    assert torch.equal(other.intrinsics[:2, 2], camera.intrinsics[:2, 2])
    assert camera.intrinsics[0, 0] == 900
